"""What the demonstration holds back is held back."""

from pathlib import Path

import pytest

from flows.demo.corpus import DemoCorpus, Use, beir_folder, python_documentation
from rag.adapters.readers import read
from rag.domain import Document, LabelledQuestion, Purpose
from rag.errors import EmptyCorpus


@pytest.fixture(scope="module")
def python_docs() -> DemoCorpus:
    """The documentation of this Python, with questions held back."""
    records = read("python-docs", tenant="default", max_bytes=10**8)
    return python_documentation(record for record in records if isinstance(record, Document))


def test_a_held_back_question_is_nowhere_in_its_document(python_docs: DemoCorpus) -> None:
    """Neither the text, nor the title, nor the metadata of its document holds the question."""
    by_id = {document.id: document for document in python_docs.documents}
    for question in python_docs.questions:
        for document in question.documents:
            held = by_id[document]
            assert question.text not in (held.text, held.title, *held.metadata.values())
            assert question.text not in held.text


def test_uses_share_no_document(python_docs: DemoCorpus) -> None:
    """A document's questions serve one use: what is reported on is never asked by those who are learned from."""
    uses: dict[str, set[Use]] = {}
    for question in python_docs.questions:
        for document in question.documents:
            uses.setdefault(document, set()).add(question.use)

    assert {len(some) for some in uses.values()} == {1}


def test_what_is_asked_or_reported_on_is_not_imported(python_docs: DemoCorpus) -> None:
    """Imported with their answers are questions to judge by, to watch, and those to train on that nobody asks."""
    asked = set(python_docs.pick("before", Use.LOG))
    labels = python_docs.labels("default", asked)

    assert {label.purpose for label in labels} == set(Purpose)
    assert not {label.text for label in labels} & {q.text for q in asked}
    assert not {label.text for label in labels} & {q.text for q in python_docs.questions if q.use is Use.TEST}


def test_there_is_enough_of_everything(python_docs: DemoCorpus) -> None:
    """Both topics have enough questions to log and to report on for the demonstration's windows."""
    assert len(python_docs.pick("before", Use.LOG)) >= 500
    assert len(python_docs.pick("after", Use.LOG)) >= 200
    assert min(len(python_docs.pick(topic, Use.TEST)) for topic in ("before", "after")) >= 100


def documents(field: str) -> list[Document]:
    """Return ten documents, seven of one kind and three of another."""
    return [
        Document.create(uri=f"d{i}", text=f"text {i}", metadata={field: "a" if i < 7 else "b"})
        for i in range(10)
    ]


def test_a_field_of_the_documents_divides_the_topics() -> None:
    """Where documents have a field with few values, the largest value's questions come first."""
    some = documents("domain")
    labels = [
        LabelledQuestion.create(
            tenant="default", text=f"question {i}", documents=frozenset({d.id}), purpose=Purpose.TRAIN
        )
        for i, d in enumerate(some)
    ]

    corpus = beir_folder(Path("some"), some, labels, [])

    assert {q.text for q in corpus.pick("before", Use.LOG)} == {f"question {i}" for i in range(7)}
    assert len(corpus.pick("after", Use.LOG)) == 3


def test_questions_without_answers_give_a_clear_error() -> None:
    """A folder whose questions no document answers is refused by name."""
    with pytest.raises(EmptyCorpus, match=r"some: no question"):
        beir_folder(Path("some"), documents("domain"), [], [])
