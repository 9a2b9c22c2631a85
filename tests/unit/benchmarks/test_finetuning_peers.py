"""The engines' figures beside ours."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finetuning_peers import ENGINES, _ranks, report
from labelled import load
from over_seeds import Asked
from quality import TUNED

FIRST, THIRD = [[1]] * 40, [[12]] * 40


def _ours(ranks: list[list[int]]) -> dict[str, Any]:
    asked = [
        Asked(
            part=part,
            name=name,
            groups=list(range(40)),
            totals=[1] * 40,
            ranks={"base": THIRD, TUNED: ranks},
        )
        for part, name in (("target", "sheds"), ("guard", "boats"))
    ]
    return {"seed": 17, "cpu_seconds": {TUNED: 60.0}, "asked": [asdict(each) for each in asked]}


def _engine(target: list[list[int]], guard: list[list[int]]) -> list[dict[str, Any]]:
    return [{"cpu_seconds": 61.0, "pairs_seen": 1200, "ranks": {"target": target, "guard": guard}}]


def test_beaten_means_on_both(capsys: pytest.CaptureFixture[str]) -> None:
    """An engine is beaten where its Recall@10 is surely lower, on the data and on what should not be forgotten."""
    worse = _engine(THIRD, THIRD)
    assert report([_ours(FIRST)], dict.fromkeys(ENGINES, worse))
    table = capsys.readouterr().out
    assert (
        "| sheds recall@1 | sheds recall@10 | boats recall@1 | boats recall@10 | CPU s | pairs seen |"
        in table
    )
    assert f"| {ENGINES[0]} | 0.0 (0.0 to 0.0) |" in table
    assert "| 61 | 1,200 |" in table
    assert f"| {TUNED} − {ENGINES[1]} | +100.0 (+100.0 to +100.0) |" in table
    assert not report([_ours(FIRST)], {ENGINES[0]: worse, ENGINES[1]: _engine(THIRD, FIRST)})
    assert not report([_ours(FIRST)], {ENGINES[0]: _engine(FIRST, THIRD)})


def test_an_adapters_vectors_have_any_length(data_set: Callable[[str], Path], tmp_path: Path) -> None:
    """What an engine wrote is searched by cosine, whatever the lengths."""
    data = load(data_set("sheds"))
    vectors = np.eye(len(data.passages), dtype=np.float32)
    rows = {passage.id: row for row, passage in enumerate(data.passages)}
    right = [rows[min(question.relevant)] for question in data.test]
    scale = np.linspace(0.1, 9.0, len(right), dtype=np.float32)[:, None]
    np.save(tmp_path / "target-questions.npy", scale * vectors[right])
    np.save(tmp_path / "target-passages.npy", np.linspace(5.0, 0.1, len(vectors))[:, None] * vectors)
    assert [[1]] * len(data.test) == _ranks("target", data, tmp_path)
