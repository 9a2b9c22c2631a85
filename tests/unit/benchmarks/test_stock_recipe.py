"""The stock recipe, trained for real, on a model so small that it takes no time."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from labelled import load
from stock_recipe import _Clock, recall, stock


def test_it_trains_and_is_looked_at(
    data_set: Callable[[str], Path], transformer: Path, tmp_path: Path
) -> None:
    """There is a look before the first step and one after each that was asked for; the model is another then."""
    data, target = load(data_set("sheds")), tmp_path / "target"
    target.mkdir()
    pairs = data.train * 12  # 144 pairs, 3 batches
    done = stock(transformer, pairs, seed=17, target=target, dev=data.dev, corpus=data.passages, every=2)
    assert 3 == done["steps"]
    assert [0, 2, 3] == [step for step, _, _ in done["curve"]]
    times = [seconds for _, seconds, _ in done["curve"]]
    assert 0.0 == times[0] < times[1] < times[2] <= done["seconds"]
    assert all(0.0 <= value <= 1.0 for _, _, value in done["curve"])
    weights = "model.safetensors"
    assert (transformer / weights).read_bytes() != (target / weights).read_bytes()
    # What it may read is not cut with what it was trained on.
    config = "sentence_bert_config.json"
    assert json.loads((transformer / config).read_text()) == json.loads((target / config).read_text())


def test_recall_is_by_exact_search() -> None:
    """Two of three answers within the first ten of twelve passages."""
    passages = np.eye(12, dtype=np.float32)
    questions = np.zeros((2, 12), dtype=np.float32)
    questions[:, :] = np.linspace(1.0, 0.1, 12)
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    assert 0.75 == recall(lambda: (questions, passages), [[0, 11], [9]])


def test_looks_take_no_time() -> None:
    """What is done while the clock is stopped is in neither time."""
    clock = _Clock()
    clock.start()
    with clock.stopped():
        time.sleep(0.2)
    clock.stop()
    assert clock.seconds < 0.1
    with clock.stopped():
        pass
    assert clock._since is None, "a clock that did not run is not started by a stop"


def test_a_process_that_dies_says_why(tmp_path: Path, data_set: Callable[[str], Path]) -> None:
    """The error has the end of what the other process wrote."""
    with pytest.raises(RuntimeError, match="nowhere"):
        stock(tmp_path / "nowhere", load(data_set("sheds")).train, seed=17)
