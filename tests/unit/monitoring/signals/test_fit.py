"""Signals fit and support: a number that ought to be high, and whether it fell."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict, Look
from monitoring.settings import DriftSettings
from monitoring.signals import fit, support
from rag.ports import Vectors

MakeLook = Callable[..., Look]
MakeQuestions = Callable[..., Vectors]
Finding = Callable[[Look, float, DriftSettings], DriftFinding]
LEVEL = 2e-4
SETTINGS = DriftSettings(_env_file=None, permutations=9_999)
BOTH = pytest.mark.parametrize(("column", "finding"), [("best", fit.finding), ("support", support.finding)])


def values(shift: float, seed: int = 1) -> NDArray[np.float64]:
    """Return 1,000 numbers of which the last 100 are moved."""
    drawn = np.random.default_rng(seed).normal(0.6, 0.1, size=1_000)
    drawn[-100:] += shift
    return drawn


@pytest.fixture
def vectors(make_questions: MakeQuestions) -> Vectors:
    """Return 1,000 questions about the same topics."""
    return make_questions(np.random.default_rng(1).integers(6, size=1_000), 1)


@BOTH
@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, DriftVerdict.CALM), (0.2, DriftVerdict.CALM), (-0.1, DriftVerdict.DRIFT)]
)
def test_only_a_fall_is_drift(
    make_look: MakeLook, vectors: Vectors, column: str, finding: Finding, shift: float, verdict: DriftVerdict
) -> None:
    """Documents that fit better than before are no reason for an alarm."""
    look = make_look(vectors, 600, **{column: values(shift)})
    assert finding(look, LEVEL, SETTINGS).verdict is verdict


@BOTH
def test_questions_that_fit_worst_carry_the_fall(
    make_look: MakeLook, vectors: Vectors, column: str, finding: Finding
) -> None:
    """Those since it began, and it says from what to what it fell."""
    found = finding(make_look(vectors, 600, **{column: values(-0.4)}), LEVEL, SETTINGS)
    carrying = [int(each.removeprefix("i")) for each in found.carrying]
    assert len(carrying) > 80
    assert min(carrying) > 890
    assert found.reference == pytest.approx(0.6, abs=0.02)
    assert found.current is not None
    assert found.current < 0.45


@BOTH
def test_without_values_there_is_no_verdict(
    make_look: MakeLook, vectors: Vectors, column: str, finding: Finding
) -> None:
    """Where there are no passages, or where support was hardly logged."""
    assert finding(make_look(vectors, 600), LEVEL, SETTINGS).verdict is DriftVerdict.NOT_ENOUGH_DATA
    few = values(-0.4)
    few[20:600] = np.nan
    found = finding(make_look(vectors, 600, **{column: few}), LEVEL, SETTINGS)
    assert found.verdict is DriftVerdict.NOT_ENOUGH_DATA
    assert "30 and 10 are needed" in found.reason


@BOTH
def test_values_that_go_missing_are_no_fall(
    make_look: MakeLook, vectors: Vectors, column: str, finding: Finding
) -> None:
    """A question without a value says nothing."""
    gone = values(0.0)
    gone[600:800] = np.nan
    found = finding(make_look(vectors, 600, **{column: gone}), LEVEL, SETTINGS)
    assert found.verdict is DriftVerdict.CALM
