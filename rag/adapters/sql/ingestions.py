"""What was handed in, as it came, and what became of it."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, and_, func, insert, or_, select, update

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.schema.ingestions import ingestions
from rag.domain import Ingestion, IngestionStatus
from rag.errors import NotFound

# The bytes are read only by who wants them: a list would hold gigabytes.
_COLUMNS = tuple(column for column in ingestions.c if column.name != "payload")


class SqlIngestions:
    """What was handed in, as it came, and what became of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, ingestion: Ingestion, payload: bytes) -> None:
        """Keep one with its bytes; on return both are durable.

        Raises:
            Conflict: one of that id is there.
        """
        with writing(self._engine) as connection:
            connection.execute(insert(ingestions).values(**_row(ingestion), payload=payload))

    def get(self, ingestion_id: str, *, tenant: str) -> Ingestion | None:
        """Return one."""
        mine = (ingestions.c.id == ingestion_id) & (ingestions.c.tenant == tenant)
        with reading(self._engine) as connection:
            row = connection.execute(select(*_COLUMNS).where(mine)).mappings().one_or_none()
        return None if row is None else _ingestion(row)

    def page(self, *, tenant: str, before: str = "", limit: int = 100) -> list[Ingestion]:
        """Return the newest first, received before the one of id `before`; none where that is not known."""
        newest = (ingestions.c.received_at.desc(), ingestions.c.id.desc())
        query = select(*_COLUMNS).where(ingestions.c.tenant == tenant).order_by(*newest).limit(limit)
        with reading(self._engine) as connection:
            if before:
                mine = (ingestions.c.id == before) & (ingestions.c.tenant == tenant)
                last = connection.execute(select(ingestions.c.received_at).where(mine)).scalar_one_or_none()
                if last is None:
                    return []
                earlier = ingestions.c.received_at < last
                query = query.where(
                    or_(earlier, and_(ingestions.c.received_at == last, ingestions.c.id < before))
                )
            return [_ingestion(row) for row in connection.execute(query).mappings()]

    def waiting(self, limit: int = 10) -> list[Ingestion]:
        """Return those that are received and not read: each tenant's oldest first, the tenants in turns."""
        turn = (
            func.row_number()
            .over(partition_by=ingestions.c.tenant, order_by=(ingestions.c.received_at, ingestions.c.id))
            .label("turn")
        )
        numbered = select(ingestions.c.id, turn).where(_is(IngestionStatus.RECEIVED)).subquery()
        query = (
            select(*_COLUMNS)
            .join(numbered, numbered.c.id == ingestions.c.id)
            .order_by(numbered.c.turn, ingestions.c.received_at, ingestions.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_ingestion(row) for row in connection.execute(query).mappings()]

    def backlog(self, *, tenant: str) -> tuple[int, int]:
        """Return how many of a tenant are received and not read, and how many bytes they have together."""
        size = func.coalesce(func.sum(ingestions.c.size), 0)
        mine = (ingestions.c.tenant == tenant) & _is(IngestionStatus.RECEIVED)
        with reading(self._engine) as connection:
            count, total = connection.execute(select(func.count(), size).where(mine)).one()
        return int(count), int(total)

    def parsed(self, limit: int = 100) -> list[Ingestion]:
        """Return those that are parsed and not indexed, of every tenant, oldest first."""
        query = (
            select(*_COLUMNS)
            .where(_is(IngestionStatus.PARSED))
            .order_by(ingestions.c.received_at, ingestions.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_ingestion(row) for row in connection.execute(query).mappings()]

    def payload(self, ingestion_id: str) -> bytes | None:
        """Return the bytes; None where they are gone because it was read."""
        query = select(ingestions.c.payload).where(ingestions.c.id == ingestion_id)
        with reading(self._engine) as connection:
            content = connection.execute(query).scalar_one_or_none()
        return None if content is None else bytes(content)

    def settle(self, ingestion: Ingestion) -> None:
        """Write its new state; the bytes of what is not waiting any more are dropped.

        Raises:
            NotFound: there is none of that id.
        """
        values = _row(ingestion)
        if ingestion.status is not IngestionStatus.RECEIVED:
            values["payload"] = None
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(ingestions).where(ingestions.c.id == ingestion.id).values(values)
            )
        if changed.rowcount == 0:
            raise NotFound(f"there is no ingestion {ingestion.id!r}")


def _is(status: IngestionStatus) -> ColumnElement[bool]:
    return ingestions.c.status == status.value


def _row(ingestion: Ingestion) -> dict[str, Any]:
    return asdict(ingestion) | {
        "metadata": dict(ingestion.metadata),
        "status": ingestion.status.value,
        "documents": list(ingestion.documents),
    }


def _ingestion(row: RowMapping) -> Ingestion:
    values = dict(row)
    values["status"] = IngestionStatus(values["status"])
    values["documents"] = tuple(values["documents"])
    return Ingestion(**values)
