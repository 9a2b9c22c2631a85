"""A p-value from resampling: how many draws it takes, and what it says beyond them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.sequential.tails import FIRST, significance


def exponential(seed: int) -> tuple[list[int], "Draws"]:
    """Return the counts asked for, and what draws minus log10 of uniform numbers."""
    asked: list[int] = []
    return asked, Draws(asked, np.random.default_rng(seed))


class Draws:
    """Draws statistics whose share beyond x is 10^-x."""

    def __init__(self, asked: list[int], generator: np.random.Generator) -> None:
        self._asked, self._generator = asked, generator

    def __call__(self, count: int) -> NDArray[np.float64]:
        """Return so many."""
        self._asked.append(count)
        return self._generator.exponential(1 / np.log(10), size=count)


def test_a_calm_statistic_takes_the_first_draws_alone() -> None:
    """Where many are as big, no more are drawn."""
    asked, draw = exponential(1)
    found = significance(0.3, draw, level=1e-4, most=19_999)
    assert asked == [FIRST]
    assert found.p_value == pytest.approx(0.5, abs=0.1)


def test_a_statistic_beyond_all_takes_every_draw() -> None:
    """And no more than there may be."""
    asked, draw = exponential(2)
    found = significance(9.0, draw, level=1e-3, most=1_999)
    assert sum(asked) == 1_999
    assert found.p_value == 1 / 2_000


def test_p_values_are_no_smaller_than_chance_allows() -> None:
    """Of calm statistics no more than a twentieth is significant at a twentieth."""
    null = np.random.default_rng(3).exponential(1 / np.log(10), size=400)
    p_values = [
        significance(each, exponential(run)[1], level=0.01, most=999).p_value for run, each in enumerate(null)
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.08


@pytest.mark.parametrize("observed", [4.5, 5.0, 6.0])
def test_beyond_the_draws_the_tail_says_no_less_than_the_truth(observed: float) -> None:
    """A level that draws cannot show is judged by a fitted tail, which errs to the careful side."""
    p_values = [
        significance(observed, exponential(run)[1], level=1e-7, most=1_999).p_value for run in range(40)
    ]
    assert np.median(p_values) >= 10.0**-observed
    assert max(p_values) <= 1e-3


def test_a_tail_is_never_trusted_beyond_a_hundredth_of_what_was_drawn() -> None:
    """However far the statistic lies out."""
    assert significance(60.0, exponential(1)[1], level=1e-9, most=1_999).p_value == pytest.approx(1 / 200_000)


def test_the_threshold_belongs_to_the_level() -> None:
    """So many of the draws lie beyond it as the level says."""
    found = significance(9.0, exponential(5)[1], level=0.01, most=19_999)
    assert found.threshold == pytest.approx(2.0, abs=0.1)
