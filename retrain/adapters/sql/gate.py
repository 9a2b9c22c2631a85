"""What is known of gate questions: how often they were looked at, and which of them have ever been answered."""

from collections.abc import Collection

from sqlalchemy import Connection, Engine, func, select, text

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import batches, insert_new
from rag.domain import utcnow
from retrain.adapters.sql.schema import anchors, gate_looks


class SqlGateLooks:
    """How often each set of gate questions was looked at; written while the lease of retraining is held."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, gate: str) -> int:
        """Return the looks at the gate questions of that digest so far."""
        with reading(self._engine) as connection:
            return _looks(connection, gate)

    def look(self, gate: str, *, candidate: str, incumbent: str) -> int:
        """Take down a look and return its number, from 1; the same comparison again has the number it had."""
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


class SqlAnchors:
    """Gate questions that a live release has answered. Only ever added to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def freeze(self, questions: Collection[str], *, release: str) -> None:
        """Write down that a release answered these; what is there stays as it is."""
        at = utcnow()
        rows = [{"question": each, "release": release, "frozen_at": at} for each in sorted(set(questions))]
        with writing(self._engine) as connection:
            insert_new(connection, anchors, rows)

    def among(self, questions: Collection[str]) -> frozenset[str]:
        """Return those of the questions that were ever written down."""
        found: set[str] = set()
        with reading(self._engine) as connection:
            for some in batches(questions):
                query = select(anchors.c.question).where(anchors.c.question.in_(some))
                found.update(connection.execute(query).scalars())
        return frozenset(found)
