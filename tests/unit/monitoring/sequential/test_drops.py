"""Has recall fallen? False alarms at the level, and drops that are found."""

import numpy as np
import pytest

from monitoring.sequential.drops import FEWEST, Drop, drop
from monitoring.sequential.intervals import Labelled


def stream(
    run: int, before: int, after: int, *, fall: float, judge: bool, chance: float = 0.1, mean: float = 0.75
) -> Labelled:
    """Return questions whose recall falls once, for good."""
    generator = np.random.default_rng([21, run])
    count = before + after
    recall = np.where(np.arange(count) < before, mean, mean - fall)
    predicted = generator.beta(3 * recall, 3 * (1 - recall))
    found = (generator.random(count) < predicted).astype(float)
    put = generator.random(count) < chance
    put[-1] = True
    said = np.where(put, found, 0.0)
    return Labelled(
        drawn=put,
        probability=np.full(count, chance),
        least=np.full(count, chance),
        predicted=predicted if judge else np.full(count, np.nan),
        low=said,
        high=said,
    )


@pytest.mark.parametrize("judge", [False, True])
def test_false_alarms_are_as_rare_as_the_level_says(judge: bool) -> None:
    """At 20 % in 200 calm streams: between 11 and 30 %, more than three standard deviations on each side."""
    alarms = sum(
        drop(stream(run, 2_000, 0, fall=0.0, judge=judge), level=0.2, permutations=19_999, seed=run).p_value
        <= 0.2
        for run in range(200)
    )

    assert 22 <= alarms <= 60


def test_a_drop_of_twenty_points_is_found() -> None:
    """After 300 labels of calm within 200 labels, in most streams, at one false alarm in 1,000 looks."""
    found = [
        drop(stream(run, 3_000, 2_000, fall=0.2, judge=True), level=1e-3, permutations=19_999, seed=run)
        for run in range(20)
    ]

    assert sum(each.p_value <= 1e-3 for each in found) >= 16
    assert np.median([each.before - each.now for each in found]) > 0.12


def test_a_slow_decline_adds_up() -> None:
    """A point each 100 questions: what it is compared with does not slide along."""
    generator = np.random.default_rng(4)
    recall = np.linspace(0.8, 0.5, 3_000)
    found = (generator.random(3_000) < recall).astype(float)
    put = generator.random(3_000) < 0.2
    put[-1] = True
    said = np.where(put, found, 0.0)
    declining = Labelled(
        drawn=put,
        probability=np.full(3_000, 0.2),
        least=np.full(3_000, 0.2),
        predicted=np.full(3_000, np.nan),
        low=said,
        high=said,
    )

    assert drop(declining, level=1e-3, permutations=19_999, seed=1).p_value <= 1e-3


def test_what_gets_better_is_no_drop() -> None:
    """One-sided."""
    assert (
        drop(stream(3, 2_000, 2_000, fall=-0.2, judge=True), level=0.05, permutations=19_999, seed=1).p_value
        > 0.2
    )


def test_it_says_where_the_window_begins() -> None:
    """The place of its first question, right behind the last label before it."""
    labelled = stream(5, 2_000, 1_000, fall=0.4, judge=True)
    found: Drop = drop(labelled, level=1e-3, permutations=19_999, seed=1)

    assert labelled.drawn[found.since - 1]
    assert int(labelled.drawn[found.since :].sum()) == found.window
    assert found.earlier + found.window == int(labelled.drawn.sum())
    assert abs(found.since - 2_000) < 500


def test_too_few_labels_are_refused() -> None:
    """Whoever calls it has to know how many there are."""
    with pytest.raises(ValueError, match=f"expected {FEWEST} or more"):
        drop(stream(1, 100, 0, fall=0.0, judge=False), level=0.05, permutations=19_999, seed=1)


def test_the_same_seed_gives_the_same_p_value() -> None:
    """A report can be made again."""
    labelled = stream(8, 2_000, 0, fall=0.0, judge=True)

    assert drop(labelled, level=0.05, permutations=19_999, seed=1) == drop(
        labelled, level=0.05, permutations=19_999, seed=1
    )


def test_the_threshold_is_where_a_drop_begins() -> None:
    """A drop beyond it has a p-value below the level, and one that falls short of it has not."""
    for fall, is_one in ((0.3, True), (0.0, False)):
        found = drop(stream(9, 2_000, 1_000, fall=fall, judge=True), level=1e-3, permutations=19_999, seed=1)
        assert (found.p_value <= 1e-3) is is_one
        assert (found.before - found.now >= found.threshold) is is_one
        assert 0.05 < found.threshold < 0.4


def test_a_level_beyond_the_permutations_can_be_reached() -> None:
    """One false alarm in 100,000 looks, by 19,999 orders at most: a large drop is one, and calm is none."""
    fallen = drop(stream(10, 3_000, 2_000, fall=0.4, judge=True), level=1e-5, permutations=19_999, seed=1)
    calm = drop(stream(10, 5_000, 0, fall=0.0, judge=True), level=1e-5, permutations=19_999, seed=1)

    assert fallen.p_value <= 1e-5 < calm.p_value


def test_of_very_many_rounds_neighbours_are_taken_together() -> None:
    """What is found is the same, with counts in rounds; labels that fit no unit are the oldest."""
    labelled = stream(11, 9_000, 3_007, fall=0.3, judge=True)
    found = drop(labelled, level=1e-3, permutations=19_999, seed=1)
    rounds = int(labelled.drawn.sum())

    assert rounds > 1_000
    assert rounds - 3 < found.earlier + found.window <= rounds
    assert abs(found.since - 9_000) < 1_000
    assert int(labelled.drawn[found.since :].sum()) == found.window
    assert found.p_value <= 1e-3
