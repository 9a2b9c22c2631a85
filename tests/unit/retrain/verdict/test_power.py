"""What a gate set can tell, against simulation."""

import numpy as np
import pytest

from retrain.verdict.power import foreseen_effect, level, smallest_effect, standard_error


def test_the_standard_error_of_single_questions_is_the_textbooks() -> None:
    """Without clusters it is the standard deviation over the root of n."""
    values = np.random.default_rng(3).random(200)

    expected = values.std(ddof=1) / np.sqrt(200)

    assert expected == pytest.approx(standard_error(values, np.arange(200)))


def test_wordings_of_one_question_make_nothing_surer() -> None:
    """Each question five times over has the error of the questions."""
    values = np.random.default_rng(3).random(60)
    often = standard_error(np.repeat(values, 5), np.repeat(np.arange(60), 5))

    assert standard_error(values, np.arange(60)) == pytest.approx(often)


def test_the_smallest_effect_is_seen_four_times_in_five() -> None:
    """A normal estimate at that distance from 0 passes a two-sided test with the power that was asked for."""
    error = 0.013
    drawn = np.random.default_rng(3).normal(smallest_effect(error, 0.05), error, 20_000)

    assert float((np.abs(drawn) > 1.96 * error).mean()) == pytest.approx(0.8, abs=0.01)


def test_more_questions_and_more_alike_encoders_show_smaller_effects() -> None:
    """Four times the questions halve it; a correlation of 0.5 leaves one side's own variance."""
    values = np.tile((0.0, 1.0), 50)
    one = foreseen_effect(values, np.arange(100), 0.05)
    four = foreseen_effect(np.tile(values, 4), np.arange(400), 0.05)

    assert 0.5 == pytest.approx(four / one, abs=0.01)
    assert foreseen_effect(values, np.arange(100), 0.05, 0.8) < one
    assert smallest_effect(standard_error(values, np.arange(100)), 0.05) == pytest.approx(one)


def test_levels_of_all_looks_add_up_to_alpha() -> None:
    """Never more than alpha, and nearly all of it after many looks; each is smaller than the one before."""
    levels = [level(0.05, look) for look in range(1, 5_001)]

    assert sum(levels) == pytest.approx(0.05, rel=1e-3)
    assert sum(levels) < 0.05
    assert levels == sorted(levels, reverse=True)
