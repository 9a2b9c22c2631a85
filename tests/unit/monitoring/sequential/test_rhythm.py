"""Which parts of the week are told apart."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.sequential.rhythm import DAY, HOUR, MONDAY, Rhythm, rhythm_of
from rag.ports import Vectors

MakeQuestions = Callable[..., Vectors]
START = MONDAY + 2_922 * 7 * DAY


def learned(vectors: Vectors, asked_at: NDArray[np.float64]) -> Rhythm:
    """Return the rhythm of neighbouring questions in blocks of 25."""
    return rhythm_of(vectors, asked_at, np.arange(len(vectors)) // 25, seed=1)


@pytest.mark.parametrize("begins", [6, 8, 9])
def test_day_and_night_are_told_apart(make_questions: MakeQuestions, begins: int) -> None:
    """Whenever the day begins: no part holds hours of both."""
    at = START + np.arange(1_000, dtype=np.float64) * 600.0
    by_day = ((at % DAY) // HOUR >= begins) & ((at % DAY) // HOUR < begins + 12)
    rhythm = learned(make_questions(np.random.default_rng(1).integers(4, size=1_000) + 10 * by_day, 1), at)
    assert rhythm.found
    assert set(rhythm.parts(at[by_day])).isdisjoint(rhythm.parts(at[~by_day]))


def test_topics_that_do_not_depend_on_the_hour_have_one_part(make_questions: MakeQuestions) -> None:
    """In nearly all references."""
    at = START + np.arange(1_000, dtype=np.float64) * 600.0
    found = [
        learned(make_questions(np.random.default_rng(run).integers(6, size=1_000), run), at).found
        for run in range(10)
    ]
    assert sum(found) <= 4


def test_weekdays_and_weekends_are_told_apart_after_two_weeks(make_questions: MakeQuestions) -> None:
    """And not before, as one weekend is no rhythm."""
    at = START + np.arange(1_000, dtype=np.float64) * 1_400.0  # 16 days
    weekend = ((at - MONDAY) % (7 * DAY)) >= 5 * DAY
    vectors = make_questions(np.random.default_rng(1).integers(4, size=1_000) + 10 * weekend, 1)
    rhythm = learned(vectors, at)
    assert set(rhythm.parts(at[weekend])).isdisjoint(rhythm.parts(at[~weekend]))
    first_week = at < START + 7 * DAY
    early = learned(vectors[first_week], at[first_week])
    assert early.of_cell is None


def test_an_hour_that_a_short_reference_has_not_seen_is_unknown(make_questions: MakeQuestions) -> None:
    """It may be the night, of which nothing can be told yet."""
    at = START + 8 * HOUR + np.arange(500, dtype=np.float64) * 60.0  # until 16:20
    rhythm = learned(make_questions(np.random.default_rng(1).integers(4, size=500), 1), at)
    night, morning = START + 23 * HOUR, START + DAY + 9 * HOUR
    assert rhythm.parts(np.array([night, morning])).tolist()[0] == -1
    assert rhythm.parts(np.array([night, morning])).tolist()[1] >= 0


def test_after_two_days_an_hour_at_which_nobody_asked_is_compared(make_questions: MakeQuestions) -> None:
    """People who begin to ask by night are news, where topics do not depend on the hour."""
    at = START + 8 * HOUR + (np.arange(600.0) // 150) * DAY + (np.arange(600.0) % 150) * 240.0
    vectors = make_questions(np.random.default_rng(3).integers(4, size=600), 5)
    rhythm = learned(vectors, at)
    assert not rhythm.found
    assert rhythm.parts(np.array([START + 27 * HOUR])).tolist() == [0]


def test_a_burst_is_no_rhythm(make_questions: MakeQuestions) -> None:
    """Neighbours that are alike on one day say nothing of the hour."""
    generator = np.random.default_rng(4)
    found = 0
    for run in range(10):
        topics = generator.integers(30, size=1_000)
        for start in generator.integers(970, size=7):
            topics[start : start + 30] = topics[start]
        found += learned(
            make_questions(topics, run, noise=0.5), START + np.arange(1_000, dtype=np.float64) * 600.0
        ).found
    assert found <= 4
