"""Who may do what, and who did it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

MAX_REQUESTS_PER_MINUTE = 10_000_000
"""Most requests per minute that a key may be made for."""

MAX_CONCURRENT = 100_000
"""Most requests under way at once that a key may be made for."""


class Role(StrEnum):
    """What a key may be used for."""

    READER = "reader"  # ask, give feedback
    EDITOR = "editor"  # write and delete documents
    OPERATOR = "operator"  # watch drift, retrain, read metrics
    APPROVER = "approver"  # approve, promote, roll back
    ADMIN = "admin"  # make and revoke keys


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who sends a request."""

    id: str  # a key's id, "environment" for WHETSTONE_API_KEY, or "local"
    tenant: str
    roles: frozenset[Role]
    requests_per_minute: int | None = None  # None: as many as the service takes
    concurrent: int | None = None  # requests under way at once; None as above


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What is kept of an API key. The secret itself is shown once and never stored."""

    id: str  # the part before the dot
    tenant: str
    name: str  # what it is for, in its maker's words
    roles: frozenset[Role]
    secret_hmac: str  # HMAC-SHA-256 of the part after the dot, in hex
    created_at: datetime
    created_by: str  # principal
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    requests_per_minute: int | None = None
    concurrent: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """Who did what to what serves, and when."""

    at: datetime
    principal: str
    action: str  # e.g. "promote", "rollback", "approve"
    subject: str  # digest or id it was done to
    detail: Mapping[str, Any] = field(default_factory=dict)
