"""When an alarm starts a retraining, and what is said when it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from doubles.watched import AT, alarm, report

from monitoring.alarms.trigger import Made, should_retrain
from monitoring.domain import Cause, DriftVerdict, Remedy

HOUR = timedelta(hours=1)
LATER = report(created_at=AT + 2 * HOUR)
WANTING = alarm(id="11111111aa")
MISSING = alarm(Cause.DOCUMENTS_MISSING, Remedy.WRITE_DOCUMENTS, id="22222222bb")


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (DriftVerdict.CALM, "no alarm stands, and the check is calm."),
        (DriftVerdict.NOTHING_NEW, "no alarm stands, and nobody asked anything new."),
        (DriftVerdict.NOT_ENOUGH_DATA, "no alarm stands, and there is not enough data for a verdict."),
        (DriftVerdict.DRIFT, "what the check found was settled before, so that no alarm stands."),
    ],
)
def test_without_an_alarm_nothing_starts(verdict: DriftVerdict, said: str) -> None:
    """The sentence says which of the reasons it is."""
    trigger = should_retrain(replace(LATER, verdict=verdict), [])
    assert not trigger.fire
    assert f"No retraining is asked for: {said}" == trigger.sentence


def test_an_alarm_that_retraining_cures_starts_one() -> None:
    """The reason is what is wrong; the alarms it is for are named."""
    trigger = should_retrain(LATER, [WANTING])
    assert (True, (WANTING.id,)) == (trigger.fire, trigger.alarms)
    assert "Retraining is asked for: Questions about parental leave are not found." == trigger.sentence


def test_one_retraining_for_one_alarm() -> None:
    """Whatever became of it, the alarm starts no second one."""
    trigger = should_retrain(LATER, [replace(WANTING, retraining="c1", retraining_at=AT)])
    assert not trigger.fire
    assert "One was started at 2026-03-01 12:00 for alarm 11111111 (not found)." in trigger.sentence


def test_missing_documents_start_none() -> None:
    """Which alarm it does not cure is said; what to do instead stands in the report already."""
    trigger = should_retrain(LATER, [MISSING])
    assert not trigger.fire
    assert (
        "No retraining is asked for: it does not cure alarm 22222222 (documents missing)." == trigger.sentence
    )


def test_beside_one_that_is_not_cured_another_one_is() -> None:
    """Only the one that is cured is named as what it is for."""
    trigger = should_retrain(LATER, [MISSING, WANTING])
    assert (True, (WANTING.id,)) == (trigger.fire, trigger.alarms)


def test_none_starts_while_one_runs() -> None:
    """Two at once would learn the same."""
    assert "One is under way." in should_retrain(LATER, [WANTING], running=True).sentence


@pytest.mark.parametrize(
    ("made", "fires"),
    [
        (Made(id="c1-long-id", at=AT + HOUR, waits=True), False),  # waits for a decision
        (Made(id="c1-long-id", at=AT - 20 * HOUR, waits=True), True),  # from before the alarm
        (Made(id="c1-long-id", at=AT + HOUR, waits=False), False),  # within the cool-down
        (Made(id="c1-long-id", at=AT - 20 * HOUR, waits=False), True),
    ],
)
def test_a_candidate_that_waits_or_is_fresh_comes_first(made: Made, fires: bool) -> None:
    """What was made since the alarm opened is what people decide on first."""
    trigger = should_retrain(LATER, [WANTING], made=[made], cooldown=12 * HOUR)
    assert fires == trigger.fire
    assert fires == bool(trigger.alarms)


def test_without_a_cooldown_none_is_waited_for() -> None:
    """Zero means: never wait."""
    made = Made(id="c1-long-id", at=AT + HOUR, waits=False)
    assert should_retrain(LATER, [WANTING], made=[made], cooldown=timedelta(0)).fire


@pytest.mark.parametrize(("checked", "fires"), [("default", True), ("north", False), ("*", False)])
def test_alarms_of_other_tenants_start_none(checked: str, fires: bool) -> None:
    """A retraining learns from one tenant's questions, and a check over all sees the same shift once more."""
    trigger = should_retrain(replace(LATER, tenant=checked), [WANTING], tenant="default")
    assert fires == trigger.fire
    assert fires or f"this check is of {checked!r}." in trigger.sentence
