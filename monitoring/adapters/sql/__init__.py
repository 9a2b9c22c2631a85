"""Monitoring's tables in the one database, and a store for each."""

from monitoring.adapters.sql.asked import SqlAskedLog
from monitoring.adapters.sql.reports import SqlDriftReports
from monitoring.adapters.sql.watched import SqlWatches

__all__ = ["SqlAskedLog", "SqlDriftReports", "SqlWatches"]
