"""Monitoring's tables in the one database, and a store for each."""

from monitoring.adapters.sql.canaries import SqlCanaries
from monitoring.adapters.sql.golden import SqlGolden
from monitoring.adapters.sql.reports import SqlDriftReports

__all__ = ["SqlCanaries", "SqlDriftReports", "SqlGolden"]
