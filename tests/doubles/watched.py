"""Reports, diagnoses and alarms as checks make them, with other values where a test says so."""

from dataclasses import replace
from datetime import UTC, datetime

from doubles.drift_report import drift_report

from monitoring.domain import (
    Alarm,
    Cause,
    Diagnosis,
    DriftFinding,
    DriftReport,
    DriftVerdict,
    Remedy,
    Topic,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)

TOPIC = Topic(
    words=("parental", "leave", "months"),
    share=0.8,
    count=40,
    examples=("i1", "i2"),
    interactions=tuple(f"i{at}" for at in range(40)),
    nearest=("d1", "d2"),
)


def finding(name: str, verdict: DriftVerdict = DriftVerdict.DRIFT) -> DriftFinding:
    """Return what a signal says."""
    return DriftFinding(
        name=name,
        statistic=None,
        threshold=None,
        p_value=None,
        reference=None,
        current=None,
        reference_count=1_000,
        current_count=200,
        verdict=verdict,
        reason=f"{name} says {verdict}.",
    )


def diagnosis(cause: Cause, remedy: Remedy = Remedy.RETRAIN, **values: object) -> Diagnosis:
    """Return a diagnosis of a cause, about parental leave."""
    made = Diagnosis(
        cause=cause,
        remedy=remedy,
        sureness=0.9,
        reason="Questions about parental leave are not found.",
        action="Retrain.",
        topics=(TOPIC,),
    )
    return replace(made, **values)  # type: ignore[arg-type]  # one of the fields


def report(*diagnoses: Diagnosis, says: tuple[str, ...] = ("topics",), **values: object) -> DriftReport:
    """Return a report where the signals named say drift and these diagnoses follow."""
    made = drift_report(
        id="r2",
        verdict=DriftVerdict.DRIFT if says else DriftVerdict.CALM,
        findings=tuple(finding(name) for name in says),
        diagnoses=diagnoses,
        release="live",
        new=50,
        created_at=AT,
    )
    return replace(made, **values)  # type: ignore[arg-type]  # one of the fields


def alarm(cause: Cause = Cause.NOT_FOUND, remedy: Remedy = Remedy.RETRAIN, **values: object) -> Alarm:
    """Return a standing alarm of the tenant "default", opened by an earlier report."""
    made = Alarm(
        id=f"alarm-{cause}",
        tenant="default",
        release="live",
        cause=cause,
        remedy=remedy,
        signals=("topics",),
        report="r1",
        last_report="r1",
        since=AT,
        sentence="Questions about parental leave are not found.",
        action="Write down how parental leave is taken.",
        diagnosis=diagnosis(cause, remedy),
        opened_at=AT,
    )
    return replace(made, **values)  # type: ignore[arg-type]  # one of the fields
