"""Titles, summaries and headings as questions."""

from collections.abc import Collection, Mapping, Sequence

from rag.domain import Document, Passage
from retrain.dataset.pairs import PassagesOf
from retrain.dataset.sources.documents import mine_documents


def _document(uri: str, text: str, title: str = "", **metadata: str) -> Document:
    return Document.create(uri=uri, text=text, title=title, metadata=metadata)


def _of(*passages: Passage) -> PassagesOf:
    def passages_of(ids: Collection[str]) -> Mapping[str, Sequence[Passage]]:
        found: dict[str, list[Passage]] = {}
        for passage in passages:
            if passage.document_id in ids:
                found.setdefault(passage.document_id, []).append(passage)
        return found

    return passages_of


def test_titles_summaries_and_headings_become_questions() -> None:
    """Each stands with the passage it stands over, and is cut out of what is embedded."""
    text = (
        "# Travel to Norway\nYou need a visa for a longer stay.\n\n"
        "## How to apply for one\nFill in the long form and send it by post.\n\n"
        "## Fees\nIt costs eighty euros for everybody.\n\n"
        "```\n# this is only a comment\n```\n"
    )
    document = _document("n", text, "Travel to Norway", summary="Rules for people who visit Norway")
    first = Passage.create(document, 0, text[: text.index("## How")])
    second = Passage.create(document, 1, text[text.index("## How") :])
    mined = mine_documents([document], _of(first, second), limit=10, seed=1)
    assert [(pair.question, pair.passage_id) for pair in mined.pairs] == [
        ("Rules for people who visit Norway", first.id),
        ("Travel to Norway", first.id),
        ("How to apply for one", second.id),
    ]
    assert mined.pairs[1].passage_text == "You need a visa for a longer stay."
    assert "How to apply" not in mined.pairs[2].passage_text
    assert mined.dropped == {"a mere name": 1}


def test_mere_names_are_no_questions_but_titles_of_two_words_are() -> None:
    """A one-word title says too little to ask by."""
    documents = [_document("a", "x", "Asthma"), _document("b", "x", "Asthma attack")]
    passages = [Passage.create(d, 0, f"Text about it in a few words, {d.uri}.") for d in documents]
    mined = mine_documents(documents, _of(*passages), limit=10, seed=1)
    assert [pair.question for pair in mined.pairs] == ["Asthma attack"]


def test_headings_of_many_documents_say_nothing() -> None:
    """What stands over more than three documents is no question."""
    documents = [
        _document(f"d{n}", f"# See also the notes\nText number {n} in a few words.") for n in range(4)
    ]
    passages = [Passage.create(d, 0, d.text) for d in documents]
    mined = mine_documents(documents, _of(*passages), limit=10, seed=1)
    assert mined.pairs == ()
    assert mined.dropped == {"stands over several documents": 4}


def test_documents_are_mined_up_to_the_limit_in_the_seeds_order() -> None:
    """The limit counts passages; another seed takes other documents; the same seed the same."""
    documents = [_document(f"d{n}", "x", f"Title number {n}") for n in range(30)]
    passages = [Passage.create(d, 0, "Some text of a few more words here.") for d in documents]
    chosen = [
        [pair.question for pair in mine_documents(documents, _of(*passages), limit=5, seed=seed).pairs]
        for seed in (1, 1, 2)
    ]
    assert len(chosen[0]) == 5
    assert chosen[0] == chosen[1]
    assert chosen[0] != chosen[2]


def test_the_end_of_a_title_in_parts_is_a_question_too() -> None:
    """A title that leads from the whole to the part gives both; a hyphen within a word parts nothing."""
    titles = [
        "Visas for families - What does it cost to apply?",
        "Follow-up visits to the clinic",
        "Forms | A-Z",
    ]
    documents = [_document(f"d{n}", "x", title) for n, title in enumerate(titles)]
    passages = [Passage.create(d, 0, "Some text of a few more words here.") for d in documents]
    mined = mine_documents(documents, _of(*passages), limit=10, seed=1)
    assert {(pair.kind, pair.question) for pair in mined.pairs} == {
        ("title", titles[0]),
        ("end of a title", "What does it cost to apply?"),
        ("title", titles[1]),
        ("title", titles[2]),
    }
    assert mined.dropped == {"a mere name": 1}


def test_documents_that_are_to_be_cured_come_first() -> None:
    """The limit then leaves out others, whatever the seed says."""
    documents = [_document(f"d{n}", "x", f"Rules about matter {n}") for n in range(20)]
    passages = [
        Passage.create(document, 0, f"Text about it in a few words, {document.uri}.")
        for document in documents
    ]
    wanted = {documents[3].id, documents[17].id}
    for seed in range(5):
        mined = mine_documents(documents, _of(*passages), limit=2, seed=seed, first=wanted)
        assert wanted == {pair.document_id for pair in mined.pairs}
