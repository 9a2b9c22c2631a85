"""What monitoring needs from the outside, as Protocols."""

from monitoring.ports.alarms import (
    AlarmStore,
    DeliveryStore,
    StateReader,
    Webhook,
)
from monitoring.ports.labels import (
    RecallJudge,
    SampleStore,
    WordSearch,
)
from monitoring.ports.questions import (
    AskedLog,
    PassageFiles,
    WatchStore,
)
from monitoring.ports.reports import (
    DriftReportStore,
    ReportRenderer,
)
from monitoring.ports.serving import (
    CanaryStore,
    GoldenStore,
    IndexState,
    LiveIndex,
    Nearest,
    Served,
    Stored,
)

__all__ = [
    "AlarmStore",
    "AskedLog",
    "CanaryStore",
    "DeliveryStore",
    "DriftReportStore",
    "GoldenStore",
    "IndexState",
    "LiveIndex",
    "Nearest",
    "PassageFiles",
    "RecallJudge",
    "ReportRenderer",
    "SampleStore",
    "Served",
    "StateReader",
    "Stored",
    "WatchStore",
    "Webhook",
    "WordSearch",
]
