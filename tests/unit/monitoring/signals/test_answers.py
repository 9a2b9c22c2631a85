"""Signals refusals and ratings: shares that ought to be low, and whether they rose."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.domain import DriftVerdict, Look
from monitoring.settings import DriftSettings
from monitoring.signals.answers import ratings, refusals
from rag.ports import Vectors

MakeLook = Callable[..., Look]
MakeQuestions = Callable[..., Vectors]
LEVEL = 1e-3
SETTINGS = DriftSettings(_env_file=None, permutations=9_999)


def ones(before: float, now: float, seed: int = 1) -> NDArray[np.float64]:
    """Return 1,000 zeros and ones; the share of ones is another one in the last 100."""
    share = np.where(np.arange(1_000) < 900, before, now)
    return (np.random.default_rng(seed).random(1_000) < share).astype(np.float64)


@pytest.fixture
def vectors(make_questions: MakeQuestions) -> Vectors:
    """Return 1,000 questions about the same topics."""
    return make_questions(np.random.default_rng(1).integers(6, size=1_000), 1)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (0.1, 0.1, DriftVerdict.CALM),
        (0.3, 0.0, DriftVerdict.CALM),
        (0.1, 0.4, DriftVerdict.DRIFT),
        (0.0, 0.2, DriftVerdict.DRIFT),
    ],
)
def test_only_more_refusals_are_drift(
    make_look: MakeLook, vectors: Vectors, before: float, now: float, verdict: DriftVerdict
) -> None:
    """Also where none was refused before."""
    found = refusals(make_look(vectors, 600, refused=ones(before, now)), LEVEL, SETTINGS)
    assert found.verdict is verdict


def test_refused_questions_carry_the_rise(make_look: MakeLook, vectors: Vectors) -> None:
    """All that carry it were refused, and the share now has its interval."""
    refused = ones(0.05, 0.5)
    found = refusals(make_look(vectors, 600, refused=refused), LEVEL, SETTINGS)
    assert found.carrying
    assert {refused[int(each.removeprefix("i")) - 1] for each in found.carrying} == {1.0}
    assert found.low is not None
    assert found.high is not None
    assert found.current is not None
    assert found.low < found.current < found.high


def test_bad_ratings_are_counted_among_those_rated(make_look: MakeLook, vectors: Vectors) -> None:
    """Where one question of five is rated, a rise from one in ten to nearly all is seen."""
    bad = ones(0.1, 0.95)
    rating = np.where(np.arange(1_000) % 5 == 0, np.where(bad == 1.0, -1.0, 1.0), np.nan)
    found = ratings(make_look(vectors, 600, rating=rating), LEVEL, SETTINGS)
    assert found.verdict is DriftVerdict.DRIFT
    assert found.reference_count == 120
    assert found.current_count == 80


def test_more_ratings_are_no_worse_ratings(make_look: MakeLook, vectors: Vectors) -> None:
    """That people begin to rate is no drift where they rate as before."""
    bad = ones(0.1, 0.1)
    rated = (np.arange(1_000) % 5 == 0) | (np.arange(1_000) >= 900)
    rating = np.where(rated, np.where(bad == 1.0, -1.0, 1.0), np.nan)
    assert ratings(make_look(vectors, 600, rating=rating), LEVEL, SETTINGS).verdict is DriftVerdict.CALM


def test_a_few_ratings_give_no_verdict(make_look: MakeLook, vectors: Vectors) -> None:
    """The finding says how many there are and how many are needed."""
    rating = np.full(1_000, np.nan)
    rating[::100] = -1.0
    found = ratings(make_look(vectors, 600, rating=rating), LEVEL, SETTINGS)
    assert found.verdict is DriftVerdict.NOT_ENOUGH_DATA
    assert "6 questions before and 4 now were rated" in found.reason
