"""Deliveries, in the database that serving uses: an outbox that alarms are told from."""

from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, and_, case, func, insert, or_, select, update
from typing_extensions import override

from monitoring.adapters.sql.schema import deliveries
from monitoring.alarms.delivering import content
from monitoring.domain import Alarm, AlarmEvent, Delivery
from monitoring.ports import DeliveryStore
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.store import SqlStore
from rag.domain import new_id

_delivery = partial(from_json, Delivery)
_WAITS = deliveries.c.delivered_at.is_(None) & deliveries.c.dropped_at.is_(None)


def enqueue(connection: Connection, alarm: Alarm, event: AlarmEvent, at: datetime) -> None:
    """Write that the webhook is to hear of an event, in the transaction in which it is written itself."""
    delivery = Delivery(
        id=new_id(), alarm_id=alarm.id, event=event, payload=content(alarm, event, at), at=at, next_at=at
    )
    connection.execute(insert(deliveries).values(to_row(delivery)))


class SqlDeliveries(SqlStore, DeliveryStore):
    """A `DeliveryStore` in SQL."""

    @override
    def due(self, now: datetime, limit: int) -> list[Delivery]:
        before = deliveries.alias("before")
        # Of one moment: opened, acknowledged, ended.
        earlier = or_(
            before.c.at < deliveries.c.at,
            and_(before.c.at == deliveries.c.at, _place(before.c.event) < _place(deliveries.c.event)),
        )
        told_in_order = ~(
            select(before.c.id)
            .where(before.c.alarm_id == deliveries.c.alarm_id, earlier)
            .where(before.c.delivered_at.is_(None), before.c.dropped_at.is_(None))
            .exists()
        )
        query = select(deliveries).where(_WAITS, deliveries.c.next_at <= now, told_in_order)
        return self._all(query.order_by(deliveries.c.next_at, deliveries.c.id).limit(limit), _delivery)

    @override
    def delivered(self, delivery_id: str, at: datetime) -> None:
        self._put(delivery_id, delivered_at=at, error="")

    @override
    def failed(self, delivery_id: str, *, error: str, next_at: datetime) -> None:
        self._put(delivery_id, attempts=deliveries.c.attempts + 1, error=error, next_at=next_at)

    @override
    def dropped(self, delivery_id: str, *, error: str, at: datetime) -> None:
        self._put(delivery_id, error=error, dropped_at=at)

    @override
    def undelivered(self, *, dropped_since: datetime) -> int:
        with reading(self._engine) as connection:
            return undelivered(connection, dropped_since)

    def _put(self, delivery_id: str, **values: object) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**values))


def _place(event: ColumnElement[str]) -> ColumnElement[int]:
    """Return the place of an event in an alarm's life."""
    return case({each.value: place for place, each in enumerate(AlarmEvent)}, value=event)


def undelivered(connection: Connection, dropped_since: datetime) -> int:
    """Return how many deliveries wait, or were given up from then on."""
    query = select(func.count()).where(_WAITS | (deliveries.c.dropped_at >= dropped_since))
    return int(connection.execute(query).scalar_one())
