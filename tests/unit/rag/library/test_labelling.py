"""What an import of labels does to the store, and what it says."""

from collections.abc import Mapping

import pytest

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document, LabelledQuestion, Purpose
from rag.errors import InvalidInput
from rag.library.chunking import Chunker
from rag.library.labelling import LabelImport, Labels, store_labels
from rag.library.syncing import Library

SPLITS = {"train": Purpose.TRAIN, "dev": Purpose.DEV}


@pytest.fixture
def corpus(stores: Stores) -> Stores:
    """Stores with three documents."""
    library = Library(stores.documents, Chunker(SentenceSplitterAdapter(Chunking()), Chunking()))
    for name in "abc":
        library.put(Document.create(uri=name, text=f"Words about {name}.", tenant="acme"))
    return stores


def asked(text: str, purpose: Purpose, *uris: str) -> LabelledQuestion:
    """Make a question that the documents of these uris answer."""
    documents = frozenset(Document.id_for("acme", uri) for uri in uris)
    return LabelledQuestion.create(tenant="acme", text=text, documents=documents, purpose=purpose)


def imported(
    stores: Stores, *questions: LabelledQuestion, splits: Mapping[str, int] | None = None
) -> LabelImport:
    """Import questions."""
    return store_labels(
        Labels(questions=questions, splits=splits or {}),
        splits=SPLITS,
        source="faq",
        tenant="acme",
        documents=stores.documents,
        questions=stores.questions,
    )


def stored(stores: Stores) -> dict[str, Purpose]:
    """Return text -> purpose of what is stored."""
    return {question.text: question.purpose for question in stores.questions.all(tenant="acme")}


def test_questions_are_counted_by_purpose(corpus: Stores) -> None:
    """How many there are, and how many of them are new."""
    first = imported(corpus, asked("One?", Purpose.TRAIN, "a"), asked("Two?", Purpose.DEV, "b"))
    again = imported(corpus, asked("One?", Purpose.TRAIN, "a"), asked("Three?", Purpose.TRAIN, "c"))
    assert first.counts == {"train": (1, 1), "dev": (1, 1), "golden": (0, 0)}
    assert again.counts == {"train": (2, 1), "dev": (0, 0), "golden": (0, 0)}


def test_labels_of_documents_that_are_not_there_are_counted(corpus: Stores) -> None:
    """One by one; their questions are kept for when the documents come."""
    done = imported(corpus, asked("One?", Purpose.TRAIN, "a", "gone"), asked("Two?", Purpose.DEV, "away"))
    assert (done.labels, done.unknown) == (3, 2)
    assert stored(corpus) == {"One?": Purpose.TRAIN, "Two?": Purpose.DEV}


def test_none_of_the_documents_is_there(corpus: Stores) -> None:
    """That is an error, and nothing is written."""
    with pytest.raises(InvalidInput, match="none of the documents that faq asks about is ingested"):
        imported(corpus, asked("One?", Purpose.TRAIN, "gone"))
    assert stored(corpus) == {}


@pytest.mark.parametrize("text", ["Where is it?", "where is it", "  WHERE, is it?! "])
@pytest.mark.parametrize(
    ("before", "after"),
    [(Purpose.DEV, Purpose.TRAIN), (Purpose.GOLDEN, Purpose.TRAIN), (Purpose.GOLDEN, Purpose.DEV)],
)
def test_a_question_that_is_held_back_stays_so(
    corpus: Stores, text: str, before: Purpose, after: Purpose
) -> None:
    """Whatever case and signs it comes in later; the number of them is told."""
    imported(corpus, asked("Where is it?", before, "a"))
    done = imported(corpus, asked(text, after, "b"), asked("Two?", after, "c"))
    assert done.held_back == 1
    assert stored(corpus) == {"Where is it?": before, "Two?": after}
    assert done.counts[after] == (2, 1)


def test_a_question_may_be_held_back_further(corpus: Stores) -> None:
    """Those that were there to be trained on are counted."""
    imported(corpus, asked("One?", Purpose.TRAIN, "a"), asked("Two?", Purpose.DEV, "a"))
    done = imported(corpus, asked("One?", Purpose.DEV, "a"), asked("Two?", Purpose.GOLDEN, "a"))
    assert (done.held_back, done.withdrawn) == (0, 1)
    assert stored(corpus) == {"One?": Purpose.DEV, "Two?": Purpose.GOLDEN}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            Labels(questions=(), splits={"Train": 30, "validation": 10, "": 2}),
            "no question in faq is in the split 'train' or 'dev'. It has 'Train' (30), 'validation' (10), "
            "2 questions of no split. Say what a split serves, as it is written there: --split 'Train=train'",
        ),
        (
            Labels(questions=(), splits={"test": 3}),
            "no question in faq is in the split 'train' or 'dev'. It has 'test' (3). "
            "The split 'test' is for reports alone",
        ),
        (
            Labels(questions=(), splits={"one": 7, "two": 3}, drawn=True),
            "no question in faq is in the split 'train' or 'dev'. It names no splits; drawn by their documents are "
            "'one' (7), 'two' (3). Say what a split serves, as it is written there: --split 'one=train'",
        ),
        (Labels(questions=(), splits={}), "no question in faq has an answer: a label needs a score above 0"),
        (
            Labels(questions=(), splits={"train": 3, "test": 3}, apart=3),
            "each of the 3 questions in faq that were asked for shares its words or a document with one that is held "
            "back further",
        ),
    ],
)
def test_an_import_of_nothing_fails_and_says_what_there_is(corpus: Stores, labels: Labels, said: str) -> None:
    """The splits are named as they are written, each with its questions."""
    with pytest.raises(InvalidInput) as failed:
        store_labels(
            labels,
            splits=SPLITS,
            source="faq",
            tenant="acme",
            documents=corpus.documents,
            questions=corpus.questions,
        )
    assert str(failed.value) == said


def test_splits_that_were_not_asked_for_are_counted(corpus: Stores) -> None:
    """But for test, which nobody may ask for."""
    done = imported(
        corpus, asked("One?", Purpose.TRAIN, "a"), splits={"train": 1, "extra": 4, "Test": 9, "": 2}
    )
    assert done.other_splits == {"extra": 4, "": 2}
