"""Time to a level."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labelled import load
from training_speed import curve_of, curves, looked_at, main, reached, verdict


def _run(seed: int, ours: list[list[float]], stock: list[list[float]]) -> dict[str, dict[str, Any]]:
    return {"ours": {"seed": seed, "curve": ours}, "stock": {"seed": seed, "curve": stock}}


def test_the_time_is_of_the_first_look_not_below() -> None:
    """A later fall below the level does not matter; a level that is never reached has no time."""
    curve = [[0, 0.0, 0.5], [5, 10.0, 0.8], [10, 20.0, 0.7]]
    assert (0.0, 10.0, 10.0, None) == tuple(reached(curve, level) for level in (0.5, 0.6, 0.8, 0.9))


def test_looks_are_taken_out_of_the_history() -> None:
    """Steps without a look are left out, and of a look step, time and Recall@10 are taken."""
    history = [
        {"step": 1, "loss": 2.0, "seconds": 1.0},
        {"step": 2, "loss": 1.0, "seconds": 2.0, "dev": 0.4, "dev_recall@10": 0.6},
    ]
    assert [[2, 2.0, 0.6]] == curve_of(history)
    with pytest.raises(SystemExit, match="dev_recall@10"):
        curve_of([{"step": 2, "dev": 0.4}])


def test_goal(capsys: pytest.CaptureFixture[str]) -> None:
    """The level is the stock recipe's last look; half its time to it meets the goal, more does not."""
    stock = [[0, 0.0, 0.5], [5, 30.0, 0.9], [10, 60.0, 0.8]]
    assert 0 == verdict([_run(17, [[5, 15.0, 0.8]], stock)], None)
    assert "| 17 | 80.00 | 15 | 30 | 0.50 |" in capsys.readouterr().out
    assert 1 == verdict([_run(17, [[5, 16.0, 0.8]], stock)], None)
    assert 0 == verdict([_run(17, [[5, 16.0, 0.8], [6, 60.0, 0.9]], [*stock, [15, 200.0, 0.95]])], 85.0) - 1


@pytest.mark.parametrize("ours", [[[5, 15.0, 0.7]], []])
def test_no_ratio_without_the_level(ours: list[list[float]], capsys: pytest.CaptureFixture[str]) -> None:
    """Where one run did not get there, there is no ratio and the claim is not shown."""
    there = _run(17, [[5, 1.0, 0.9]], [[0, 0.0, 0.5], [5, 30.0, 0.8]])
    assert 1 == verdict([there, _run(18, ours, [[0, 0.0, 0.5], [5, 30.0, 0.8]])], None)
    said = capsys.readouterr().out
    assert "| 18 | 80.00 | not reached | 30 |  |" in said
    assert "No ratio" in said


def test_a_look_after_every_step_is_refused(tmp_path: Path) -> None:
    """It leaves no step whose time tells what came before the first one; nothing is trained."""
    with pytest.raises(SystemExit, match="--every has to be 2 or more"):
        main(["--home", str(tmp_path), "--every", "1"])


def test_both_curves_are_shown() -> None:
    """A step that one side was not looked at after is empty on that side."""
    lines = curves([_run(17, [[5, 4.0, 0.7]], [[0, 0.0, 0.5], [5, 9.0, 0.6]])]).splitlines()
    assert ["| 17 | 0 |  |  | 0 | 50.00 |", "| 17 | 5 | 4 | 70.00 | 9 | 60.00 |"] == lines[2:]


def test_both_sides_look_at_the_same(data_set: Callable[[str], Path]) -> None:
    """Of a data set are left some dev questions, what answers them, and some passages that do not."""
    data = looked_at(load(data_set("sheds")), questions=3, distractors=5)
    assert (3, 8, 12) == (len(data.dev), len(data.passages), len(data.train))
    there = {passage.id for passage in data.passages}
    assert all(question.relevant <= there for question in data.dev)
