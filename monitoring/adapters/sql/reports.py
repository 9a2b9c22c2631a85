"""Drift reports, in the database that serving uses."""

from datetime import datetime
from functools import partial

from sqlalchemy import insert, literal, select
from typing_extensions import override

from monitoring.adapters.sql.schema import drift_reports
from monitoring.domain import DriftReport
from monitoring.ports import DriftReportStore
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import by_prefix
from rag.adapters.sql.database.store import SqlStore

_report = partial(from_json, DriftReport)


class SqlDriftReports(SqlStore, DriftReportStore):
    """A `DriftReportStore` in SQL."""

    @override
    def add(self, report: DriftReport) -> None:
        """Write one; Conflict where one of that id is there."""
        with writing(self._engine) as connection:
            connection.execute(insert(drift_reports).values(to_row(report)))

    @override
    def get(self, report_id: str) -> DriftReport:
        """Return one as the port says; a prefix has 4 characters or more."""
        with reading(self._engine) as connection:
            return _report(by_prefix(connection, drift_reports, report_id, "drift report"))

    @override
    def newest(
        self, limit: int = 50, *, tenant: str | None = None, since: datetime | None = None
    ) -> list[DriftReport]:
        light = [each for each in drift_reports.c if each.name != "snapshot"]
        query = select(*light, literal("").label("snapshot"))
        if tenant is not None:
            query = query.where(drift_reports.c.tenant == tenant)
        if since is not None:
            query = query.where(drift_reports.c.created_at >= since)
        newest_first = query.order_by(drift_reports.c.created_at.desc(), drift_reports.c.id)
        return self._all(newest_first.limit(limit), _report)
