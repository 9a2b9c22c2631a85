"""Figures in a file."""

from pathlib import Path

import pytest
from results import Results


def test_finished_runs_are_there_again(tmp_path: Path) -> None:
    """What one call wrote, the next finds, by any of its fields."""
    Results(tmp_path / "out.json", {"rate": 1}).put(
        {"data": "a", "seed": 17, "found": [[1], []]}, "data", "seed"
    )
    again = Results(tmp_path / "out.json", {"rate": 1})
    assert {"data": "a", "seed": 17, "found": [[1], []]} == again.find(data="a", seed=17)
    assert again.find(data="a", seed=18) is None


def test_a_result_takes_the_place_of_its_earlier_self(tmp_path: Path) -> None:
    """The same run measured again leaves one result, in its old place."""
    results = Results(tmp_path / "out.json", {})
    for seed, value in ((17, 1), (18, 2), (17, 3)):
        results.put({"seed": seed, "value": value}, "seed")
    lines = (tmp_path / "out.json").read_text().splitlines()
    assert ['{"seed": 17, "value": 3},', '{"seed": 18, "value": 2}'] == lines[1:3]
    assert ["out.json"] == [file.name for file in tmp_path.iterdir()]


@pytest.mark.parametrize("others", [{"rate": 2, "batch": None}, {"rate": 1}])
def test_other_settings_do_not_mix(tmp_path: Path, others: dict[str, int | None]) -> None:
    """A file of other settings, or of a setting that is not there any more, is refused by the setting's name."""
    Results(tmp_path / "out.json", {"rate": 1, "batch": None}).put({"seed": 17}, "seed")
    with pytest.raises(SystemExit, match=r"other settings \((rate|batch)\)"):
        Results(tmp_path / "out.json", others)


def test_without_a_file_results_are_in_memory() -> None:
    """Where no file is named they are kept all the same."""
    results = Results(None, {})
    results.put({"seed": 17}, "seed")
    assert {"seed": 17} == results.find(seed=17)
