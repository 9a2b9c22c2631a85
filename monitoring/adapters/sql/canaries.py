"""Vectors of fixed texts as encoders gave them at first."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from typing_extensions import override

from monitoring.adapters.sql.schema import canaries as table
from monitoring.ports import CanaryStore
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import insert_new
from rag.adapters.sql.database.store import SqlStore
from rag.domain import utcnow


class SqlCanaries(SqlStore, CanaryStore):
    """A `CanaryStore` in SQL."""

    @override
    def get(self, encoder: str, texts: str) -> NDArray[np.float32] | None:
        query = select(table).where((table.c.encoder == encoder) & (table.c.texts == texts))
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        return np.frombuffer(row["vectors"], "<f4").reshape(row["count"], -1).astype(np.float32)

    @override
    def keep(self, encoder: str, texts: str, vectors: NDArray[np.float32]) -> None:
        row = {
            "encoder": encoder,
            "texts": texts,
            "count": len(vectors),
            "vectors": np.ascontiguousarray(vectors, "<f4").tobytes(),
            "kept_at": utcnow(),
        }
        with writing(self._engine) as connection:
            insert_new(connection, table, [row])
