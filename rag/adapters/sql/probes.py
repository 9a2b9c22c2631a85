"""What is asked of whoever serves, and the answers."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, insert, or_, select, update
from typing_extensions import override

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import batches
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.probes import probes as table
from rag.domain import Probe, ProbeAnswer, utcnow
from rag.ports import ProbeStore

FORGOTTEN_AFTER = timedelta(hours=1)
"""How long a probe is kept whose asker went away."""


class SqlProbes(SqlStore, ProbeStore):
    """A `ProbeStore` in SQL."""

    @override
    def add(self, probes: Sequence[Probe]) -> None:
        if not probes:
            return
        rows = [to_row(each) for each in probes]
        old = table.c.asked_at < min(each.asked_at for each in probes) - FORGOTTEN_AFTER
        with writing(self._engine) as connection:
            connection.execute(delete(table).where(old))
            connection.execute(insert(table), rows)

    @override
    def take(self, *, replica: str, stale: datetime) -> Probe | None:
        waits = table.c.answered_at.is_(None) & or_(table.c.taken_at.is_(None), table.c.taken_at < stale)
        query = select(table).where(waits).order_by(table.c.asked_at, table.c.id).limit(1)
        # Read first: most often nothing waits, and a write would hold up other writers.
        while (probe := self._one(query, partial(from_json, Probe))) is not None:
            taken = update(table).where((table.c.id == probe.id) & waits)
            with writing(self._engine) as connection:
                mine = connection.execute(taken.values(taken_by=replica, taken_at=utcnow())).rowcount
            if mine:
                return probe
        return None

    @override
    def answer(self, probe_id: str, answer: ProbeAnswer) -> None:
        open_still = (table.c.id == probe_id) & table.c.answered_at.is_(None)
        with writing(self._engine) as connection:
            connection.execute(
                update(table).where(open_still).values(to_row(answer) | {"answered_at": utcnow()})
            )

    @override
    def answers(self, probe_ids: Collection[str]) -> dict[str, ProbeAnswer]:
        found: dict[str, ProbeAnswer] = {}
        for ids in batches(probe_ids):
            query = select(table).where(table.c.id.in_(ids) & table.c.answered_at.is_not(None))
            found |= dict(self._all(query, lambda row: (row["id"], from_json(ProbeAnswer, row))))
        return found

    @override
    def remove(self, probe_ids: Collection[str]) -> None:
        with writing(self._engine) as connection:
            for ids in batches(probe_ids):
                connection.execute(delete(table).where(table.c.id.in_(ids)))
