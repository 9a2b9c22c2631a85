"""The nouns of monitoring. Frozen, vendor-free; every datetime is aware."""

from monitoring.domain.alarms import Alarm, AlarmEnd
from monitoring.domain.causes import Cause, Diagnosis, Remedy, Topic
from monitoring.domain.deliveries import AlarmEvent, Delivery, Reply, alarm_events
from monitoring.domain.labels import RecallEstimate, Sampled
from monitoring.domain.reports import DriftFinding, DriftReport, DriftVerdict, PastRecall, Window
from monitoring.domain.state import MonitoringState, StandingAlarm
from monitoring.domain.watched import Look, Watched

__all__ = [
    "Alarm",
    "AlarmEnd",
    "AlarmEvent",
    "Cause",
    "Delivery",
    "Diagnosis",
    "DriftFinding",
    "DriftReport",
    "DriftVerdict",
    "Look",
    "MonitoringState",
    "PastRecall",
    "RecallEstimate",
    "Remedy",
    "Reply",
    "Sampled",
    "StandingAlarm",
    "Topic",
    "Watched",
    "Window",
    "alarm_events",
]
