"""The log of questions, and what people thought of the answers."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select
from typing_extensions import override

from rag.adapters.sql.database.engine import now, reading, writing
from rag.adapters.sql.database.records import to_row
from rag.adapters.sql.database.statements import batches, insert_new
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.log import feedback, interactions, logged
from rag.domain import Feedback, Interaction, InteractionStatus, LoggedHit
from rag.errors import Conflict, NotFound
from rag.ports import FeedbackStore, InteractionStore


class SqlInteractions(SqlStore, InteractionStore):
    """An `InteractionStore` in SQL."""

    @override
    def add_all(self, given: Sequence[Interaction]) -> None:
        rows = [_row(interaction) for interaction in given]
        if not rows:
            return
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(interactions), _logged(connection, rows))
        except Conflict:
            # Rare: only what was spooled may be there already. The statement that minds it is several times as dear.
            with writing(self._engine) as connection:
                insert_new(connection, interactions, _logged(connection, rows))

    @override
    def get(self, interaction_id: str, *, tenant: str) -> Interaction | None:
        mine = (interactions.c.id == interaction_id) & (interactions.c.tenant == tenant)
        return self._one(select(interactions).where(mine), _interaction)

    @override
    def of(self, interaction_ids: Collection[str], *, tenant: str | None = None) -> dict[str, Interaction]:
        with reading(self._engine) as connection:
            return {
                row["id"]: _interaction(row)
                for ids in batches(interaction_ids)
                for row in connection.execute(
                    select(interactions).where(interactions.c.id.in_(ids))
                ).mappings()
                if tenant in (None, row["tenant"])
            }

    @override
    def between(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Interaction]:
        query = select(interactions)
        if tenant is not None:
            query = query.where(interactions.c.tenant == tenant)
        if since is not None:
            query = query.where(interactions.c.asked_at >= since)
        if until is not None:
            query = query.where(interactions.c.asked_at < until)
        order = (interactions.c.asked_at, interactions.c.id)
        query = query.order_by(*(column.desc() if newest_first else column for column in order))
        return self._all(query.limit(limit), _interaction)

    @override
    def count(self) -> int:
        return self._value(select(func.count()).select_from(interactions)) or 0


class SqlFeedback(SqlStore, FeedbackStore):
    """A `FeedbackStore` in SQL."""

    @override
    def add(self, given: Feedback) -> None:
        about = (interactions.c.id == given.interaction_id) & (interactions.c.tenant == given.tenant)
        with writing(self._engine) as connection:
            if connection.execute(select(interactions.c.id).where(about)).first() is None:
                raise NotFound(f"there is no interaction {given.interaction_id!r}")
            insert_new(connection, feedback, [to_row(given)])

    @override
    def of(self, interaction_ids: Collection[str]) -> dict[str, list[Feedback]]:
        found: dict[str, list[Feedback]] = {}
        order = (feedback.c.given_at, feedback.c.id)
        with reading(self._engine) as connection:
            for ids in batches(interaction_ids):
                query = select(feedback).where(feedback.c.interaction_id.in_(ids)).order_by(*order)
                for row in connection.execute(query).mappings():
                    found.setdefault(row["interaction_id"], []).append(Feedback(**row))
        return found


_FIELDS = tuple(each.name for each in fields(Interaction))
_HIT_FIELDS = tuple(each.name for each in fields(LoggedHit))


def _row(interaction: Interaction) -> dict[str, Any]:
    # Neither `asdict` nor `to_row`: for the hits they take as long as the database does.
    row = {name: getattr(interaction, name) for name in _FIELDS}
    row["hits"] = [{name: getattr(hit, name) for name in _HIT_FIELDS} for hit in interaction.hits]
    row["cited"] = list(interaction.cited)
    row["status"] = interaction.status.value
    row["text_key"] = interaction.text_key
    return row


def _logged(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the moment of writing them."""
    # The database's clock, which writers on several machines share, inside their transaction.
    at = now(connection)
    if connection.dialect.name == "sqlite":
        # Writers come one after the other, so that nothing is logged before what is there, whatever a clock does.
        last = (
            select(interactions.c.logged_at).where(logged).order_by(interactions.c.logged_at.desc()).limit(1)
        )
        before = connection.execute(last).scalar_one_or_none()
        at = at if before is None else max(at, before + timedelta(microseconds=1))
    for row in rows:
        row["logged_at"] = at
    return rows


def _interaction(row: RowMapping) -> Interaction:
    return Interaction(
        **{
            **{name: row[name] for name in _FIELDS},
            "hits": tuple(LoggedHit(**hit) for hit in row["hits"]),
            "cited": tuple(row["cited"]),
            "status": InteractionStatus(row["status"]),
        }
    )
