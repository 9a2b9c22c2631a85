"""The present state of monitoring, read at a cost that does not grow with what is kept."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, select
from typing_extensions import override

from monitoring.adapters.sql.deliveries import undelivered
from monitoring.adapters.sql.schema import alarms, drift_reports
from monitoring.domain import (
    ALL_TENANTS,
    Cause,
    DriftFinding,
    DriftVerdict,
    MonitoringState,
    Remedy,
    StandingAlarm,
)
from monitoring.ports import StateReader
from rag.adapters.sql.database.engine import reading
from rag.adapters.sql.database.records import from_json
from rag.adapters.sql.database.store import SqlStore

MOST_ALARMS = 1_000
"""Standing alarms that are counted."""

LATELY = timedelta(days=1)
"""So long a delivery that was given up is counted among those that did not arrive."""

_BACK = 48
"""Reports among which the newest is looked for at which something was new."""


class SqlStateReader(SqlStore, StateReader):
    """A `StateReader` in SQL."""

    @override
    def state(self, *, tenant: str, now: datetime) -> MonitoringState:
        with reading(self._engine) as connection:
            reports = _newest(connection, tenant) or _newest(connection, ALL_TENANTS)
            return MonitoringState(
                alarms=_standing(connection),
                checked_at=reports[0].created_at if reports else None,
                findings=_findings(connection, reports),
                undelivered=undelivered(connection, now - LATELY),
            )


def _standing(connection: Connection) -> tuple[StandingAlarm, ...]:
    columns = (alarms.c.cause, alarms.c.remedy, alarms.c.opened_at, alarms.c.acknowledged_by)
    query = (
        select(*columns).where(alarms.c.ended_at.is_(None)).order_by(alarms.c.opened_at).limit(MOST_ALARMS)
    )
    return tuple(
        StandingAlarm(
            cause=Cause(row.cause),
            remedy=Remedy(row.remedy),
            opened_at=row.opened_at,
            acknowledged=bool(row.acknowledged_by),
        )
        for row in connection.execute(query)
    )


def _newest(connection: Connection, tenant: str) -> list[Row[tuple[str, datetime, str]]]:
    query = select(drift_reports.c.id, drift_reports.c.created_at, drift_reports.c.verdict)
    query = query.where(drift_reports.c.tenant == tenant)
    return list(connection.execute(query.order_by(drift_reports.c.created_at.desc()).limit(_BACK)))


def _findings(
    connection: Connection, reports: list[Row[tuple[str, datetime, str]]]
) -> tuple[DriftFinding, ...]:
    """Return each signal's newest finding: where nobody asked since, signals of questions say nothing anew."""
    if not reports:
        return ()
    wanted = [reports[0].id]
    if reports[0].verdict == DriftVerdict.NOTHING_NEW:
        wanted += [each.id for each in reports if each.verdict != DriftVerdict.NOTHING_NEW][:1]
    query = select(drift_reports.c.id, drift_reports.c.findings).where(drift_reports.c.id.in_(wanted))
    read = {row.id: row.findings for row in connection.execute(query)}
    found: dict[str, DriftFinding] = {}
    for report in wanted:
        for each in read.get(report, ()):
            finding = from_json(DriftFinding, each)
            found.setdefault(finding.name, finding)
    return tuple(found.values())
