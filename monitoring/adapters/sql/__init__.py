"""Monitoring's tables in the one database, and a store for each."""

from monitoring.adapters.sql.deliveries import SqlDeliveries
from monitoring.adapters.sql.reports import SqlDriftReports
from monitoring.adapters.sql.state import SqlStateReader

__all__ = ["SqlDeliveries", "SqlDriftReports", "SqlStateReader"]
