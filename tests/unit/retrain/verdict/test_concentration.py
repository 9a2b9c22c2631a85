"""A passage that comes first too often shows; questions that merely change sides do not."""

import numpy as np

from retrain.domain import Concentration
from retrain.verdict.concentration import concentration


def test_a_planted_passage_shows() -> None:
    """Thirty questions that all go to one passage are counted, and are no luck."""
    before = [f"p{n}" for n in range(500)]
    after = ["bait"] * 30 + before[30:]

    seen = concentration(before, after)

    assert seen is not None
    assert (seen.passage, seen.questions, seen.before, seen.after) == ("bait", 500, 0, 30)
    assert seen.p_value < 1e-5


def test_nothing_moved_is_nothing() -> None:
    """The same first places, or none at all."""
    assert concentration(["a", "b"], ["a", "b"]) is None
    assert concentration([], []) is None


def test_of_equals_the_least_id_counts() -> None:
    """Whichever order questions come in."""
    expected = Concentration(passage="a", questions=2, before=0, after=1, p_value=1.0)

    assert expected == concentration(["x", "y"], ["a", "b"]) == concentration(["y", "x"], ["b", "a"])


def test_scattered_changes_are_no_alarm() -> None:
    """A candidate that sends questions anywhere raises the alarm in far less than one of twenty runs."""
    rng = np.random.default_rng(3)
    names = [f"p{n}" for n in range(100)]
    alarms = 0
    for _ in range(200):
        seen = concentration(rng.choice(names, 400).tolist(), rng.choice(names, 400).tolist())
        alarms += seen is not None and seen.p_value < 0.05
    assert alarms <= 10
