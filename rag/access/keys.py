"""API keys: how they look, how they are made, checked and revoked.

A key is ``wk_<id>.<secret>``. The secret is shown once and kept as an HMAC only, so neither a copy of the database
nor one of the key secret lets anybody in.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from rag.domain import AuditEntry, Key, Role, utcnow
from rag.domain.access import MAX_CONCURRENT, MAX_REQUESTS_PER_MINUTE
from rag.errors import InvalidInput, NotFound
from rag.ports import KeyStore

HOME_ROLES = frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN})
"""Roles over the whole installation, which only keys of the installation's own tenant may have."""

MAX_NAME = 200
"""Longest name of a key, characters."""

SHORTEST_SECRET = 32
"""Bytes of the secret that keys are checked with."""

FIRST_KEY_NOTE = (
    "This is the first key: from now on every request needs one, also on this machine, and for good. Set the key as "
    "WHETSTONE_API_KEY where you run `whetstone ask`."
)

_PREFIX = "wk_"
_SECRET_BYTES = 32
# Letters and digits only, so that a double click selects the whole id.
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_RANDOM, _MARK = 12, 6
_TOKEN = re.compile(rf"{_PREFIX}([a-z0-9]{{{_RANDOM + _MARK}}})\.([A-Za-z0-9_\-]{{43,128}})")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,99}")


class KeyStatus(StrEnum):
    """Whether a key lets anybody in."""

    USABLE = "usable"
    EXPIRED = "expired"
    REVOKED = "revoked"


def status(key: Key, now: datetime) -> KeyStatus:
    """Tell whether the key lets anybody in; what was revoked stays so when it expires."""
    if key.revoked_at is not None:
        return KeyStatus.REVOKED
    if key.expires_at is not None and key.expires_at <= now:
        return KeyStatus.EXPIRED
    return KeyStatus.USABLE


def describe(key: Key, now: datetime) -> dict[str, Any]:
    """Return what anybody may see of a key, as JSON values."""

    def moment(value: datetime | None) -> str | None:
        return None if value is None else value.isoformat()

    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "roles": [str(role) for role in Role if role in key.roles],
        "status": str(status(key, now)),
        "created_at": moment(key.created_at),
        "created_by": key.created_by,
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
        "requests_per_minute": key.requests_per_minute,
        "concurrent": key.concurrent,
    }


