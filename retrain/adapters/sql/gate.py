"""What is known of gate questions: how often they were looked at, and which of them have ever been answered."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select, text
from typing_extensions import override

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import batches, insert_new
from rag.adapters.sql.database.store import SqlStore
from rag.domain import utcnow
from retrain.adapters.sql.schema import anchors, gate_looks
from retrain.ports import AnchorStore, GateLookStore


class SqlGateLooks(SqlStore, GateLookStore):
    """A `GateLookStore` in SQL; written while the lease of retraining is held."""

    @override
    def count(self, gate: str) -> int:
        with reading(self._engine) as connection:
            return _looks(connection, gate)

    @override
    def look(self, gate: str, *, candidate: str, incumbent: str) -> int:
        key = {"gate": gate, "candidate": candidate, "incumbent": incumbent}
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                # SQLite has one writer at a time; here two could count the same looks before either has written.
                connection.execute(text("LOCK TABLE gate_looks IN SHARE ROW EXCLUSIVE MODE"))
            row = key | {"number": _looks(connection, gate) + 1, "at": utcnow()}
            insert_new(connection, gate_looks, [row])
            mine = select(gate_looks.c.number).where(
                *(gate_looks.c[name] == value for name, value in key.items())
            )
            return int(connection.execute(mine).scalar_one())


def _looks(connection: Connection, gate: str) -> int:
    query = select(func.count()).select_from(gate_looks).where(gate_looks.c.gate == gate)
    return int(connection.execute(query).scalar_one())


class SqlAnchors(SqlStore, AnchorStore):
    """An `AnchorStore` in SQL."""

    @override
    def freeze(self, questions: Collection[str], *, release: str) -> None:
        at = utcnow()
        rows = [{"question": each, "release": release, "frozen_at": at} for each in sorted(set(questions))]
        with writing(self._engine) as connection:
            insert_new(connection, anchors, rows)

    @override
    def among(self, questions: Collection[str]) -> frozenset[str]:
        found: set[str] = set()
        with reading(self._engine) as connection:
            for some in batches(questions):
                query = select(anchors.c.question).where(anchors.c.question.in_(some))
                found.update(connection.execute(query).scalars())
        return frozenset(found)
