"""What is told of alarms to other programs, and how that went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from monitoring.domain.alarms import Alarm


class AlarmEvent(StrEnum):
    """What happened to an alarm."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ENDED = "ended"


def alarm_events(before: Alarm | None, after: Alarm) -> tuple[AlarmEvent, ...]:
    """Return what happened between two states of an alarm, in order; `before` is None where it is new."""
    events = [AlarmEvent.OPENED] if before is None else []
    if after.acknowledged_by and (before is None or not before.acknowledged_by):
        events.append(AlarmEvent.ACKNOWLEDGED)
    if not after.standing and (before is None or before.standing):
        events.append(AlarmEvent.ENDED)
    return tuple(events)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One event that the webhook is to hear of."""

    id: str  # the same at every try, so that a receiver can tell a second copy
    alarm_id: str
    event: AlarmEvent
    payload: Mapping[str, Any]  # what is sent, as it was when it happened
    at: datetime  # when it happened
    next_at: datetime  # not tried before
    attempts: int = 0  # that failed
    error: str = ""  # why the last one did
    delivered_at: datetime | None = None
    dropped_at: datetime | None = None  # given up


class Reply(StrEnum):
    """What a receiver says to a delivery that reached it."""

    TAKEN = "taken"
    GONE = "gone"  # it wants no more
