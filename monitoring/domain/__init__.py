"""The nouns of monitoring. Frozen, vendor-free; every datetime is aware."""

from monitoring.domain.alarms import Alarm, AlarmEnd
from monitoring.domain.causes import Cause, Diagnosis, Remedy, Topic
from monitoring.domain.deliveries import AlarmEvent, Delivery, Reply, alarm_events
from monitoring.domain.golden import GoldenWatch, Loss, Stand
from monitoring.domain.labels import Judgement, RecallEstimate, Sampled, Shown
from monitoring.domain.passages import PassageSample
from monitoring.domain.reports import ALL_TENANTS, DriftFinding, DriftReport, DriftVerdict, Window
from monitoring.domain.state import MonitoringState, StandingAlarm
from monitoring.domain.watched import BLOCK, LEAST_RUN_LENGTH, MONTH, Look, Watched
from monitoring.domain.watches import Asked, Kept, Known, Unread, Watch

__all__ = [
    "ALL_TENANTS",
    "BLOCK",
    "LEAST_RUN_LENGTH",
    "MONTH",
    "Alarm",
    "AlarmEnd",
    "AlarmEvent",
    "Asked",
    "Cause",
    "Delivery",
    "Diagnosis",
    "DriftFinding",
    "DriftReport",
    "DriftVerdict",
    "GoldenWatch",
    "Judgement",
    "Kept",
    "Known",
    "Look",
    "Loss",
    "MonitoringState",
    "PassageSample",
    "RecallEstimate",
    "Remedy",
    "Reply",
    "Sampled",
    "Shown",
    "Stand",
    "StandingAlarm",
    "Topic",
    "Unread",
    "Watch",
    "Watched",
    "Window",
    "alarm_events",
]
