"""Labelled questions, by their purpose."""

from collections.abc import Collection, Mapping, Sequence

from rag.domain import Document, LabelledQuestion, Passage, Purpose
from retrain.dataset.pairs import PassagesOf
from retrain.dataset.sources.labels import mine_labels
from retrain.domain import Origin


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
    assert mined.apart == ()


def test_what_is_held_back_stays_so_while_its_documents_are_gone() -> None:
    """Neither may train meanwhile; a question to train with is held back by nobody."""
    gone = [
        LabelledQuestion.create(
            tenant="default", text=f"Is it {purpose}?", documents=frozenset(["gone"]), purpose=purpose
        )
        for purpose in Purpose
    ]
    mined = mine_labels(gone, _of())
    assert mined.apart == ("Is it dev?", "Is it golden?")
    assert (mined.pairs, mined.dev, mined.golden) == ((), (), ())


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
