"""Monitoring's tables in the one database, and a store for each."""

from monitoring.adapters.sql.reports import SqlDriftReports
from monitoring.adapters.sql.sampled import SqlSamples

__all__ = ["SqlDriftReports", "SqlSamples"]
