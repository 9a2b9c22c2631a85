"""Drift reports, on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from doubles.drift_report import FINDING, drift_report
from sqlalchemy import event

from monitoring.adapters.sql import SqlDriftReports
from monitoring.domain import DriftReport, DriftVerdict
from rag.adapters.sql.stores import Stores
from rag.domain import new_id, utcnow
from rag.errors import Conflict, InvalidInput, NotFound


def make(**values: object) -> DriftReport:
    """Make a report with a finding that has numbers and one that has none, and a large snapshot."""
    silent = replace(
        FINDING,
        name="labelled_recall@10",
        statistic=None,
        threshold=None,
        p_value=None,
        verdict=DriftVerdict.NOT_ENOUGH_DATA,
    )
    large = {"findings": (FINDING, silent), "snapshot": '{"nested": "\\u0000 ö"}' * 10_000}
    return drift_report(**{"id": new_id(), "created_at": utcnow(), **large, **values})


@pytest.fixture
def reports(any_stores: Stores) -> SqlDriftReports:
    """An empty store."""
    return SqlDriftReports(any_stores.engine)


def test_a_report_comes_back_as_it_was_written(reports: SqlDriftReports) -> None:
    """Findings, windows and a large snapshot included."""
    written = make()
    reports.add(written)
    assert reports.get(written.id) == written
    with pytest.raises(Conflict):
        reports.add(written)


def test_reports_newest_first_of_one_tenant(reports: SqlDriftReports) -> None:
    """Of all tenants unless one is named; without their snapshots; from a moment on where one is given."""
    now = utcnow()
    made = [
        make(tenant=tenant, created_at=now - timedelta(hours=hours))
        for hours, tenant in enumerate(("ours", "theirs", "ours"))
    ]
    for report in reversed(made):
        reports.add(report)
    ours, theirs, old = (replace(report, snapshot="") for report in made)
    assert reports.newest() == [ours, theirs, old]
    assert reports.newest(tenant="ours") == [ours, old]
    assert reports.newest(1, tenant="ours") == [ours]
    assert reports.newest(since=theirs.created_at) == [ours, theirs]
    assert reports.newest(tenant="ours", since=theirs.created_at) == [ours]


def test_a_report_is_found_by_a_prefix_that_fits_it_alone(reports: SqlDriftReports) -> None:
    """Four characters are enough, unless they fit several."""
    first, second = make(id="abcd1"), make(id="abcd2")
    reports.add(first)
    reports.add(second)
    assert reports.get("abcd2") == second
    with pytest.raises(InvalidInput, match="drift report 'abcd'"):
        reports.get("abcd")
    with pytest.raises(NotFound, match="drift report 'wxyz'"):
        reports.get("wxyz")


def test_the_newest_are_read_without_their_snapshots(reports: SqlDriftReports, any_stores: Stores) -> None:
    """A year of reports weighs gigabytes in snapshots; a list is one statement, and reads none."""
    for _ in range(3):
        reports.add(make())
    statements: list[str] = []
    event.listen(
        any_stores.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_rest: statements.append(sql)
    )

    assert len(reports.newest()) == 3

    (read,) = [statement for statement in statements if "drift_reports" in statement]
    assert "drift_reports.snapshot" not in read
