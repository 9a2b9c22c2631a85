"""How far each index has come."""

from typing import Any

from sqlalchemy import delete, select
from typing_extensions import override

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.statements import upsert
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.documents import index_cursors
from rag.ports import IndexCursors


class SqlCursors(SqlStore, IndexCursors):
    """`IndexCursors` in SQL."""

    @override
    def cursor(self, index: str) -> int | None:
        return self._value(select(index_cursors.c.seq).where(index_cursors.c.index_name == index))

    @override
    def set_cursor(self, index: str, seq: int) -> None:
        self._set(index, "seq", seq)

    @override
    def backfill(self, index: str) -> str | None:
        return self._value(select(index_cursors.c.backfill).where(index_cursors.c.index_name == index))

    @override
    def set_backfill(self, index: str, document_id: str | None) -> None:
        self._set(index, "backfill", document_id)

    @override
    def forget(self, index: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(index_cursors).where(index_cursors.c.index_name == index))

    def _set(self, index: str, column: str, value: Any) -> None:
        with writing(self._engine) as connection:
            upsert(connection, index_cursors, {"index_name": index, column: value})
