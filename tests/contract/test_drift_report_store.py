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


def test_golden_recall_of_every_report_oldest_first(reports: SqlDriftReports) -> None:
    """However many there are; of one tenant, of one release or any, in either direction, two at one moment included."""
    now = utcnow()
    stored = [
        make(
            id=f"{number:03}",
            release="old" if number < 130 else "live",
            created_at=now + timedelta(hours=number // 2),
            golden_recall={"q": number / 3},
            snapshot="",
        )
        for number in range(260)
    ]
    for report in reversed(stored):
        reports.add(report)
    reports.add(make(tenant="theirs"))
    reports.add(make(golden_recall={}))
    ids = [report.id for report in stored]

    assert [past.report for past in reports.recalls(tenant="default")] == ids
    assert [past.report for past in reports.recalls(tenant="default", newest_first=True)] == ids[::-1]
    assert [past.report for past in reports.recalls(tenant="default", releases={"live", "other"})] == ids[
        130:
    ]
    first = next(reports.recalls(tenant="default"))
    assert (first.created_at, first.recall) == (now, {"q": 0.0})
    assert first.verdicts == {
        "question_mmd": DriftVerdict.DRIFT,
        "labelled_recall@10": DriftVerdict.NOT_ENOUGH_DATA,
    }


def test_golden_recall_is_read_without_the_snapshots(reports: SqlDriftReports, any_stores: Stores) -> None:
    """Years of reports weigh gigabytes in snapshots; one statement reads the first recalls, and no snapshot."""
    for _ in range(60):
        reports.add(make())
    statements: list[str] = []
    event.listen(
        any_stores.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_rest: statements.append(sql)
    )

    next(reports.recalls(tenant="default"))

    (read,) = [statement for statement in statements if "drift_reports" in statement]
    assert "snapshot" not in read
