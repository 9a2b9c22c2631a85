"""What was handed in, on every database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rag.adapters.sql.stores import Stores
from rag.domain import Document, Ingestion, IngestionStatus, Passage
from rag.errors import Conflict, NotFound

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def ingestion(number: int, tenant: str = "default", **values: Any) -> Ingestion:
    """Make one that was received `number` seconds after noon."""
    given: dict[str, Any] = {
        "id": f"{tenant}-{number}",
        "tenant": tenant,
        "principal": "key-1",
        "uri": f"upload:{number}.pdf",
        "filename": f"{number}.pdf",
        "size": 10 + number,
        "received_at": NOON + timedelta(seconds=number),
    }
    return Ingestion(**(given | values))


def ids(some: list[Ingestion]) -> list[str]:
    """Return the ids in their order."""
    return [each.id for each in some]


def test_it_comes_back_as_it_was_with_its_bytes(any_stores: Stores) -> None:
    """Every field and every byte, zero bytes and odd names included; another tenant does not see it."""
    given = ingestion(
        1,
        filename="Über \u0000sicht.pdf".replace("\u0000", ""),
        title="Übersicht",
        metadata={"team": "Küche"},
        reason="because",
        documents=("d2", "d1"),
        attempts=1,
        change=7,
        parsed_at=NOON,
    )
    content = bytes(range(256)) * 10
    any_stores.ingestions.add(given, content)

    assert any_stores.ingestions.get(given.id, tenant="default") == given
    assert any_stores.ingestions.payload(given.id) == content
    assert any_stores.ingestions.get(given.id, tenant="other") is None
    assert any_stores.ingestions.payload("none") is None
    with pytest.raises(Conflict):
        any_stores.ingestions.add(given, b"again")


def test_it_knows_the_change_at_which_it_came(any_stores: Stores) -> None:
    """The last one of the change log, which settling does not alter."""
    document = Document.create(uri="a", text="Words.")
    passages = [Passage.create(document, 0, document.text)]
    any_stores.documents.put(document, passages, "chunking")
    given = ingestion(1, fields={"text": "answer"}, metadata={"tags": ("a", "b"), "year": 2024})
    any_stores.ingestions.add(given, b"x")
    any_stores.documents.delete(document.id, tenant="default")

    stored = any_stores.ingestions.get(given.id, tenant="default")
    assert stored == replace(given, since=1)
    any_stores.ingestions.settle(replace(given, attempts=1))
    assert any_stores.ingestions.get(given.id, tenant="default") == replace(given, since=1, attempts=1)


def test_uris_of_what_waits(any_stores: Stores) -> None:
    """Of one tenant's that are received, not of what was read."""
    for each in (ingestion(1), ingestion(2), ingestion(3, tenant="other")):
        any_stores.ingestions.add(each, b"x")
    any_stores.ingestions.settle(replace(ingestion(2), status=IngestionStatus.FAILED))
    assert any_stores.ingestions.waiting_uris(tenant="default") == {"upload:1.pdf"}


def test_what_was_added_is_there_for_another_process(
    any_stores: Stores, open_any: Callable[[], Stores]
) -> None:
    """An upload that was acknowledged survives whoever took it."""
    any_stores.ingestions.add(ingestion(1), b"content")
    other = open_any()
    assert ids(other.ingestions.waiting()) == ["default-1"]
    assert other.ingestions.payload("default-1") == b"content"


def test_pages_are_newest_first_and_joined_are_all(any_stores: Stores) -> None:
    """Those of one moment too; nothing of another tenant, and nothing before one that is not known."""
    for number in range(3):
        any_stores.ingestions.add(ingestion(number), b"")
    any_stores.ingestions.add(ingestion(2, id="default-2b"), b"")
    any_stores.ingestions.add(ingestion(1, tenant="other"), b"")
    page = any_stores.ingestions.page

    seen: list[str] = []
    while some := page(tenant="default", before=seen[-1] if seen else "", limit=1):
        seen += ids(some)
    assert seen == ["default-2b", "default-2", "default-1", "default-0"]
    assert ids(page(tenant="default")) == seen
    assert page(tenant="default", before="other-1") == []


def test_tenants_wait_in_turns(any_stores: Stores) -> None:
    """One who hands in a thousand files does not keep the others waiting for all of them."""
    for number in range(5):
        any_stores.ingestions.add(ingestion(number, tenant="busy"), b"")
    any_stores.ingestions.add(ingestion(9, tenant="calm"), b"")

    assert ids(any_stores.ingestions.waiting(3)) == ["busy-0", "calm-9", "busy-1"]
    assert len(any_stores.ingestions.waiting()) == 6
    assert any_stores.ingestions.backlog(tenant="busy") == (5, 10 + 11 + 12 + 13 + 14)
    assert any_stores.ingestions.backlog(tenant="nobody") == (0, 0)


def test_bytes_are_kept_only_while_it_waits(any_stores: Stores) -> None:
    """Noting an attempt keeps them; parsed, indexed and failed ones have none."""
    store = any_stores.ingestions
    for number in range(3):
        store.add(ingestion(number), b"content")

    store.settle(ingestion(0, attempts=1))
    store.settle(ingestion(1, status=IngestionStatus.FAILED, reason="is empty"))
    parsed = ingestion(2, status=IngestionStatus.PARSED, parsed_at=NOON, change=4, documents=("d",))
    store.settle(parsed)

    assert [store.payload(f"default-{number}") for number in range(3)] == [b"content", None, None]
    assert [(each.id, each.attempts) for each in store.waiting()] == [("default-0", 1)]
    assert store.parsed() == [parsed]
    store.settle(replace(parsed, status=IngestionStatus.INDEXED, indexed_at=NOON))
    assert store.parsed() == []
    assert store.get("default-2", tenant="default") == replace(
        parsed, status=IngestionStatus.INDEXED, indexed_at=NOON
    )
    with pytest.raises(NotFound):
        store.settle(ingestion(8))
