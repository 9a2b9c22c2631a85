"""The nouns of monitoring. Frozen, vendor-free; every datetime is aware."""

from monitoring.domain.alarms import Alarm, AlarmEnd
from monitoring.domain.causes import Cause, Diagnosis, Remedy, Topic
from monitoring.domain.labels import RecallEstimate, Sampled
from monitoring.domain.reports import ALL_TENANTS, DriftFinding, DriftReport, DriftVerdict, PastRecall, Window
from monitoring.domain.watched import Look, Watched

__all__ = [
    "ALL_TENANTS",
    "Alarm",
    "AlarmEnd",
    "Cause",
    "Diagnosis",
    "DriftFinding",
    "DriftReport",
    "DriftVerdict",
    "Look",
    "PastRecall",
    "RecallEstimate",
    "Remedy",
    "Sampled",
    "Topic",
    "Watched",
    "Window",
]
