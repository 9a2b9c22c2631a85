"""What a run ended with is kept as long as its encoder is there."""

from pathlib import Path

import pytest

from retrain.adapters.training.ended import recall, remember
from retrain.domain import TrainingReport

_REPORT = TrainingReport(
    lane="static",
    pairs=3,
    steps=2,
    epochs=1.0,
    seconds=0.5,
    best_dev=0.25,
    history=({"step": 2.0, "loss": 0.1, "dev": 0.25},),
    settings={"alpha": 0.7, "dev_by_alpha": {"0.7": 0.25}},
)


def test_what_was_remembered_comes_back(tmp_path: Path) -> None:
    """Digest and report, as they were; nothing half written stays."""
    remember(tmp_path / "run.json", "abc", _REPORT)
    assert recall(tmp_path / "run.json", {"abc", "def"}) == ("abc", _REPORT)
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_nothing_comes_back_where_there_was_no_run_or_its_encoder_is_gone(tmp_path: Path) -> None:
    """A report of an encoder that was collected is of no use, and is not kept."""
    assert recall(tmp_path / "run.json", {"abc"}) is None
    remember(tmp_path / "run.json", "abc", _REPORT)
    assert recall(tmp_path / "run.json", {"def"}) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_not_finished_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it wrote, a run has left a file of another name."""

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.adapters.models.artefacts.disk.os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        remember(tmp_path / "run.json", "abc", _REPORT)
    assert recall(tmp_path / "run.json", {"abc"}) is None
