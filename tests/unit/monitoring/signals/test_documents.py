"""The signal of documents: what went, what golden questions miss, and what is usual."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from doubles.asked_about import Asked, corpus, look

from monitoring.domain import DriftVerdict, Look
from monitoring.signals.documents import DocumentChanges, document_changes, finding
from rag.adapters.sql.stores import open_stores, sqlite_url
from rag.domain import Document, LabelledQuestion, Passage, Purpose, utcnow
from rag.ports import DocumentStore

CALM = DocumentChanges(there=100, written=0, gone=0, gone_lately=0, written_lately=0, days=60.0)


@pytest.fixture
def looked() -> Look:
    """A look; the signal does not read its questions."""
    asked = Asked()
    return look(asked.mixed(("pay",), 5), asked.mixed(("pay",), 3), corpus(asked, ("pay",)))[0]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        (CALM, DriftVerdict.CALM),
        (replace(CALM, there=70, gone=30, gone_lately=30), DriftVerdict.DRIFT),
        (replace(CALM, there=0, gone=30, gone_lately=30), DriftVerdict.DRIFT),
        (replace(CALM, there=0), DriftVerdict.CALM),
        # A tenth is a mass, less is not; four of twenty are few.
        (replace(CALM, there=90, gone=10, gone_lately=10), DriftVerdict.DRIFT),
        (replace(CALM, there=91, gone=9, gone_lately=9), DriftVerdict.CALM),
        (replace(CALM, there=16, gone=4, gone_lately=4), DriftVerdict.CALM),
        # As many each week before: 30 a week over 53 days are 227.
        (replace(CALM, there=70, gone=257, gone_lately=30), DriftVerdict.CALM),
        (replace(CALM, there=70, gone=60, gone_lately=30), DriftVerdict.DRIFT),
        # Thirty that went over months are no mass.
        (replace(CALM, there=70, gone=30, gone_lately=2), DriftVerdict.CALM),
        (replace(CALM, golden=40, golden_gone=1, gone=1, gone_lately=1), DriftVerdict.DRIFT),
        (replace(CALM, golden=40, golden_changed=5, written=9), DriftVerdict.CALM),
        # In the first week there is no usual rate yet.
        (replace(CALM, there=70, gone=33, gone_lately=30, days=8.0), DriftVerdict.DRIFT),
    ],
)
def test_a_mass_that_went_at_once_is_drift(
    looked: Look, changes: DocumentChanges, verdict: DriftVerdict
) -> None:
    """A tenth within a week and more than usual, or a golden question's document: a fact, which has no p-value."""
    found = finding(looked, changes)

    assert (found.verdict, found.p_value, found.level) == (verdict, None, None)


def test_the_sentence_says_what_went(looked: Look) -> None:
    """Figures stand in the sentence, and what came in the same time, as documents may have moved."""
    changes = replace(
        CALM, there=70, gone=30, gone_lately=30, written=28, written_lately=28, golden=9, golden_gone=2
    )

    assert finding(looked, changes).reason == (
        "Documents of 2 of 9 golden questions are gone; 30 documents went within 7 days, 30% of all; 28 came or were "
        "changed in the same time."
    )
    calm = replace(CALM, written=3, retrieved=40)
    assert finding(looked, calm).reason == (
        "100 documents are there; since the reference began 3 came or were changed and 0 went; 60 were found by no "
        "recent question."
    )


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[DocumentStore]:
    """Ten documents of one tenant and one of another."""
    stores = open_stores(sqlite_url(tmp_path))
    for number in range(10):
        put(stores.documents, f"file:///{number}")
    put(stores.documents, "file:///0", tenant="other")
    yield stores.documents
    stores.close()


def put(documents: DocumentStore, uri: str, text: str = "Some text.", tenant: str = "default") -> str:
    """Write a document; give its id."""
    document = Document.create(uri=uri, text=text, tenant=tenant)
    documents.put(document, [Passage.create(document, 0, text)], "chunking")
    return document.id


def ids(*numbers: int) -> list[str]:
    """Return the ids of documents."""
    return [Document.id_for("default", f"file:///{number}") for number in numbers]


def golden(*numbers: int) -> LabelledQuestion:
    """Make a golden question that these documents answer."""
    return LabelledQuestion.create(
        tenant="default",
        text=f"What is in {numbers}?",
        documents=frozenset(ids(*numbers)),
        purpose=Purpose.GOLDEN,
    )


def test_the_change_log_is_counted_by_document(documents: DocumentStore) -> None:
    """What was changed and deleted since counts once, of this tenant alone; what was there before does not count."""
    since = documents.last_change()
    for text in ("Once.", "Twice."):
        put(documents, "file:///1", text)
    put(documents, "file:///new")
    put(documents, "file:///0", "Another's.", tenant="other")
    put(documents, "file:///3", "Then gone.")
    for document_id in ids(2, 3):
        documents.delete(document_id, tenant="default")

    found = document_changes(
        documents,
        since,
        tenant="default",
        now=utcnow(),
        golden=[golden(1), golden(2), golden(4, 3), golden(5), golden()],
        hits=[ids(1, 5), ids(5)],
    )

    assert (found.there, found.written, found.gone) == (9, 2, 2)
    assert (found.golden, found.golden_changed, found.golden_gone) == (4, 1, 2)
    assert (found.gone_lately, found.written_lately, found.capped) == (2, 2, False)
    assert (found.retrieved, found.never_retrieved) == (2, 7)


def test_a_document_that_came_back_is_not_gone(documents: DocumentStore) -> None:
    """What was deleted and written again is there."""
    since = documents.last_change()
    documents.delete(ids(2)[0], tenant="default")
    put(documents, "file:///2", "Again.")

    found = document_changes(documents, since, tenant="default", now=utcnow(), golden=[golden(2)])
    assert (found.gone, found.golden_gone, found.golden_changed) == (0, 0, 1)


def test_when_it_happened_tells_what_is_lately(documents: DocumentStore) -> None:
    """Weeks later the same changes are no longer lately, and the reference's beginning leaves out what was before."""
    since = documents.last_change()
    documents.delete(ids(2)[0], tenant="default")
    later = utcnow() + timedelta(days=30)

    found = document_changes(documents, since, tenant="default", now=later)
    assert (found.gone, found.gone_lately, round(found.days)) == (1, 0, 30)
    assert document_changes(documents, tenant="default", now=later, since=later - timedelta(days=1)).gone == 0


def test_no_more_changes_are_read_than_are_allowed(documents: DocumentStore) -> None:
    """Of a long log the newest changes are counted, and it says so; nothing fails where there is no log."""
    for document_id in ids(1, 2, 3):
        documents.delete(document_id, tenant="default")

    found = document_changes(documents, tenant="default", now=utcnow(), most=2)
    assert (found.gone, found.capped, found.retrieved) == (2, True, None)
    empty = document_changes(documents, tenant="nobody", now=datetime.now(UTC))
    assert (empty.there, empty.gone, empty.days) == (0, 0, 0.0)
    assert document_changes(documents, tenant=None, now=utcnow()).there == 8
