"""The nouns of monitoring. Frozen, vendor-free; every datetime is aware."""

from monitoring.domain.alarms import Alarm, AlarmEnd
from monitoring.domain.causes import Cause, Diagnosis, Remedy, Topic
from monitoring.domain.labels import Judgement, RecallEstimate, Sampled, Shown
from monitoring.domain.reports import DriftFinding, DriftReport, DriftVerdict, PastRecall, Window
from monitoring.domain.watched import Look, Watched

__all__ = [
    "Alarm",
    "AlarmEnd",
    "Cause",
    "Diagnosis",
    "DriftFinding",
    "DriftReport",
    "DriftVerdict",
    "Judgement",
    "Look",
    "PastRecall",
    "RecallEstimate",
    "Remedy",
    "Sampled",
    "Shown",
    "Topic",
    "Watched",
    "Window",
]
