"""One training, everything measured; what is done is not done again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import quality

from rag.adapters.models.encoders import EncoderFolder


@pytest.fixture
def home(tmp_path: Path, copy_encoders: Callable[[Path], None]) -> Path:
    """A home with the tests' encoders; what other tests train meanwhile is not seen in it."""
    folder = tmp_path / "home"
    (folder / "encoders").mkdir(parents=True)
    copy_encoders(folder)
    return folder


@pytest.fixture
def kept(home: Path) -> EncoderFolder:
    """The encoders of that home."""
    return EncoderFolder(home / "encoders")


def test_a_run_goes_on_where_it_was(
    data_set: Callable[[str], Path],
    home: Path,
    kept: EncoderFolder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Target, guard and served figures of two seeds are in the table; a third seed later is all that is trained."""
    datasets, out = data_set("sheds").parent, tmp_path / "out.json"
    data_set("boats")
    before = kept.digests()
    asked = ["--datasets", str(datasets), "--data", "sheds", "--guard", "boats", "--home", str(home)]
    asked += ["--served", "--out", str(out), "--seeds"]
    assert 0 == quality.main([*asked, "17", "18"])
    table = capsys.readouterr().out
    for row in (
        "| sheds (6, 2 seeds) | BM25 |",
        "| sheds (6, 2 seeds) | base, static |",
        "| sheds (6, 2 seeds) | fine-tuned |",
        "| sheds (6, 2 seeds) | fine-tuned − BM25 |",
        "| boats, after sheds (6, 2 seeds) | fine-tuned − base |",
        "| sheds, as served (6, 2 seeds) | fine-tuned − base |",
    ):
        assert row in table
    assert before == kept.digests(), "nothing is kept that was not asked for"

    def seconds() -> dict[int, float]:
        """Seconds of training by seed; no two trainings take the same."""
        results = json.loads(out.read_text())["results"]
        return {each["seed"]: each["cpu_seconds"]["fine-tuned"] for each in results}

    first = seconds()
    assert 0 == quality.main([*asked, "17", "18", "19"])
    assert "| sheds (6, 3 seeds) | fine-tuned |" in capsys.readouterr().out
    assert {**first, 19: seconds()[19]} == seconds()


def test_what_was_kept_is_measured_without_training(
    data_set: Callable[[str], Path],
    home: Path,
    kept: EncoderFolder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A kept encoder is named, and what is asked for later is measured with it."""
    datasets, out = data_set("sheds").parent, tmp_path / "out.json"
    asked = ["--datasets", str(datasets), "--data", "sheds", "--home", str(home), "--out", str(out), "--keep"]
    quality.main(asked)
    first = json.loads(out.read_text())["results"][0]
    tuned = first["artefacts"]["fine-tuned"]
    try:
        assert tuned in capsys.readouterr().err
        assert tuned in kept.digests()
        quality.main([*asked, "--served"])
        second = json.loads(out.read_text())["results"][0]
        assert (first["cpu_seconds"], first["artefacts"]) == (second["cpu_seconds"], second["artefacts"])
        assert ["target", "served"] == [part["part"] for part in second["asked"]]
    finally:
        kept.drop(tuned)


def test_the_stock_recipe_is_for_transformers(tmp_path: Path) -> None:
    """Asked for with the static lane, it is refused before anything is trained."""
    with pytest.raises(SystemExit, match="--lane transformer"):
        quality.main(["--stock", "--lane", "static", "--home", str(tmp_path)])
