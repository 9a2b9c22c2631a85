"""Questions from the log, the documents, a language model and labels."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rag.domain import (
    Document,
    Feedback,
    Interaction,
    InteractionStatus,
    LabelledQuestion,
    Passage,
    Purpose,
)
from rag.errors import UpstreamFailed, UpstreamTimeout
from retrain.dataset.mining import PassagesOf, mine_documents, mine_labels, mine_llm, mine_log
from retrain.domain import Origin

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _document(uri: str, text: str, title: str = "", **metadata: str) -> Document:
    return Document.create(uri=uri, text=text, title=title, metadata=metadata)


def _passage(uri: str, text: str = "Some text of a few more words here.", tenant: str = "default") -> Passage:
    return Passage.create(Document.create(uri=uri, text=text, tenant=tenant), 0, text)


def _of(*passages: Passage) -> PassagesOf:
    def passages_of(ids: Collection[str]) -> Mapping[str, Sequence[Passage]]:
        found: dict[str, list[Passage]] = {}
        for passage in passages:
            if passage.document_id in ids:
                found.setdefault(passage.document_id, []).append(passage)
        return found

    return passages_of


def _asked(number: int, question: str = "", *, by: str = "ann", cited: tuple[str, ...] = ()) -> Interaction:
    return Interaction(
        id=f"i{number}",
        tenant="default",
        principal=by,
        asked_at=_START + timedelta(minutes=number),
        question=question or f"question number {number}",
        hits=(),
        answer="",
        cited=cited,
        release="r",
        epoch=1,
        generator="",
        status=InteractionStatus.ANSWERED,
    )


def _said(
    on: Interaction,
    *,
    by: str = "",
    rating: int | None = None,
    clicked: str | None = None,
    corrected: str | None = None,
) -> Feedback:
    return Feedback(
        id="f",
        interaction_id=on.id,
        tenant=on.tenant,
        principal=by or on.principal,
        given_at=on.asked_at,
        rating=rating,
        clicked_passage=clicked,
        corrected_passage=corrected,
    )


def test_what_people_confirmed_becomes_pairs() -> None:
    """A correction goes before a click, a click before the first source of a good answer."""
    one, two, three = (_passage(name) for name in "abc")
    by_id = {p.id: p for p in (one, two, three)}
    asked = [_asked(n, cited=(one.id, two.id)) for n in range(3)]
    mined = mine_log(
        asked,
        {
            "i0": [_said(asked[0], rating=-1, clicked=two.id, corrected=three.id)],
            "i1": [_said(asked[1], rating=1, clicked=two.id)],
            "i2": [_said(asked[2], rating=1)],
        },
        by_id,
        principal_share=1.0,
    )
    assert [pair.passage_id for pair in mined.pairs] == [three.id, two.id, one.id]
    assert {pair.origin for pair in mined.pairs} == {Origin.LOG}
    assert {pair.principal for pair in mined.pairs} == {"ann"}


def test_a_bad_rating_gives_no_pair() -> None:
    """Whoever rates an answer bad confirms none of its passages, opened or cited, and is counted."""
    passage = _passage("a")
    asked = _asked(0, cited=(passage.id,))
    mined = mine_log(
        [asked],
        {"i0": [_said(asked, rating=1, clicked=passage.id), _said(asked, rating=-1)]},
        {passage.id: passage},
        principal_share=1.0,
    )
    assert mined.pairs == ()
    assert mined.dropped == {"rated bad without saying what is right": 1}


def test_gone_and_foreign_passages_are_left_out() -> None:
    """Only passages that exist now, and belong to the asker's tenant, are positives."""
    foreign = _passage("a", tenant="other")
    asked = [_asked(0), _asked(1)]
    feedback = {"i0": [_said(asked[0], corrected="gone")], "i1": [_said(asked[1], corrected=foreign.id)]}
    mined = mine_log(asked, feedback, {foreign.id: foreign}, principal_share=1.0)
    assert mined.pairs == ()
    assert mined.dropped == {"the passage is another tenant's": 1, "the passage is gone": 1}


def test_a_front_ends_own_prompts_teach_nothing() -> None:
    """What a chat front end asked on its own gives no pair, however it was judged."""
    right = _passage("a")
    asked = [replace(_asked(n), auxiliary=n == 0) for n in range(2)]

    mined = mine_log(
        asked,
        {i.id: [_said(i, corrected=right.id)] for i in asked},
        {right.id: right},
        principal_share=1.0,
    )

    assert [pair.question for pair in mined.pairs] == [asked[1].question]
    assert mined.dropped["a chat front end's own prompt"] == 1


def test_a_follow_up_is_learned_as_it_was_searched_for() -> None:
    """Words that mean nothing without the turns before them are no question to train on."""
    right = _passage("a")
    asked = replace(_asked(0, "And by post?"), rewritten="Can I renew a passport by post?")

    (pair,) = mine_log(
        [asked], {"i0": [_said(asked, corrected=right.id)]}, {right.id: right}, principal_share=1.0
    ).pairs

    assert pair.question == "Can I renew a passport by post?"


def test_the_same_question_and_passage_count_once() -> None:
    """Asking again, in another spelling, adds nothing."""
    passage = _passage("a")
    asked = [_asked(0, "What is it?"), _asked(1, "what  is it")]
    feedback = {i.id: [_said(i, clicked=passage.id)] for i in asked}
    mined = mine_log(asked, feedback, {passage.id: passage}, principal_share=1.0)
    assert [pair.question for pair in mined.pairs] == ["What is it?"]
    assert mined.dropped == {"the same question and passage": 1}


_PEOPLE = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=60)


