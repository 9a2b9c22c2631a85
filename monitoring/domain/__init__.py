"""The nouns of monitoring. Frozen, vendor-free; every datetime is aware."""

from monitoring.domain.alarms import Alarm, AlarmEnd
from monitoring.domain.causes import Cause, Diagnosis, Remedy, Topic
from monitoring.domain.golden import Asked, GoldenWatch, Loss, Stand
from monitoring.domain.labels import RecallEstimate, Sampled
from monitoring.domain.reports import DriftFinding, DriftReport, DriftVerdict, PastRecall, Window
from monitoring.domain.watched import Look, Watched

__all__ = [
    "Alarm",
    "AlarmEnd",
    "Asked",
    "Cause",
    "Diagnosis",
    "DriftFinding",
    "DriftReport",
    "DriftVerdict",
    "GoldenWatch",
    "Look",
    "Loss",
    "PastRecall",
    "RecallEstimate",
    "Remedy",
    "Sampled",
    "Stand",
    "Topic",
    "Watched",
    "Window",
]
