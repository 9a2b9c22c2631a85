"""The test on the best passages' similarity: its level, its threshold, its symmetry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.signals.support import ks_test


def test_ks_keeps_its_level_in_calm_windows() -> None:
    """Scores of one distribution raise no more alarms than the level allows."""
    generator = np.random.default_rng(12)
    p_values = [ks_test(generator.beta(5, 3, 500), generator.beta(5, 3, 200)).p_value for _ in range(400)]

    assert sum(p <= 0.05 for p in p_values) <= int(
        stats.binom.ppf(0.999, 400, 0.05)
    )  # a 5 % test exceeds it once in a thousand times


@settings(deadline=None, max_examples=25)
@given(st.integers(3, 25), st.integers(3, 25), st.integers(0, 10_000))
def test_swapping_the_windows_keeps_the_statistic(m: int, n: int, seed: int) -> None:
    """The statistic is symmetric in its windows."""
    generator = np.random.default_rng(seed)
    x, y = generator.beta(5, 3, m), generator.beta(3, 5, n)

    assert ks_test(x, y).statistic == pytest.approx(ks_test(y, x).statistic, abs=1e-9)


def test_ks_threshold_and_level_agree() -> None:
    """The gap is beyond the threshold at a level exactly where its p-value is below it."""
    generator = np.random.default_rng(16)
    for shift in np.linspace(0, 0.4, 9):
        comparison = ks_test(generator.normal(size=300), generator.normal(size=120) + shift)
        threshold = comparison.critical(0.025)
        assert threshold is not None
        assert (comparison.statistic > threshold) == (comparison.p_value <= 0.025)
