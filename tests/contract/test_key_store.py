"""What every store of API keys keeps and refuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rag.adapters.sql.stores import Stores
from rag.domain import AuditEntry, Key, Role
from rag.errors import Conflict

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
FULL = Key(
    id="full",
    tenant="north",
    name="reporting",
    roles=frozenset({Role.READER, Role.OPERATOR}),
    secret_hmac="ab" * 32,
    created_at=AT,
    created_by="terminal:anna",
    expires_at=AT + timedelta(days=90),
    requests_per_minute=30,
    concurrent=2,
)
BARE = Key(
    id="bare",
    tenant="south",
    name="",
    roles=frozenset({Role.EDITOR}),
    secret_hmac="cd" * 32,
    created_at=AT + timedelta(minutes=1),
    created_by="local",
)


def made(key: Key) -> AuditEntry:
    """The entry that tells of the key's making."""
    return AuditEntry(at=key.created_at, principal=key.created_by, action="create-key", subject=key.id)


def revoked(key: Key) -> AuditEntry:
    """The entry that tells of its revocation."""
    return AuditEntry(at=AT + timedelta(hours=1), principal="local", action="revoke-key", subject=key.id)


@pytest.fixture
def filled(any_stores: Stores) -> Stores:
    """A store with both keys."""
    for key in (FULL, BARE):
        any_stores.keys.add(key, entry=made(key))
    return any_stores


def test_a_key_comes_back_as_it_was_given(filled: Stores) -> None:
    """Every field is kept, and what is not there is nothing."""
    assert filled.keys.get("full") == FULL
    assert filled.keys.get("bare") == BARE
    assert filled.keys.get("nobody") is None
    assert filled.keys.get("FULL") is None


def test_keys_are_listed_newest_first(filled: Stores) -> None:
    """All of them, or one tenant's."""
    assert filled.keys.all() == [BARE, FULL]
    assert filled.keys.all(tenant="north") == [FULL]
    assert filled.keys.all(tenant="") == []


def test_an_id_is_taken_once(filled: Stores) -> None:
    """A second key of an id is refused, changes nothing, and the audit trail does not tell of it."""
    with pytest.raises(Conflict):
        filled.keys.add(replace(BARE, id="full"), entry=made(FULL))
    assert filled.keys.get("full") == FULL
    assert [entry.subject for entry in filled.audit.newest()] == ["bare", "full"]


def test_a_key_is_revoked_once(filled: Stores, open_any: Callable[[], Stores]) -> None:
    """The first revocation holds, for every process, and is the only one the audit trail tells of."""
    at = AT + timedelta(hours=1)
    assert filled.keys.revoke("full", at=at, entry=revoked(FULL))
    assert not filled.keys.revoke("full", at=at + timedelta(days=1), entry=revoked(FULL))
    assert not filled.keys.revoke("nobody", at=at, entry=revoked(FULL))

    other = open_any()
    assert other.keys.get("full") == replace(FULL, revoked_at=at)
    assert other.keys.get("bare") == BARE
    actions = [entry.action for entry in other.audit.newest()]
    assert actions == ["revoke-key", "create-key", "create-key"]
