"""Who did what."""

from sqlalchemy import Connection, Engine, insert, select

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.schema.access import audit
from rag.domain import AuditEntry


def record(connection: Connection, entry: AuditEntry) -> None:
    """Write an entry inside a transaction that does what it tells of."""
    row = {
        "at": entry.at,
        "principal": entry.principal,
        "action": entry.action,
        "subject": entry.subject,
        "detail": dict(entry.detail),
    }
    connection.execute(insert(audit).values(row))


class SqlAudit:
    """Who did what."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, entry: AuditEntry) -> None:
        """Write one."""
        with writing(self._engine) as connection:
            record(connection, entry)

    def newest(self, limit: int = 100) -> list[AuditEntry]:
        """Return the newest first."""
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [
                AuditEntry(
                    at=row.at,
                    principal=row.principal,
                    action=row.action,
                    subject=row.subject,
                    detail=row.detail,
                )
                for row in connection.execute(query)
            ]
