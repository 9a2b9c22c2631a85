"""When drift is a reason to retrain."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from doubles.drift_report import DIAGNOSIS, drift_report

from monitoring.domain import Cause, DriftVerdict, Remedy, Window
from monitoring.trigger import Trigger, drifted_since, should_retrain

CURED = replace(DIAGNOSIS, cause=Cause.NOT_FOUND, remedy=Remedy.RETRAIN, reason="The encoder misses them.")
DRIFTED = drift_report(diagnoses=(DIAGNOSIS, CURED))
NOW = DRIFTED.created_at


def test_a_cause_that_retraining_cures_fires_with_its_reason() -> None:
    """It fires, and says what would be cured and nothing else."""
    assert should_retrain(DRIFTED) == Trigger(fire=True, reasons=("The encoder misses them.",))


def test_causes_that_retraining_does_not_cure_do_not_fire() -> None:
    """Missing documents are not written by an encoder; that is said."""
    trigger = should_retrain(drift_report(diagnoses=(DIAGNOSIS,)))

    assert trigger.sentence == "No retraining is asked for: It would cure none of the causes."


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (DriftVerdict.CALM, "The check says: calm."),
        (DriftVerdict.NOT_ENOUGH_DATA, "The check says: not enough data."),
        (DriftVerdict.NOTHING_NEW, "The check says: nothing new."),
    ],
)
def test_anything_but_drift_does_not_fire(verdict: DriftVerdict, said: str) -> None:
    """Calm, not enough data and nothing new start nothing, and say so."""
    assert should_retrain(drift_report(verdict=verdict)) == Trigger(fire=False, reasons=(said,))


def test_a_candidate_just_made_holds_it_back() -> None:
    """Within the cool-down drift is taken for the same drift; what it says is said all the same."""
    held_back = should_retrain(DRIFTED, earlier=[NOW - timedelta(hours=2)], cooldown=timedelta(hours=24))

    assert not held_back.fire
    assert "less than 24 hours before" in held_back.reasons[0]
    assert held_back.reasons[1] == "The encoder misses them."


def test_the_cool_down_ends() -> None:
    """Once the cool-down is over drift fires again; without one it always does."""
    assert should_retrain(DRIFTED, earlier=[NOW - timedelta(hours=24)], cooldown=timedelta(hours=24)).fire
    assert should_retrain(DRIFTED, earlier=[NOW], cooldown=timedelta(0)).fire


@pytest.mark.parametrize("since", [None, NOW])
def test_drift_began_with_the_newest_questions(since: datetime | None) -> None:
    """It is unknown where there are none."""
    current = Window(name="recent", since=since, until=None, count=0)

    assert drifted_since(drift_report(current=current)) == since


@pytest.mark.parametrize("verdict", [DriftVerdict.CALM, DriftVerdict.NOT_ENOUGH_DATA, DriftVerdict.NOTHING_NEW])
def test_without_drift_nothing_began(verdict: DriftVerdict) -> None:
    """Neither a calm report nor none at all has a beginning."""
    assert drifted_since(drift_report(verdict=verdict)) is None
    assert drifted_since(None) is None
