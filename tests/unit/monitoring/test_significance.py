"""P-values from relabelled data, and one level for several tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.significance import against_null, holm


def test_a_sampled_null_counts_what_was_observed() -> None:
    """A p-value from n sampled relabellings is never below 1 / (1 + n)."""
    comparison = against_null(9.0, np.arange(9.0), complete=False)

    assert comparison.p_value == 0.1


def test_a_complete_null_is_counted_as_it_is() -> None:
    """Where every relabelling is known the p-value is the share as big."""
    assert against_null(7.0, np.arange(8.0), complete=True).p_value == 1 / 8


def test_sums_that_differ_in_the_last_bits_are_ties() -> None:
    """0.1 + 0.2 and 0.3 are one statistic."""
    assert against_null(0.1 + 0.2, np.full(99, 0.3), complete=False).p_value == 1.0


def test_no_threshold_where_the_level_cannot_be_reached() -> None:
    """With 9 relabellings nothing is significant at 1 %, so there is no threshold."""
    assert against_null(9.0, np.arange(9.0), complete=False).critical(0.01) is None


@given(
    st.floats(-1, 1),
    st.lists(st.floats(-1, 1), min_size=5, max_size=60),
    st.floats(0.001, 0.5),
    st.booleans(),
)
def test_beyond_the_threshold_and_below_the_level_are_one(
    statistic: float, null: list[float], level: float, complete: bool
) -> None:
    """A statistic is beyond the threshold exactly where its p-value is within the level."""
    comparison = against_null(statistic, np.array(null), complete=complete)
    threshold = comparison.critical(level)

    assert (threshold is not None and comparison.statistic > threshold) == (comparison.p_value <= level)


def test_holm_by_hand() -> None:
    """The smallest is held to alpha / 3, the next to alpha / 2, and what comes after a failure to the same level."""
    actual = holm({"a": 0.01, "b": 0.03, "c": 0.04}, 0.05)

    assert actual == {"a": (True, 0.05 / 3), "b": (False, 0.025), "c": (False, 0.025)}


def test_nothing_tested_nothing_found() -> None:
    """No tests, no decisions."""
    assert holm({}, 0.05) == {}


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_between_bonferroni_and_no_correction(p_values: dict[str, float]) -> None:
    """It finds all that Bonferroni finds, and nothing beyond the uncorrected level; levels decide alone."""
    decisions = holm(p_values, 0.05)

    for name, (drift, level) in decisions.items():
        assert drift == (p_values[name] <= level)
        assert drift or p_values[name] > 0.05 / len(p_values)
        assert level <= 0.05


def test_holm_keeps_the_level_of_the_whole() -> None:
    """Of 4,000 sets of four calm tests about 5 % raise an alarm, not 19 %."""
    draws = np.random.default_rng(3).random((4000, 4))
    alarms = sum(any(d for d, _ in holm(dict(zip("abcd", row, strict=True)), 0.05).values()) for row in draws)

    assert alarms / 4000 == pytest.approx(0.05, abs=0.015)
