"""What the documents amount to, without reading them."""

from collections.abc import Collection

from sqlalchemy import func, select
from typing_extensions import override

from rag.adapters.sql.database.engine import reading
from rag.adapters.sql.database.statements import batches
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.documents import changes, documents, passages
from rag.ports import Census


class SqlCensus(SqlStore, Census):
    """A `Census` in SQL."""

    @override
    def passages(self) -> int:
        # The same passage may be there under two settings of splitting; an index holds it once.
        return self._value(select(func.count(passages.c.id.distinct()))) or 0

    @override
    def drawn(self, count: int, *, start: str = "") -> list[str]:
        ids = select(passages.c.id).distinct().order_by(passages.c.id).limit(count)
        with reading(self._engine) as connection:
            found = list(connection.scalars(ids.where(passages.c.id >= start)))
            if start and len(found) < count:
                found += connection.scalars(ids.where(passages.c.id < start).limit(count - len(found)))
        return found

    @override
    def changed_among(self, document_ids: Collection[str], *, after: int) -> frozenset[str]:
        since = select(changes.c.document_id).distinct().where(changes.c.seq > after)
        return frozenset(
            document_id
            for ids in batches(document_ids)
            for document_id in self._all(
                since.where(changes.c.document_id.in_(ids)), lambda row: str(row["document_id"])
            )
        )

    @override
    def there(self, document_ids: Collection[str]) -> frozenset[str]:
        return frozenset(
            document_id
            for ids in batches(document_ids)
            for document_id in self._all(
                select(documents.c.id).where(documents.c.id.in_(ids)), lambda row: str(row["id"])
            )
        )
