"""Alarms, in the database that serving uses."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, insert, select, update
from typing_extensions import override

from monitoring.adapters.sql.deliveries import enqueue
from monitoring.adapters.sql.schema import alarms
from monitoring.domain import Alarm, AlarmEvent, alarm_events
from monitoring.ports import AlarmStore
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import by_prefix
from rag.adapters.sql.database.store import SqlStore
from rag.errors import NotFound

_alarm = partial(from_json, Alarm)


class SqlAlarms(SqlStore, AlarmStore):
    """An `AlarmStore` in SQL; its index holds that one alarm stands for one cause of a tenant.

    What the webhook is to hear of a change is written in the same transaction.
    """

    @override
    def add(self, alarm: Alarm) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(alarms).values(to_row(alarm)))
            _tell(connection, None, alarm)

    @override
    def change(self, alarm_id: str, to: Callable[[Alarm], Alarm]) -> Alarm:
        with writing(self._engine) as connection:
            query = select(alarms).where(alarms.c.id == alarm_id).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is None:
                raise NotFound(f"there is no alarm {alarm_id!r}")
            before = _alarm(row)
            changed = to(before)
            connection.execute(update(alarms).where(alarms.c.id == alarm_id).values(to_row(changed)))
            _tell(connection, before, changed)
        return changed

    @override
    def get(self, alarm_id: str, *, tenant: str | None = None) -> Alarm:
        with reading(self._engine) as connection:
            found = _alarm(by_prefix(connection, alarms, alarm_id, "alarm"))
        if tenant is not None and found.tenant != tenant:
            raise NotFound(f"there is no alarm {alarm_id!r}")
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


def _tell(connection: Connection, before: Alarm | None, after: Alarm) -> None:
    """Write what the webhook is to hear of."""
    for event in alarm_events(before, after):
        enqueue(connection, after, event, _when(after, event))


def _when(alarm: Alarm, event: AlarmEvent) -> datetime:
    moments = {AlarmEvent.ACKNOWLEDGED: alarm.acknowledged_at, AlarmEvent.ENDED: alarm.ended_at}
    return moments.get(event) or alarm.opened_at
