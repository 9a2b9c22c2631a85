"""What was handed in, as it came, and what became of it."""

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, or_, select, update
from typing_extensions import override

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import to_row
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.documents.changes import last_change
from rag.adapters.sql.schema.ingestions import ingestions
from rag.domain import Ingestion, IngestionStatus, metadata_of
from rag.errors import NotFound
from rag.ports import IngestionStore

# The bytes are read only by who wants them: a list would hold gigabytes.
_COLUMNS = tuple(column for column in ingestions.c if column.name != "payload")


class SqlIngestions(SqlStore, IngestionStore):
    """An `IngestionStore` in SQL."""

    @override
    def add(self, ingestion: Ingestion, payload: bytes) -> None:
        with writing(self._engine) as connection:
            row = to_row(ingestion) | {"since": last_change(connection), "payload": payload}
            connection.execute(insert(ingestions).values(row))

    @override
    def get(self, ingestion_id: str, *, tenant: str) -> Ingestion | None:
        mine = (ingestions.c.id == ingestion_id) & (ingestions.c.tenant == tenant)
        return self._one(select(*_COLUMNS).where(mine), _ingestion)

    @override
    def page(self, *, tenant: str, before: str = "", limit: int = 100) -> list[Ingestion]:
        newest = (ingestions.c.received_at.desc(), ingestions.c.id.desc())
        query = select(*_COLUMNS).where(ingestions.c.tenant == tenant).order_by(*newest).limit(limit)
        if before:
            mine = (ingestions.c.id == before) & (ingestions.c.tenant == tenant)
            last = self._value(select(ingestions.c.received_at).where(mine))
            if last is None:
                return []
            earlier = ingestions.c.received_at < last
            same = and_(ingestions.c.received_at == last, ingestions.c.id < before)
            query = query.where(or_(earlier, same))
        return self._all(query, _ingestion)

    @override
    def waiting(self, limit: int = 10) -> list[Ingestion]:
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
        return self._all(query, _ingestion)

    @override
    def backlog(self, *, tenant: str) -> tuple[int, int]:
        size = func.coalesce(func.sum(ingestions.c.size), 0)
        mine = (ingestions.c.tenant == tenant) & _is(IngestionStatus.RECEIVED)
        with reading(self._engine) as connection:
            count, total = connection.execute(select(func.count(), size).where(mine)).one()
        return int(count), int(total)

    @override
    def waiting_uris(self, *, tenant: str) -> frozenset[str]:
        mine = (ingestions.c.tenant == tenant) & _is(IngestionStatus.RECEIVED)
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(select(ingestions.c.uri).where(mine)))

    @override
    def parsed(self, limit: int = 100) -> list[Ingestion]:
        query = (
            select(*_COLUMNS)
            .where(_is(IngestionStatus.PARSED))
            .order_by(ingestions.c.received_at, ingestions.c.id)
            .limit(limit)
        )
        return self._all(query, _ingestion)

    @override
    def payload(self, ingestion_id: str) -> bytes | None:
        content = self._value(select(ingestions.c.payload).where(ingestions.c.id == ingestion_id))
        return None if content is None else bytes(content)

    @override
    def settle(self, ingestion: Ingestion) -> None:
        values = to_row(ingestion)
        # It was there before the ingestion was known to whoever settles it.
        del values["since"]
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


def _ingestion(row: RowMapping) -> Ingestion:
    status, made = IngestionStatus(row["status"]), tuple(row["documents"])
    return Ingestion(**{**row, "status": status, "documents": made, "metadata": metadata_of(row["metadata"])})
