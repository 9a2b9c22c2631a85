"""Sampled live questions, in the database that serving uses."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Select, select, update
from typing_extensions import override

from monitoring.adapters.sql.schema import sampled_questions
from monitoring.domain import Sampled
from monitoring.ports import SampleStore
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import insert_new
from rag.adapters.sql.database.store import SqlStore
from rag.errors import NotFound

_sampled = partial(from_json, Sampled)
_of = sampled_questions.c
_ORDER = (_of.drawn_at, _of.asked_at, _of.id)


class SqlSamples(SqlStore, SampleStore):
    """A `SampleStore` in SQL."""

    @override
    def add(self, sampled: Sequence[Sampled]) -> int:
        with writing(self._engine) as connection:
            return insert_new(connection, sampled_questions, [to_row(each) for each in sampled])

    @override
    def judge(self, sampled: Sampled) -> None:
        self._change(sampled, ("judged", "judge", "signs"))

    @override
    def label(self, sampled: Sampled) -> None:
        self._change(sampled, ("found", "answerable", "labelled_by", "labelled_at"))

    @override
    def get(self, sampled_id: str, *, tenant: str) -> Sampled:
        mine = (_of.id == sampled_id) & (_of.tenant == tenant)
        with reading(self._engine) as connection:
            row = connection.execute(select(sampled_questions).where(mine)).mappings().first()
        if row is None:
            raise _missing(sampled_id)
        return _sampled(row)

    @override
    def since(
        self,
        *,
        tenant: str,
        since: datetime,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Sampled]:
        # Said of the draw as well, which is later than the question, because the index is in its order.
        from_then = (_of.tenant == tenant, _of.drawn_at >= since, _of.asked_at >= since)
        query = select(sampled_questions).where(*from_then)
        order = (column.desc() if newest_first else column for column in _ORDER)
        return self._all(query.order_by(*order).limit(limit), _sampled)

    @override
    def unjudged(self, *, tenant: str, since: datetime, limit: int) -> list[Sampled]:
        return self._all(self._drawn(tenant, since).where(_of.judged.is_(None)).limit(limit), _sampled)

    @override
    def queue(self, *, tenant: str, since: datetime, limit: int) -> list[Sampled]:
        waiting = self._drawn(tenant, since).where(_of.queued, _of.labelled_at.is_(None))
        return self._all(waiting.limit(limit), _sampled)

    def _change(self, sampled: Sampled, columns: Collection[str]) -> None:
        """Write some columns: a person and a machine may say something at the same moment."""
        row = to_row(sampled)
        mine = (_of.id == sampled.id) & (_of.tenant == sampled.tenant)
        with writing(self._engine) as connection:
            changed = update(sampled_questions).where(mine).values({name: row[name] for name in columns})
            if not connection.execute(changed).rowcount:
                raise _missing(sampled.id)

    @staticmethod
    def _drawn(tenant: str, since: datetime) -> Select[tuple[object, ...]]:
        query = select(sampled_questions).where(_of.tenant == tenant, _of.drawn_at >= since)
        return query.order_by(*_ORDER)


def _missing(sampled_id: str) -> NotFound:
    return NotFound(f"There is no sampled question {sampled_id!r}.")
