"""What monitoring shows of its present state."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.domain.causes import Cause, Remedy
from monitoring.domain.reports import DriftFinding


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingAlarm:
    """What is counted of an alarm that stands."""

    cause: Cause
    remedy: Remedy
    opened_at: datetime
    acknowledged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitoringState:
    """Monitoring at one moment."""

    alarms: tuple[StandingAlarm, ...] = ()  # of every tenant
    checked_at: datetime | None = None  # when the newest report was made; None: there is none
    findings: tuple[DriftFinding, ...] = ()  # of each signal the newest, where nothing was new since included
    undelivered: int | None = 0  # webhooks that wait, or were given up lately; None: nobody wants any
