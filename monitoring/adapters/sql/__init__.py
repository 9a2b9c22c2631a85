"""Monitoring's tables in the one database, and a store for each."""

from monitoring.adapters.sql.alarms import SqlAlarms
from monitoring.adapters.sql.reports import SqlDriftReports

__all__ = ["SqlAlarms", "SqlDriftReports"]
