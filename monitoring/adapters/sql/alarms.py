"""Alarms, in the database that serving uses."""

from functools import partial

from sqlalchemy import insert, select, update
from typing_extensions import override

from monitoring.adapters.sql.schema import alarms
from monitoring.domain import Alarm
from monitoring.ports import AlarmStore
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import by_prefix
from rag.adapters.sql.database.store import SqlStore
from rag.errors import Conflict, NotFound

_alarm = partial(from_json, Alarm)


class SqlAlarms(SqlStore, AlarmStore):
    """An `AlarmStore` in SQL."""

    @override
    def add(self, alarm: Alarm) -> None:
        with writing(self._engine) as connection:
            same = (
                (alarms.c.tenant == alarm.tenant)
                & (alarms.c.cause == alarm.cause.value)
                & alarms.c.ended_at.is_(None)
            )
            if connection.execute(select(alarms.c.id).where(same)).first() is not None:
                raise Conflict(f"an alarm of {alarm.cause} stands already for tenant {alarm.tenant!r}")
            connection.execute(insert(alarms).values(to_row(alarm)))

    @override
    def put(self, alarm: Alarm) -> None:
        with writing(self._engine) as connection:
            done = connection.execute(update(alarms).where(alarms.c.id == alarm.id).values(to_row(alarm)))
        if done.rowcount != 1:
            raise NotFound(f"There is no alarm {alarm.id!r}.")

    @override
    def get(self, alarm_id: str, *, tenant: str | None = None) -> Alarm:
        with reading(self._engine) as connection:
            found = _alarm(by_prefix(connection, alarms, alarm_id, "alarm"))
        if tenant is not None and found.tenant != tenant:
            raise NotFound(f"There is no alarm {alarm_id!r} of tenant {tenant!r}.")
        return found

    @override
    def standing(self, *, tenant: str | None = None) -> list[Alarm]:
        query = select(alarms).where(alarms.c.ended_at.is_(None))
        if tenant is not None:
            query = query.where(alarms.c.tenant == tenant)
        return self._all(query.order_by(alarms.c.opened_at, alarms.c.id), _alarm)

    @override
    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[Alarm]:
        query = select(alarms).order_by(alarms.c.opened_at.desc(), alarms.c.id)
        if tenant is not None:
            query = query.where(alarms.c.tenant == tenant)
        return self._all(query.limit(limit), _alarm)