@dataclass(frozen=True, slots=True)
class KeyMaths:
    """What the installation's key secret is needed for."""

    secret: bytes = field(repr=False)

    def new_id(self) -> str:
        """Make an id: random characters and a mark over them, so that one nobody made is known without a look-up."""
        given = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
        return given + self._mark(given)

    def parse(self, token: str) -> tuple[str, str] | None:
        """Return id and secret; None where it is no key, or its id was not made with this installation's secret."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        key_id, secret = match.groups()
        known = hmac.compare_digest(self._mark(key_id[:_RANDOM]), key_id[_RANDOM:])
        return (key_id, secret) if known else None

    def hmac(self, secret: str) -> str:
        """Return what is kept of a key's secret, in hex."""
        return self._digest("key", secret).hex()

    def fits(self, key: Key, secret: str) -> bool:
        """Tell in constant time whether it is the key's secret."""
        return hmac.compare_digest(self.hmac(secret), key.secret_hmac)

    def _mark(self, given: str) -> str:
        digest = self._digest("id", given)
        return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:_MARK])

    def _digest(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self.secret, f"whetstone {purpose}\n{text}".encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment when all of it is known."""

    key: Key
    token: str = field(repr=False)  # what the caller sends as bearer token
    first: bool  # from now on every request needs a key


class KeyRegister:
    """Makes and revokes keys; each of these is in the audit trail."""

    def __init__(
        self,
        store: KeyStore,
        maths: KeyMaths,
        *,
        home_tenant: str,  # only its keys may have the roles over the installation
        made: Callable[[], None] = lambda: None,  # called after each key that was made
    ) -> None:
        self._store = store
        self._maths = maths
        self._home_tenant = home_tenant
        self._made = made

    def create(
        self,
        *,
        roles: Collection[Role],
        principal: str,
        tenant: str | None = None,
        name: str = "",
        expires_at: datetime | None = None,
        requests_per_minute: int | None = None,
        concurrent: int | None = None,
    ) -> NewKey:
        """Make a key, in the name of `principal`, for the documents of a tenant, by default the installation's own.

        No role implies another. Where no limits are named they are what the settings say.

        Raises:
            InvalidInput: roles are missing or not possible for the tenant, or another value is not usable.
        """
        now = utcnow()
        tenant = self._home_tenant if tenant is None else tenant
        self._check(frozenset(roles), tenant, name, expires_at, now)
        for what, limit, most in (
            ("requests per minute", requests_per_minute, MAX_REQUESTS_PER_MINUTE),
            ("concurrent requests", concurrent, MAX_CONCURRENT),
        ):
            if limit is not None and limit < 1:
                raise InvalidInput(f"A key needs at least 1 of {what}, got {limit}; revoke it to stop it.")
            if limit is not None and limit > most:
                raise InvalidInput(f"A key has at most {most:,} {what}, got {limit:,}.")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        key = Key(
            id=self._maths.new_id(),
            tenant=tenant,
            name=name.strip(),
            roles=frozenset(roles),
            secret_hmac=self._maths.hmac(secret),
            created_at=now,
            created_by=principal,
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
            concurrent=concurrent,
        )
        detail: dict[str, Any] = {"tenant": tenant, "name": key.name, "roles": sorted(key.roles)}
        if expires_at is not None:
            detail["expires_at"] = expires_at.isoformat()
        entry = AuditEntry(at=now, principal=principal, action="create-key", subject=key.id, detail=detail)
        first = not self._store.all()
        self._store.add(key, entry=entry)
        self._made()
        return NewKey(key=key, token=f"{_PREFIX}{key.id}.{secret}", first=first)

    def all(self) -> list[Key]:
        """Return every tenant's keys, newest first."""
        return self._store.all()

    def revoke(self, key_id: str, *, principal: str) -> Key:
        """Revoke a key for good; running services hear of it within two seconds. A second time changes nothing.

        Raises:
            NotFound: there is no such key.
        """
        at = utcnow()
        # Whoever copies the beginning of a key means the key.
        key_id = key_id.removeprefix(_PREFIX).partition(".")[0]
        key = self._store.get(key_id)
        if key is None:
            raise NotFound(
                f"There is no key {key_id[: _RANDOM + _MARK]!r}; `whetstone keys list` shows those there are."
            )
        detail = {"tenant": key.tenant, "name": key.name}
        entry = AuditEntry(at=at, principal=principal, action="revoke-key", subject=key.id, detail=detail)
        self._store.revoke(key_id, at=at, entry=entry)
        return self._store.get(key_id) or key

    def _check(
        self, roles: frozenset[Role], tenant: str, name: str, expires_at: datetime | None, now: datetime
    ) -> None:
        if not roles:
            raise InvalidInput(f"A key needs at least one role: {', '.join(Role)}.")
        if tenant != self._home_tenant:
            over_all = [role for role in Role if role in roles & HOME_ROLES]
            if over_all:
                raise InvalidInput(
                    f"{', '.join(over_all)}: a role over the whole installation, so only keys of its own tenant "
                    f"{self._home_tenant!r} (WHETSTONE_TENANT) may have it, not those of {tenant!r}. "
                    "Other tenants' keys may be reader and editor."
                )
            if not _TENANT.fullmatch(tenant):
                raise InvalidInput(
                    f"{tenant[:100]!r} is no name of a tenant; use up to 100 letters, digits, '.', '_' and '-', "
                    "beginning with a letter or digit."
                )
        if len(name) > MAX_NAME or not name.isprintable():
            raise InvalidInput(f"The name of a key is one line of at most {MAX_NAME} characters.")
        if expires_at is not None and expires_at <= now:
            raise InvalidInput(f"The key would have expired already, at {expires_at:%Y-%m-%d %H:%M} UTC.")
