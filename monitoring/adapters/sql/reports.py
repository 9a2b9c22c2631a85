"""Drift reports, in the database that serving uses."""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import partial

from sqlalchemy import RowMapping, Text, cast, insert, literal, or_, select
from typing_extensions import override

from monitoring.adapters.sql.schema import drift_reports
from monitoring.domain import DriftReport, DriftVerdict, PastRecall
from monitoring.ports import DriftReportStore
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import by_prefix
from rag.adapters.sql.database.store import SqlStore

RECALLS_AT_ONCE = 50
"""Reports of which one statement reads the golden recall; most often the first one is the only one wanted."""


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

    @override
    def recalls(
        self, *, tenant: str, releases: Collection[str] | None = None, newest_first: bool = False
    ) -> Iterator[PastRecall]:
        at, key = drift_reports.c.created_at, drift_reports.c.id
        some = (drift_reports.c.tenant == tenant) & (cast(drift_reports.c.golden_recall, Text) != "{}")
        if releases is not None:
            some &= drift_reports.c.release.in_(sorted(releases))
        query = (
            select(key, at, drift_reports.c.golden_recall, drift_reports.c.findings)
            .where(some)
            .order_by(*((at.desc(), key.desc()) if newest_first else (at, key)))
            .limit(RECALLS_AT_ONCE)
        )
        page = query
        while True:
            some_past = self._all(page, _past)
            yield from some_past
            if len(some_past) < RECALLS_AT_ONCE:
                return
            last, last_key = some_past[-1].created_at, some_past[-1].report
            # Said of the moment alone first, because that is what the index is over.
            beyond = (at <= last, or_(at < last, key < last_key))
            if not newest_first:
                beyond = (at >= last, or_(at > last, key > last_key))
            page = query.where(*beyond)


def _past(row: RowMapping) -> PastRecall:
    return PastRecall(
        report=row["id"],
        created_at=row["created_at"],
        recall=row["golden_recall"],
        verdicts={finding["name"]: DriftVerdict(finding["verdict"]) for finding in row["findings"]},
    )
