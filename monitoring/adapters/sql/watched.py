"""Watches, and the questions that they keep."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from typing_extensions import override

from monitoring.adapters.sql.schema import watched_questions, watches
from monitoring.domain import Kept, Watch
from monitoring.ports import WatchStore
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import to_row
from rag.adapters.sql.database.statements import BATCH, batches
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.log import interactions
from rag.errors import Conflict


class SqlWatches(SqlStore, WatchStore):
    """A `WatchStore` in SQL."""

    @override
    def get(self, tenant: str) -> Watch | None:
        return self._one(select(watches).where(watches.c.tenant == tenant), lambda row: Watch(**row))

    @override
    def questions(self, tenant: str) -> list[Kept]:
        mine = watched_questions.c.tenant == tenant
        return self._all(select(watched_questions).where(mine).order_by(watched_questions.c.position), _kept)

    @override
    def put(
        self,
        watch: Watch,
        *,
        before: Watch | None,
        added: Sequence[Kept] = (),
        referenced: Collection[int] | None = None,
        removed: Collection[int] = (),
    ) -> None:
        with writing(self._engine) as connection:
            _move(connection, watch, before)
            rows = [_row(watch.tenant, each) for each in _existing(connection, added)]
            if rows:
                connection.execute(insert(watched_questions), rows)
            if referenced is not None:
                _refer(connection, watch.tenant, referenced)
            mine = watched_questions.c.tenant == watch.tenant
            for some in _in_parts(removed):
                connection.execute(
                    delete(watched_questions).where(mine, watched_questions.c.position.in_(some))
                )

    @override
    def completed(self, tenant: str, *, position: int) -> None:
        behind = (watches.c.tenant == tenant) & (watches.c.looked < position)
        with writing(self._engine) as connection:
            connection.execute(update(watches).where(behind).values(looked=position))


def _move(connection: Connection, watch: Watch, before: Watch | None) -> None:
    """Write the watch's row where it still is as it was before, or is not there yet."""
    if before is None:
        # Another process that made it first is a Conflict by its key.
        connection.execute(insert(watches).values(to_row(watch)))
        return
    row = {name: value for name, value in to_row(watch).items() if name not in ("tenant", "looked")}
    unmoved = (
        (watches.c.tenant == watch.tenant)
        & (watches.c.position == before.position)
        & (watches.c.since == before.since)
        & (watches.c.decided == before.decided)
    )
    if connection.execute(update(watches).where(unmoved).values(row)).rowcount != 1:
        raise Conflict(f"another check of tenant {watch.tenant!r} is under way; try again when it has ended")


def _existing(connection: Connection, added: Sequence[Kept]) -> list[Kept]:
    there: set[str] = set()
    for ids in batches([each.interaction_id for each in added]):
        there.update(connection.scalars(select(interactions.c.id).where(interactions.c.id.in_(ids))))
    return [each for each in added if each.interaction_id in there]


def _refer(connection: Connection, tenant: str, positions: Collection[int]) -> None:
    """Mark exactly these as the reference's."""
    mine = watched_questions.c.tenant == tenant
    marked = select(watched_questions.c.position).where(mine, watched_questions.c.in_reference)
    now, wanted = set(connection.scalars(marked)), set(positions)
    for value, changed in ((False, now - wanted), (True, wanted - now)):
        for some in _in_parts(changed):
            these = mine & watched_questions.c.position.in_(some)
            connection.execute(update(watched_questions).where(these).values(in_reference=value))


def _in_parts(positions: Collection[int]) -> list[list[int]]:
    ordered = sorted(positions)
    return [ordered[at : at + BATCH] for at in range(0, len(ordered), BATCH)]


def _row(tenant: str, kept: Kept) -> dict[str, Any]:
    # Half the room of float32; cosines are off by a thousandth at most.
    vector = np.asarray(kept.vector, dtype="<f2").tobytes()
    return {
        "tenant": tenant,
        "position": kept.position,
        "interaction_id": kept.interaction_id,
        "asked_at": kept.asked_at,
        "text_key": kept.text_key,
        "in_reference": kept.in_reference,
        "vector": vector,
    }


def _kept(row: RowMapping) -> Kept:
    values = {name: value for name, value in row.items() if name != "tenant"}
    return Kept(**{**values, "vector": np.frombuffer(row["vector"], dtype="<f2")})