@given(_PEOPLE, st.floats(0.05, 1.0))
def test_nobody_gives_more_than_the_share(people: list[tuple[str, str]], share: float) -> None:
    """Whoever asks and whoever judges: nobody has more than the share of the pairs, and nothing is lost for no reason.

    With fewer people than the share needs, equal parts are the limit.
    """
    passage = _passage("a")
    asked = [_asked(n, by=asker) for n, (asker, _) in enumerate(people)]
    feedback = {
        i.id: [_said(i, by=judge, clicked=passage.id)] for i, (_, judge) in zip(asked, people, strict=True)
    }
    mined = mine_log(asked, feedback, {passage.id: passage}, principal_share=share)
    judges = {i.question: judge for i, (_, judge) in zip(asked, people, strict=True)}
    for counts in (
        Counter(pair.principal for pair in mined.pairs),
        Counter(judges[pair.question] for pair in mined.pairs),
    ):
        if counts:
            limit = max(share, 1 / len(counts)) * counts.total()
            assert max(counts.values()) <= limit + 1e-6
    assert bool(mined.pairs) == bool(people)
    assert mined == mine_log(asked, feedback, {passage.id: passage}, principal_share=share)


def test_the_share_is_of_what_is_kept() -> None:
    """One who asks a hundred times cannot outvote four who asked five times each."""
    passage = _passage("a")
    askers = ["loud"] * 100 + [name for name in "bcde" for _ in range(5)]
    asked = [_asked(n, by=by) for n, by in enumerate(askers)]
    feedback = {i.id: [_said(i, clicked=passage.id)] for i in asked}
    mined = mine_log(asked, feedback, {passage.id: passage}, principal_share=0.25)
    assert Counter(p.principal for p in mined.pairs) == {"loud": 6, "b": 5, "c": 5, "d": 5, "e": 5}


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


class _Writer:
    """Writes two questions about every passage; fails where the passage says so."""

    def __init__(self) -> None:
        self.asked = 0

    def questions(self, passage: Passage, count: int) -> list[str]:
        self.asked += 1
        if "fails" in passage.text:
            raise UpstreamFailed
        if "hangs" in passage.text:
            raise UpstreamTimeout
        return [
            f"What does {passage.uri} say?",
            f"what does {passage.uri} say",
            "Why?",
            "One more than asked for",
        ][:count]

    def paraphrases(self, question: str, count: int) -> list[str]:
        raise NotImplementedError


def test_a_failing_call_never_stops_the_run() -> None:
    """Failures are counted, the other passages are asked about, and progress goes to the end."""
    passages = [
        _passage("a"),
        _passage("b", "This one fails, whatever is asked."),
        _passage("c", "This one hangs, whatever is asked."),
        _passage("d"),
    ]
    seen: list[tuple[int, int]] = []
    mined = mine_llm(
        passages, _Writer(), count=3, limit=10, progress=lambda done, total, _: seen.append((done, total))
    )
    assert [(pair.question, pair.origin) for pair in mined.pairs] == [
        ("What does a say?", Origin.LLM),
        ("What does d say?", Origin.LLM),
    ]
    assert mined.failures == 2
    assert mined.dropped == {
        "the language model failed": 2,
        "the same question and passage": 2,
        "too short": 2,
    }
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_model_that_is_down_is_not_asked_for_ever() -> None:
    """After ten failures in a row the rest is left out, and counted."""
    passages = [_passage(f"p{n}", f"This one fails, number {n}.") for n in range(200)]
    writer = _Writer()
    mined = mine_llm(passages, writer, count=1, limit=150, progress=lambda *_: None)
    assert mined.dropped == {
        "not asked: the language model kept failing": 140,
        "the language model failed": 10,
    }
    assert mined.failures == 10


def test_positives_are_passages_of_the_corpus() -> None:
    """A pair's text is the passage's, not the model's."""
    passage = _passage("a")
    mined = mine_llm([passage], _Writer(), count=1, limit=1, progress=lambda *_: None)
    assert [pair.passage_text for pair in mined.pairs] == [passage.embedded_text]


def test_labels_serve_their_purpose_alone() -> None:
    """One to train with trains, dev and golden ones are held back, and one whose documents are gone is left out."""
    passages = [_passage(name) for name in "abc"]
    questions = [
        LabelledQuestion.create(
            tenant="default",
            text=f"Is it {purpose}?",
            documents=frozenset([passage.document_id]),
            purpose=purpose,
        )
        for purpose, passage in zip(Purpose, passages, strict=True)
    ]
    gone = LabelledQuestion.create(
        tenant="default", text="Gone?", documents=frozenset(["gone"]), purpose=Purpose.TRAIN
    )
    mined = mine_labels([*questions, gone], _of(*passages))
    assert [(p.question, p.passage_id, p.origin) for p in mined.pairs] == [
        ("Is it train?", passages[0].id, Origin.LABEL)
    ]
    assert [(q.text, q.relevant) for q in mined.dev] == [("Is it dev?", frozenset([passages[1].id]))]
    assert [(q.text, q.relevant) for q in mined.golden] == [("Is it golden?", frozenset([passages[2].id]))]
    assert mined.dropped == {"its documents are gone": 1}


def test_a_label_trains_the_passage_that_is_closest_to_it() -> None:
    """Of a document's passages, the one that shares the most topic words is taken."""
    document = _document("a", "x")
    passages = [
        Passage.create(document, 0, "How we are organised and who we are."),
        Passage.create(document, 1, "Fees for a passport renewal are listed below."),
    ]
    label = LabelledQuestion.create(
        tenant="default",
        text="How much is a passport renewal?",
        documents=frozenset([document.id]),
        purpose=Purpose.TRAIN,
    )
    mined = mine_labels([label], _of(*passages))
    assert [pair.passage_id for pair in mined.pairs] == [passages[1].id]
