"""A drift report as a check makes it: one finding of drift, windows of 500 and 200 questions."""

from dataclasses import replace
from datetime import UTC, datetime

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict, Window

FINDING = DriftFinding(
    name="question_mmd",
    statistic=0.1 + 0.2,
    threshold=0.05,
    p_value=0.001,
    reference=None,
    current=None,
    reference_count=500,
    current_count=200,
    verdict=DriftVerdict.DRIFT,
    reason="People ask about other things than before.",
)
"""What says that questions changed."""

_REPORT = DriftReport(
    id="11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    tenant="default",
    verdict=DriftVerdict.DRIFT,
    findings=(FINDING,),
    encoder="e",
    release="r",
    reference=Window(name="reference", since=None, until=datetime(2026, 2, 1, tzinfo=UTC), count=500),
    current=Window(name="current", since=datetime(2026, 2, 1, tzinfo=UTC), until=None, count=200),
    snapshot="what was found",
    golden_recall={"q1": 1.0, "q2": 1 / 3},
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def drift_report(**values: object) -> DriftReport:
    """Return the report with other values of these fields."""
    return replace(_REPORT, **values)  # type: ignore[arg-type] # one of the fields
