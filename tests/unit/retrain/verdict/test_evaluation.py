"""Metrics against ir_measures, exact search, intervals and the paired test."""

import time
from collections.abc import Sequence

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag.domain import Document, Passage
from retrain.domain import EvalQuestion, Origin
from retrain.verdict.evaluation import METRICS, answerable, clusters, contrast, evaluate, rank


def _question(name: str, relevant: Sequence[str], origin: Origin = Origin.LOG) -> EvalQuestion:
    return EvalQuestion(
        id=name, text=name, relevant=frozenset(relevant), documents=frozenset(relevant), origin=origin
    )


_MEASURES = {
    **{f"recall@{k}": ir_measures.R @ k for k in (1, 3, 5, 10)},
    **{f"precision@{k}": ir_measures.P @ k for k in (1, 3, 5, 10)},
    **{f"accuracy@{k}": ir_measures.Success @ k for k in (1, 3, 5, 10)},
    "mrr@10": ir_measures.RR @ 10,
    "ndcg@10": ir_measures.nDCG @ 10,
    "map@100": ir_measures.AP @ 100,
}


@given(st.integers(0, 10**6), st.integers(1, 150), st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_metrics_are_those_of_ir_measures(seed: int, corpus: int, questions: int) -> None:
    """On random rankings, every metric of every question equals the reference implementation's."""
    rng = np.random.default_rng(seed)
    names = [f"p{n}" for n in range(corpus)]
    asked = [
        _question(
            f"q{n}", rng.choice(names, size=rng.integers(1, min(corpus, 15) + 1), replace=False).tolist()
        )
        for n in range(questions)
    ]
    ranked = [rng.permutation(names).tolist() for _ in asked]
    qrels = [ir_measures.Qrel(q.id, passage, 1) for q in asked for passage in q.relevant]
    scored = [
        ir_measures.ScoredDoc(q.id, passage, float(-place))
        for q, found in zip(asked, ranked, strict=True)
        for place, passage in enumerate(found)
    ]
    expected = np.zeros((questions, len(METRICS)))
    columns = {str(measure): list(METRICS).index(name) for name, measure in _MEASURES.items()}
    for metric in ir_measures.iter_calc(list(_MEASURES.values()), qrels, scored):
        expected[int(metric.query_id[1:]), columns[str(metric.measure)]] = metric.value
    np.testing.assert_allclose(evaluate(ranked, asked), expected, atol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 50))
def test_search_is_exact_and_ties_go_to_the_earlier(seed: int, passages: int, k: int) -> None:
    """Equal to sorting everything; coarse vectors give many ties."""
    rng = np.random.default_rng(seed)
    asked = rng.integers(-1, 2, size=(7, 3)).astype(np.float32)
    corpus = rng.integers(-1, 2, size=(passages, 3)).astype(np.float32)
    expected = np.argsort(-(asked @ corpus.T), axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(rank(asked, corpus, k), expected)


def test_search_in_nothing_finds_nothing() -> None:
    """An empty corpus is no error."""
    found = rank(np.zeros((2, 3), dtype=np.float32), np.zeros((0, 3), dtype=np.float32), 5)
    assert found.shape == (2, 0)


def _metrics(rng: np.random.Generator, chance: float, count: int) -> NDArray[np.float64]:
    return np.repeat((rng.random((count, 1)) < chance).astype(np.float64), len(METRICS), axis=1)


def test_intervals_hold_their_means_and_the_true_difference() -> None:
    """In 20 draws of two equal encoders, the interval misses zero about as rarely as its level says."""
    rng = np.random.default_rng(5)
    misses = falls = 0
    for _ in range(20):
        before, after = _metrics(rng, 0.6, 200), _metrics(rng, 0.6, 200)
        row = contrast(before, after, np.arange(200), seed=1)[0]
        assert row.incumbent.low <= row.incumbent.value <= row.incumbent.high
        assert row.difference.value == pytest.approx(row.candidate.value - row.incumbent.value)
        misses += not row.difference.low <= 0 <= row.difference.high
        falls += row.difference.p_value < 0.05
    assert misses <= 4
    assert falls <= 4


def test_a_clear_gain_is_seen() -> None:
    """A better encoder has an interval above zero and the smallest p-value there is."""
    rng = np.random.default_rng(5)
    row = contrast(_metrics(rng, 0.4, 300), _metrics(rng, 0.7, 300), np.arange(300), seed=1)[0]
    assert row.difference.low > 0.1
    assert row.difference.p_value == pytest.approx(1 / 5001)


def test_no_difference_has_p_value_one() -> None:
    """The same encoder twice: nothing between them, and no surer than that."""
    values = _metrics(np.random.default_rng(5), 0.5, 50)
    row = contrast(values, values, np.arange(50), seed=1)[0]
    assert (row.difference.value, row.difference.low, row.difference.high) == (0, 0, 0)
    assert row.difference.p_value == 1


def test_wordings_of_one_question_make_nothing_surer() -> None:
    """Each question asked five times over gives the interval of the questions, not one of five times as many."""
    rng = np.random.default_rng(5)
    before, after = _metrics(rng, 0.5, 60), _metrics(rng, 0.6, 60)
    once = contrast(before, after, np.arange(60), seed=1)[0].difference
    often = contrast(
        np.repeat(before, 5, axis=0), np.repeat(after, 5, axis=0), np.repeat(np.arange(60), 5), seed=1
    )[0].difference
    assert often.high - often.low == pytest.approx(once.high - once.low)
    assert often.p_value == once.p_value


def test_thousands_of_questions_take_seconds() -> None:
    """Resampling is vectorised."""
    rng = np.random.default_rng(5)
    values = _metrics(rng, 0.5, 4_000), _metrics(rng, 0.5, 4_000)
    started = time.perf_counter()
    contrast(*values, np.arange(4_000), seed=1)
    assert time.perf_counter() - started < 20


def test_questions_with_the_same_answers_are_one_cluster() -> None:
    """Numbers follow the answers."""
    asked = [_question("a", "xy"), _question("b", "x"), _question("c", "yx")]
    assert clusters(asked).tolist() == [0, 1, 0]


def test_only_what_has_an_answer_is_asked() -> None:
    """Answers that are gone are taken from a question, and a question without any left is not asked."""
    corpus = [Passage.create(Document.create(uri=name, text=name), 0, name) for name in "xy"]
    x, y = (passage.id for passage in corpus)

    asked = answerable(
        [_question("a", [x, "gone"]), _question("b", ["gone"]), _question("c", [x, y])], corpus
    )

    assert [("a", {x}), ("c", {x, y})] == [(question.id, set(question.relevant)) for question in asked]
