"""The log of questions, and what people thought of the answers."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping, func, insert, select

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import batches, insert_new
from rag.adapters.sql.schema.log import feedback, interactions
from rag.domain import Feedback, Interaction, InteractionStatus, LoggedHit
from rag.errors import Conflict, NotFound


class SqlInteractions:
    """The log of questions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_all(self, given: Sequence[Interaction]) -> None:
        """Write several in one transaction; those that are there already are left as they are."""
        rows = [_row(interaction) for interaction in given]
        try:
            with writing(self._engine) as connection:
                if rows:
                    connection.execute(insert(interactions), rows)
        except Conflict:
            # Rare: only what was spooled may be there already. The statement that minds it is several times as dear.
            with writing(self._engine) as connection:
                insert_new(connection, interactions, rows)

    def get(self, interaction_id: str, *, tenant: str) -> Interaction | None:
        """Return one."""
        mine = (interactions.c.id == interaction_id) & (interactions.c.tenant == tenant)
        with reading(self._engine) as connection:
            row = connection.execute(select(interactions).where(mine)).mappings().one_or_none()
        return None if row is None else _interaction(row)

    def between(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Interaction]:
        """Return those with since <= asked_at < until, oldest first unless said otherwise."""
        query = select(interactions)
        if tenant is not None:
            query = query.where(interactions.c.tenant == tenant)
        if since is not None:
            query = query.where(interactions.c.asked_at >= since)
        if until is not None:
            query = query.where(interactions.c.asked_at < until)
        order = (interactions.c.asked_at, interactions.c.id)
        query = query.order_by(*(column.desc() if newest_first else column for column in order))
        with reading(self._engine) as connection:
            return [_interaction(row) for row in connection.execute(query.limit(limit)).mappings()]

    def count(self) -> int:
        """Number of interactions."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(interactions)).scalar_one()


class SqlFeedback:
    """What people thought of the answers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, given: Feedback) -> None:
        """Write one; one that is there already is left as it is.

        Raises:
            NotFound: the tenant has no such interaction.
        """
        about = (interactions.c.id == given.interaction_id) & (interactions.c.tenant == given.tenant)
        with writing(self._engine) as connection:
            if connection.execute(select(interactions.c.id).where(about)).first() is None:
                raise NotFound(f"there is no interaction {given.interaction_id!r}")
            insert_new(connection, feedback, [asdict(given)])

    def of(self, interaction_ids: Collection[str]) -> dict[str, list[Feedback]]:
        """Return interaction id -> its feedback, oldest first."""
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
    # Not `asdict`, whose deep copies take as long as the database does.
    row = {name: getattr(interaction, name) for name in _FIELDS}
    row["hits"] = [{name: getattr(hit, name) for name in _HIT_FIELDS} for hit in interaction.hits]
    row["cited"] = list(interaction.cited)
    row["status"] = interaction.status.value
    return row


def _interaction(row: RowMapping) -> Interaction:
    return Interaction(
        **{
            **row,
            "hits": tuple(LoggedHit(**hit) for hit in row["hits"]),
            "cited": tuple(row["cited"]),
            "status": InteractionStatus(row["status"]),
        }
    )
