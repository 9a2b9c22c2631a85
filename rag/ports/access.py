"""Who may come in, and who did what."""

from datetime import datetime
from typing import Protocol

from rag.domain import AuditEntry, Key


class KeyStore(Protocol):
    """API keys."""

    def add(self, key: Key, *, entry: AuditEntry) -> None:
        """Write one, in one transaction with the audit entry; Conflict where one of that id is there."""

    def get(self, key_id: str) -> Key | None:
        """Return one, revoked and expired ones included."""

    def all(self, *, tenant: str | None = None) -> list[Key]:
        """Return all, newest first; of one tenant where it is named."""

    def revoke(self, key_id: str, *, at: datetime, entry: AuditEntry) -> bool:
        """Revoke one, in one transaction with the audit entry.

        Gives False, and writes nothing, where it is not there or was revoked before.
        """


class AuditLog(Protocol):
    """Who did what."""

    def add(self, entry: AuditEntry) -> None:
        """Write one."""

    def newest(self, limit: int = 100) -> list[AuditEntry]:
        """Return the newest first."""
