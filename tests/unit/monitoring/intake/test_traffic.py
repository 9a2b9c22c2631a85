"""How much is asked, and what a check is held to for it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitoring.domain import LEAST_RUN_LENGTH, MONTH
from monitoring.intake.traffic import DAYS, per_month, remembered, run_length

MONDAY = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)


def days(*counts: int) -> dict[str, int]:
    """Return so many questions on one day after the other."""
    return {
        (MONDAY + timedelta(days=at)).date().isoformat(): count for at, count in enumerate(counts) if count
    }


def test_days_are_those_of_utc() -> None:
    """Whatever zone the moment is given in."""
    there = MONDAY.astimezone(timezone(timedelta(hours=5)))
    assert {"2026-05-04": 2} == remembered({}, [MONDAY, there], at=MONDAY)


def test_old_days_are_forgotten() -> None:
    """What is remembered does not grow."""
    held = remembered({}, [MONDAY + timedelta(days=at) for at in range(100)], at=MONDAY + timedelta(days=99))
    assert DAYS == len(held)
    assert (MONDAY + timedelta(days=99)).date().isoformat() == max(held)


def test_counts_add_up() -> None:
    """Over checks."""
    once = remembered({}, [MONDAY], at=MONDAY)
    assert {"2026-05-04": 3} == remembered(once, [MONDAY, MONDAY], at=MONDAY)
    assert once == remembered(once, [], at=MONDAY)


def test_a_clock_that_was_ahead_forgets_nothing() -> None:
    """What is said to be asked in a year does not count; what is remembered of that is dropped."""
    real, ahead = days(5, 6), MONDAY + timedelta(days=365)
    now = MONDAY + timedelta(days=1)
    assert real == remembered(real, [ahead, ahead], at=now)
    assert real == remembered({**real, ahead.date().isoformat(): 3}, [], at=now)
    assert {} == remembered({}, [ahead], at=now)
    assert 1 == len(remembered({}, [now + timedelta(hours=12)], at=now))


def test_an_even_traffic_is_a_months_worth() -> None:
    """First and last day, which are seen in part, do not lower it."""
    assert per_month(days(3, *[100] * 20, 5)) == pytest.approx(100 * MONTH)


def test_quiet_days_count() -> None:
    """A week with two days off has five days' questions."""
    assert per_month(days(9, *[70, 70, 70, 70, 70, 0, 0] * 2, 9)) == pytest.approx(50 * MONTH)


@pytest.mark.parametrize("counts", [(100,), (100, 100), (100, 100, 100), (100,) * 8])
def test_a_few_days_are_taken_as_they_are(counts: tuple[int, ...]) -> None:
    """Nothing else is known."""
    assert per_month(days(*counts)) == pytest.approx(100 * MONTH)


def test_one_busy_first_day_is_soon_outweighed() -> None:
    """An import of a thousand questions is no month's traffic of thirty thousand."""
    assert per_month(days(1_000, *[10] * 7, 10)) == pytest.approx(10 * MONTH)


def test_the_run_length_is_so_many_months_and_at_least_a_thousand() -> None:
    """With little traffic no change could be found at the rate of false alarms that is asked for."""
    busy = days(*[100] * 28)
    assert run_length(busy, months=12) == pytest.approx(12 * 100 * MONTH)
    assert run_length(days(1, 1, 1), months=1) == LEAST_RUN_LENGTH
    assert run_length({}, months=12) == LEAST_RUN_LENGTH
