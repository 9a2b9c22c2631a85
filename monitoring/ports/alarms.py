"""What stands, and whom it is told."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from monitoring.domain import Alarm, Delivery, MonitoringState, Reply


class AlarmStore(Protocol):
    """Alarms, standing and ended."""

    def add(self, alarm: Alarm) -> None:
        """Write one; Conflict where one of that tenant and cause stands already."""
        ...

    def change(self, alarm_id: str, to: Callable[[Alarm], Alarm]) -> Alarm:
        """Write what `to` makes of an alarm, and return it; nobody else writes to it meanwhile.

        What `to` raises is raised, and nothing written; NotFound where there is none of that id.
        """
        ...

    def get(self, alarm_id: str, *, tenant: str | None = None) -> Alarm:
        """Return one by its id or a prefix that fits one alone; NotFound, InvalidInput as for reports."""
        ...

    def standing(self, *, tenant: str | None = None) -> list[Alarm]:
        """Return those that have not ended, the oldest first."""
        ...

    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[Alarm]:
        """Return the newest first, ended ones too."""
        ...


class DeliveryStore(Protocol):
    """What the webhook is to hear of. It is written with the alarm, in one transaction, by the alarms' store."""

    def due(self, now: datetime, limit: int) -> list[Delivery]:
        """Return what waits and may be tried now, the longest due first.

        Of one alarm the earliest alone, so that it is told in order.
        """
        ...

    def delivered(self, delivery_id: str, at: datetime) -> None:
        """Write that it was taken."""
        ...

    def failed(self, delivery_id: str, *, error: str, next_at: datetime) -> None:
        """Write that a try failed, and from when on the next one may be made."""
        ...

    def dropped(self, delivery_id: str, *, error: str, at: datetime) -> None:
        """Write that it was given up."""
        ...

    def undelivered(self, *, dropped_since: datetime) -> int:
        """Return how many wait, or were given up from then on."""
        ...


class Webhook(Protocol):
    """The program that wants to hear of alarms."""

    def send(self, delivery: Delivery) -> Reply:
        """Hand it over, once.

        Raises:
            UpstreamFailed: it could not be reached or did not take it; a later try may help. The text holds nothing
                secret; `retry_after_s` is set where the receiver named a time.
        """
        ...


class StateReader(Protocol):
    """Looks at what monitoring keeps, for those who draw it."""

    def state(self, *, tenant: str, now: datetime) -> MonitoringState:
        """Return the present state, at a cost that does not grow with what is kept.

        Reports are the tenant's; where it has none, those over all tenants.
        """
        ...
