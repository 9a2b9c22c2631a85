"""When drift is a reason to retrain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict
from monitoring.trigger import Trigger, drifted_since, should_retrain

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def report(verdict: DriftVerdict) -> DriftReport:
    """Make a report with one finding of that verdict and one calm one."""

    def finding(name: str, said: DriftVerdict) -> DriftFinding:
        return DriftFinding(
            name=name,
            statistic=None,
            threshold=None,
            p_value=None,
            reference=None,
            current=None,
            reference_count=1,
            current_count=1,
            verdict=said,
            reason=f"{name} said so.",
        )

    return DriftReport(
        id="r",
        tenant="default",
        verdict=verdict,
        findings=(finding("question_mmd", verdict), finding("top_score_ks", DriftVerdict.CALM)),
        encoder="e",
        release="r",
        reference={},
        current={},
        snapshot="",
        created_at=NOW,
    )


def test_drift_fires_with_the_findings_reasons() -> None:
    """Drift fires, and says what drifted and nothing else."""
    actual = should_retrain(report(DriftVerdict.DRIFT))

    assert actual == Trigger(fire=True, reasons=("question_mmd said so.",))


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (DriftVerdict.CALM, "The check says: calm."),
        (DriftVerdict.NOT_ENOUGH_DATA, "The check says: not enough data."),
    ],
)
def test_anything_but_drift_does_not_fire(verdict: DriftVerdict, reason: str) -> None:
    """Calm and not enough data start nothing, and say so."""
    assert should_retrain(report(verdict)) == Trigger(fire=False, reasons=(reason,))


def test_a_candidate_just_made_holds_it_back() -> None:
    """Within the cool-down after the newest candidate drift starts no other one, and the reason names the time."""
    earlier = [NOW - timedelta(hours=2), NOW - timedelta(days=9)]
    trigger = should_retrain(report(DriftVerdict.DRIFT), earlier=earlier, cooldown=timedelta(hours=24))

    assert not trigger.fire
    assert trigger.reasons == (
        "Drift, but the last candidate was made at 2026-02-28T22:00:00+00:00, less than 24 hours before.",
        "question_mmd said so.",
    )


def test_the_cool_down_ends() -> None:
    """Once the cool-down is over drift fires again; without one it always does."""
    drifted = report(DriftVerdict.DRIFT)

    assert should_retrain(drifted, earlier=[NOW - timedelta(hours=24)], cooldown=timedelta(hours=24)).fire
    assert should_retrain(drifted, earlier=[NOW], cooldown=timedelta(0)).fire


def test_what_follows_is_said_with_every_reason() -> None:
    """Whether it fires or not, the sentence holds what speaks for it and what against."""
    drifted = report(DriftVerdict.DRIFT)
    held_back = should_retrain(drifted, earlier=[NOW], cooldown=timedelta(hours=24))

    assert should_retrain(drifted).sentence == "Retraining is asked for: question_mmd said so."
    assert held_back.sentence == (
        "No retraining is asked for: Drift, but the last candidate was made at 2026-03-01T00:00:00+00:00, "
        "less than 24 hours before. question_mmd said so."
    )


@pytest.mark.parametrize("since", [None, NOW])
def test_drift_began_with_the_current_window(since: datetime | None) -> None:
    """It is unknown where the window is empty."""
    current = {"since": since.isoformat() if since else None}

    assert drifted_since(replace(report(DriftVerdict.DRIFT), current=current)) == since


@pytest.mark.parametrize("verdict", [DriftVerdict.CALM, DriftVerdict.NOT_ENOUGH_DATA])
def test_without_drift_nothing_began(verdict: DriftVerdict) -> None:
    """Neither a calm report nor none at all has a beginning."""
    assert drifted_since(replace(report(verdict), current={"since": NOW.isoformat()})) is None
    assert drifted_since(None) is None
