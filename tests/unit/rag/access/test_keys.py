"""API keys: what they look like, who may have which role, and how they end."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rag.access.keys import HOME_ROLES, KeyMaths, KeyRegister, KeyStatus, describe, status
from rag.adapters.sql.stores import Stores
from rag.domain import Key, Role, utcnow
from rag.errors import InvalidInput, NotFound

SECRET = b"s" * 32
HOME = "home"


@pytest.fixture
def register(stores: Stores) -> Iterator[KeyRegister]:
    """A register over a fresh database."""
    yield KeyRegister(stores.keys, KeyMaths(SECRET), home_tenant=HOME)


def create(register: KeyRegister, **values: Any) -> Any:
    """Make a key."""
    return register.create(**({"roles": [Role.READER], "principal": "terminal:anna"} | values))


def test_a_key_is_known_by_its_secret_alone(register: KeyRegister, stores: Stores) -> None:
    """What is shown fits what is kept, nothing that is kept holds the secret, and no other secret fits."""
    new = create(register, name=" reporting ", requests_per_minute=5, concurrent=2)
    maths = KeyMaths(SECRET)
    parts = maths.parse(new.token)

    assert re.fullmatch(r"wk_[a-z0-9]{18}\.[A-Za-z0-9_-]{43}", new.token)
    assert parts is not None
    assert parts[0] == new.key.id
    kept = stores.keys.get(new.key.id)
    assert kept == new.key
    assert kept is not None
    assert kept.name == "reporting"
    assert maths.fits(kept, parts[1])
    assert not maths.fits(kept, parts[1][:-1] + ("A" if parts[1][-1] != "A" else "B"))
    assert not KeyMaths(b"t" * 32).fits(kept, parts[1])
    assert parts[1] not in repr(new)
    assert parts[1] not in str([describe(kept, utcnow()), stores.audit.newest()])


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.replace("wk_", "sk_"),
        lambda token: token.replace(".", ""),
        lambda token: token[:-30],
        lambda token: token + "é",
        lambda token: token + "\n",
        lambda token: token + "A" * 500,
        lambda token: "wk_" + "a" * 18 + token[21:],  # an id that nobody made
        lambda token: token[:0],
    ],
)
def test_what_is_no_key_is_known_without_a_look_up(register: KeyRegister, change: Any) -> None:
    """Neither another form nor an id that was not made here has to be asked for in the database."""
    token = create(register).token
    assert KeyMaths(SECRET).parse(token) is not None
    assert KeyMaths(SECRET).parse(change(token)) is None
    assert KeyMaths(b"t" * 32).parse(token) is None


def test_ids_and_secrets_do_not_repeat(register: KeyRegister) -> None:
    """A hundred keys have a hundred ids and secrets."""
    made = [create(register) for _ in range(100)]
    assert len({new.key.id for new in made}) == len({new.key.secret_hmac for new in made}) == 100


def test_only_the_first_key_is_the_first(register: KeyRegister) -> None:
    """It changes who may come in; a revoked one still counts."""
    first = create(register)
    register.revoke(first.key.id, principal="local")
    assert [first.first, create(register).first] == [True, False]


@pytest.mark.parametrize("role", sorted(HOME_ROLES))
def test_roles_over_the_installation_are_the_home_tenants(register: KeyRegister, role: Role) -> None:
    """Another tenant's key cannot have them, alone or among others, and the message says who can."""
    for roles in ([role], [Role.READER, role]):
        with pytest.raises(InvalidInput, match=rf"{role}: .*'home' \(WHETSTONE_TENANT\).*'other'"):
            create(register, roles=roles, tenant="other")
    assert create(register, roles=[Role.READER, role]).key.tenant == HOME
    assert create(register, roles=[Role.READER, Role.EDITOR], tenant="other").key.tenant == "other"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"roles": []}, "at least one role: reader, editor"),
        ({"tenant": ""}, "no name of a tenant"),
        ({"tenant": "a b"}, "no name of a tenant"),
        ({"tenant": "x" * 101}, "no name of a tenant"),
        ({"name": "x" * 201}, "at most 200"),
        ({"name": "two\nlines"}, "one line"),
        ({"expires_at": utcnow() - timedelta(seconds=1)}, "expired already"),
        ({"requests_per_minute": 0}, "at least 1 of requests per minute"),
        ({"concurrent": -1}, "at least 1 of concurrent requests"),
        ({"requests_per_minute": 10_000_001}, "at most 10,000,000 requests per minute, got 10,000,001"),
        ({"concurrent": 100_001}, "at most 100,000 concurrent requests"),
    ],
)
def test_what_makes_no_sense_is_refused(
    register: KeyRegister, stores: Stores, values: dict[str, Any], said: str
) -> None:
    """The message says what was expected, and no key is made."""
    with pytest.raises(InvalidInput, match=said):
        create(register, **values)
    assert stores.keys.all() == []
    assert stores.audit.newest() == []


def test_a_key_is_revoked_for_good(register: KeyRegister, stores: Stores) -> None:
    """Once, by its id or the whole key; the audit trail tells of making and revoking, and by whom."""
    new, other = create(register, name="left behind"), create(register)

    revoked = register.revoke(f"wk_{new.key.id}", principal="local")
    again = register.revoke(new.token, principal="somebody")

    assert status(revoked, utcnow()) is KeyStatus.REVOKED
    assert again.revoked_at == revoked.revoked_at
    assert [key.id for key in register.all() if key.revoked_at is None] == [other.key.id]
    told = [(entry.action, entry.subject, entry.principal) for entry in stores.audit.newest()]
    assert told == [
        ("revoke-key", new.key.id, "local"),
        ("create-key", other.key.id, "terminal:anna"),
        ("create-key", new.key.id, "terminal:anna"),
    ]


def test_a_key_that_is_not_there_cannot_be_revoked(register: KeyRegister) -> None:
    """The message names its id, never the secret that was pasted along."""
    with pytest.raises(NotFound, match="no key 'nobody'") as caught:
        register.revoke("nobody.very-secret", principal="local")
    assert "very-secret" not in str(caught.value)


def test_a_key_expires_at_its_moment(register: KeyRegister) -> None:
    """Up to then it is usable; what was revoked before stays revoked."""
    now = utcnow()
    key: Key = create(register, expires_at=now + timedelta(days=1)).key
    before = status(key, now + timedelta(hours=23))
    at = status(key, now + timedelta(days=1))
    assert [before, at] == [KeyStatus.USABLE, KeyStatus.EXPIRED]
    register.revoke(key.id, principal="local")
    assert describe(register.all()[0], now + timedelta(days=2))["status"] == "revoked"
