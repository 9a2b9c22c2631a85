"""Drift reports, looks and alarms as a check makes them: parental leave abroad, which no document is about."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from monitoring.domain import (
    Alarm,
    Cause,
    Diagnosis,
    DriftFinding,
    DriftReport,
    DriftVerdict,
    Look,
    Remedy,
    Topic,
    Watched,
    Window,
)

FINDING = DriftFinding(
    name="topics",
    statistic=0.1 + 0.2,
    threshold=0.05,
    p_value=0.00001,
    reference=None,
    current=None,
    reference_count=500,
    current_count=200,
    verdict=DriftVerdict.DRIFT,
    reason="People ask about other things than before.",
    level=0.0004,
    carrying=("i10", "i11", "i12"),
)
"""What says that questions changed."""

TOPIC = Topic(
    words=("parental", "leave", "abroad", "lisbon"),
    share=0.8,
    count=64,
    examples=("i10", "i11"),
    interactions=("i10", "i11", "i12"),
    refused=0.8,
    bad=None,
    nearest=("d1",),
)

DIAGNOSIS = Diagnosis(
    cause=Cause.DOCUMENTS_MISSING,
    remedy=Remedy.WRITE_DOCUMENTS,
    sureness=0.9,
    reason="64 of the newest 200 questions are about parental leave abroad, and the documents hold nothing on it.",
    action="Write or ingest documents on parental leave abroad; retraining would not help.",
    topics=(TOPIC,),
)

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
    new=25,
    run_length=50_000.0,
    diagnoses=(DIAGNOSIS,),
    golden_recall={"q1": 1.0, "q2": 1 / 3},
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
)

_ALARM = Alarm(
    id="aaaa1111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    tenant="default",
    release="r",
    cause=Cause.DOCUMENTS_MISSING,
    remedy=Remedy.WRITE_DOCUMENTS,
    signals=("topics",),
    report=_REPORT.id,
    last_report=_REPORT.id,
    since=datetime(2026, 2, 20, tzinfo=UTC),
    sentence="Documents are missing on parental leave abroad.",
    action=DIAGNOSIS.action,
    diagnosis=DIAGNOSIS,
    opened_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def drift_report(**values: object) -> DriftReport:
    """Return the report with other values of these fields."""
    return replace(_REPORT, **values)  # type: ignore[arg-type] # one of the fields


def alarm(**values: object) -> Alarm:
    """Return the alarm with other values of these fields."""
    return replace(_ALARM, **values)  # type: ignore[arg-type] # one of the fields


def watched(count: int, *, first: int = 0, scores: bool = True) -> Watched:
    """Return so many questions; interactions are "i0" and so on from `first`."""
    generator = np.random.default_rng(first + count)
    vectors = generator.normal(size=(count, 64)).astype(np.float32)
    nothing = np.full(count, np.nan)
    return Watched(
        interactions=tuple(f"i{number}" for number in range(first, first + count)),
        positions=np.arange(first + 1, first + count + 1),
        asked_at=1_770_000_000.0 + 60.0 * np.arange(first, first + count, dtype=np.float64),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if count else vectors,
        best=generator.beta(5, 3, count) if scores else nothing,
        support=nothing,
        refused=nothing,
        rating=nothing,
        language_unknown=np.zeros(count, dtype=np.bool_),
        words=np.full(count, 7.0),
        share=np.zeros(count),
    )


def look(reference: int = 10, recent: int = 200, *, scores: bool = True, new: int = 25) -> Look:
    """Return a look at so many questions; the newest begin at "i{reference}"."""
    return Look(
        tenant="default",
        at=datetime(2026, 3, 1, tzinfo=UTC),
        reference=watched(reference, scores=scores),
        recent=watched(recent, first=reference, scores=scores),
        new=new,
        run_length=50_000.0,
        reference_since=datetime(2026, 1, 1, tzinfo=UTC),
        reset_by="start",
    )
