"""API keys, as far as they are kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from rag.adapters.sql.audit import record
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.schema.access import keys
from rag.domain import AuditEntry, Key, Role


class SqlKeys:
    """API keys."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, key: Key, *, entry: AuditEntry) -> None:
        """Write one, in one transaction with the audit entry.

        Raises:
            Conflict: one of that id is there.
        """
        row = {
            "id": key.id,
            "tenant": key.tenant,
            "name": key.name,
            "roles": sorted(key.roles),
            "secret_hmac": key.secret_hmac,
            "created_at": key.created_at,
            "created_by": key.created_by,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
            "requests_per_minute": key.requests_per_minute,
            "concurrent": key.concurrent,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(keys).values(row))
            record(connection, entry)

    def get(self, key_id: str) -> Key | None:
        """Return one, revoked and expired ones included."""
        with reading(self._engine) as connection:
            row = connection.execute(select(keys).where(keys.c.id == key_id)).one_or_none()
        return None if row is None else _key(row)

    def all(self, *, tenant: str | None = None) -> list[Key]:
        """Return all, newest first; of one tenant where it is named."""
        query = select(keys).order_by(keys.c.created_at.desc(), keys.c.id)
        if tenant is not None:
            query = query.where(keys.c.tenant == tenant)
        with reading(self._engine) as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, key_id: str, *, at: datetime, entry: AuditEntry) -> bool:
        """Revoke one, in one transaction with the audit entry.

        Gives False, and writes nothing, where it is not there or was revoked before.
        """
        statement = (
            update(keys)
            .where(keys.c.id == key_id, keys.c.revoked_at.is_(None))
            .values(revoked_at=at)
            .returning(keys.c.id)
        )
        with writing(self._engine) as connection:
            if connection.execute(statement).one_or_none() is None:
                return False
            record(connection, entry)
            return True


def _key(row: Row[Any]) -> Key:
    return Key(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        roles=frozenset(Role(role) for role in row.roles),
        secret_hmac=row.secret_hmac,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        requests_per_minute=row.requests_per_minute,
        concurrent=row.concurrent,
    )
