"""Who did what."""

from functools import partial

from sqlalchemy import Connection, insert, select
from typing_extensions import override

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.access import audit
from rag.domain import AuditEntry
from rag.ports import AuditLog


def record(connection: Connection, entry: AuditEntry) -> None:
    """Write an entry inside a transaction that does what it tells of."""
    connection.execute(insert(audit).values(to_row(entry)))


class SqlAudit(SqlStore, AuditLog):
    """An `AuditLog` in SQL."""

    @override
    def add(self, entry: AuditEntry) -> None:
        with writing(self._engine) as connection:
            record(connection, entry)

    @override
    def newest(self, limit: int = 100) -> list[AuditEntry]:
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        return self._all(query, partial(from_json, AuditEntry))
