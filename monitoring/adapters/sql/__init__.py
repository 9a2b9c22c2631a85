"""Monitoring's tables in the one database, and a store for each."""

from monitoring.adapters.sql.alarms import SqlAlarms
from monitoring.adapters.sql.asked import SqlAskedLog
from monitoring.adapters.sql.canaries import SqlCanaries
from monitoring.adapters.sql.deliveries import SqlDeliveries
from monitoring.adapters.sql.golden import SqlGolden
from monitoring.adapters.sql.reports import SqlDriftReports
from monitoring.adapters.sql.sampled import SqlSamples
from monitoring.adapters.sql.state import SqlStateReader
from monitoring.adapters.sql.watched import SqlWatches

__all__ = [
    "SqlAlarms",
    "SqlAskedLog",
    "SqlCanaries",
    "SqlDeliveries",
    "SqlDriftReports",
    "SqlGolden",
    "SqlSamples",
    "SqlStateReader",
    "SqlWatches",
]
