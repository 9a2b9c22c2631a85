"""Figures of several runs, put together."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from over_seeds import Asked, over_seeds

from retrain.domain import EvalQuestion, Origin
from retrain.verdict.evaluation import METRICS, Floats, clusters, contrast, evaluate


def _questions(count: int) -> list[EvalQuestion]:
    """Questions of which every third has two answers, and every two neighbours the same ones."""
    return [
        EvalQuestion(
            id=str(number),
            text="",
            relevant=frozenset([f"p{number // 2}", *([f"q{number // 2}"] if number // 2 % 3 == 0 else [])]),
            documents=frozenset(),
            origin=Origin.LABEL,
        )
        for number in range(count)
    ]


def _ranked(count: int, *, seed: int, known: float) -> list[list[str]]:
    """Orders of 30 passages in which the right one comes first with probability `known`, else anywhere."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        order = [f"{letter}{row}" for letter in "pq" for row in rng.permutation(30)]
        if rng.random() < known:
            order.remove(f"p{number // 2}")
            order.insert(0, f"p{number // 2}")
        found.append(order)
    return found


def _asked(*, seed: int, known: float = 0.7) -> Asked:
    questions = _questions(60)
    sides = {"base": _ranked(60, seed=0, known=0.5), "tuned": _ranked(60, seed=seed, known=known)}
    return Asked.of("target", "sheds", questions, sides)


def test_nothing_is_lost_in_the_file() -> None:
    """What is kept gives the metrics of what was found, also after it was written and read."""
    questions, found = _questions(60), _ranked(60, seed=1, known=0.7)
    kept = Asked(**json.loads(json.dumps(asdict(Asked.of("target", "sheds", questions, {"a": found})))))
    np.testing.assert_array_equal(evaluate(found, questions), kept.figures("a"))
    np.testing.assert_array_equal(clusters(questions), kept.clusters)


def test_one_run_has_the_interval_over_questions() -> None:
    """With a single run the interval is that of the verdict's own paired bootstrap, but for the draws."""
    asked = _asked(seed=1)
    before, after = asked.figures("base"), asked.figures("tuned")
    rows = {row.metric: row.difference for row in contrast(before, after, asked.clusters, seed=3)}
    gains = over_seeds([asked], "tuned", minus="base")
    for metric in METRICS:
        assert 100 * rows[metric].value == pytest.approx(gains[metric].value)
        assert 100 * rows[metric].low == pytest.approx(gains[metric].low, abs=2.5)
        assert 100 * rows[metric].high == pytest.approx(gains[metric].high, abs=2.5)


def test_a_mean_is_over_all_runs() -> None:
    """The mean of three runs is the mean of their means, and lies in its interval."""
    runs = [_asked(seed=seed) for seed in (1, 2, 3)]
    each = [float(run.figures("tuned")[:, list(METRICS).index("recall@1")].mean()) for run in runs]
    span = over_seeds(runs, "tuned")["recall@1"]
    assert 100 * np.mean(each) == pytest.approx(span.value)
    assert span.low < span.value < span.high


def test_a_side_is_no_better_than_itself() -> None:
    """Differences are paired: of the same findings they are nothing, however the questions differ."""
    runs = [_asked(seed=seed) for seed in (1, 2)]
    same = [replace(run, ranks={**run.ranks, "again": run.ranks["tuned"]}) for run in runs]
    assert {"+0.0 (+0.0 to +0.0)"} == {
        span.gain() for span in over_seeds(same, "again", minus="tuned").values()
    }


def test_seeds_that_disagree_widen_the_interval() -> None:
    """Three runs that come out differently leave more open than one of them three times."""

    def width(runs: list[Asked]) -> float:
        span = over_seeds(runs, "tuned", minus="base")["recall@1"]
        return span.high - span.low

    agreeing = [_asked(seed=1, known=0.7)] * 3
    disagreeing = [_asked(seed=1, known=known) for known in (0.4, 0.7, 1.0)]
    assert width(agreeing) * 1.2 < width(disagreeing)


def test_what_was_not_found_counts() -> None:
    """A question without a right passage among what was found has rank nowhere, and figures of 0."""
    asked = Asked(part="target", name="sheds", groups=[0, 1], totals=[1, 2], ranks={"a": [[], [2]]})
    figures: Floats = asked.figures("a")
    assert [0.0, 0.5] == figures[:, list(METRICS).index("recall@10")].tolist()
    assert [0.0, 0.0] == figures[:, list(METRICS).index("recall@1")].tolist()
