"""How well something finds what it should: ranking metrics, intervals, a paired test, and exact search."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage
from rag.ports import EmbeddingCache, Encoder, Vectors
from rag.releases.vectors import Embedder
from retrain.domain import Difference, Estimate, EvalQuestion, MetricRow

Floats = NDArray[np.float64]
Relevance = NDArray[np.bool_]
"""Shape (questions, depth): whether the passage at that rank answers the question; ranks from the best."""
Totals = NDArray[np.int64]
"""Shape (questions,): how many passages answer each question, found or not."""

DEPTH = 100
"""Ranks that are measured."""
RESAMPLES = 2_000
FLIPS = 5_000
SCORES_AT_ONCE = 2**25
"""Cosines held in memory at the same time."""


def rank(questions: Vectors, passages: Vectors, k: int) -> NDArray[np.int64]:
    """Return the rows of the `k` passages nearest to each question by exact search, best first.

    Ties go to the earlier row, so that the result depends on nothing but the vectors. Of `questions`, shape (n,
    dimension), and `passages`, (m, dimension), both of unit length, the result has shape (n, min(k, m)).
    """
    k = min(k, len(passages))
    found = np.empty((len(questions), k), dtype=np.int64)
    if not k:
        return found
    rows = max(1, SCORES_AT_ONCE // len(passages))
    for start in range(0, len(questions), rows):
        scores = questions[start : start + rows] @ passages.T  # (rows, m)
        bars = np.partition(scores, -k, axis=1)[:, -k]
        for offset, (line, bar) in enumerate(zip(scores, bars, strict=True)):
            over = np.flatnonzero(line >= bar)
            found[start + offset] = over[np.argsort(-line[over], kind="stable")][:k]
    return found


def recall_at(relevance: Relevance, totals: Totals, k: int) -> Floats:
    """Return Recall@k: the share of a question's answers among the first k. Shape (questions,)."""
    recall: Floats = relevance[:, :k].sum(axis=1) / totals
    return recall


def precision_at(relevance: Relevance, totals: Totals, k: int) -> Floats:  # noqa: ARG001  # one shape for all
    """Return Precision@k: the share of the first k that are answers; ranks beyond the corpus count as wrong."""
    precision: Floats = relevance[:, :k].sum(axis=1) / k
    return precision


def accuracy_at(relevance: Relevance, totals: Totals, k: int) -> Floats:  # noqa: ARG001
    """Return Accuracy@k, the hit rate: 1 where any of the first k is an answer."""
    return np.asarray(relevance[:, :k].any(axis=1), dtype=np.float64)


def mrr_at(relevance: Relevance, totals: Totals, k: int) -> Floats:  # noqa: ARG001
    """Return MRR@k before the mean: 1 / rank of the first answer, 0 where none is among the first k."""
    first = relevance[:, :k]
    reciprocal: Floats = first.any(axis=1) / (first.argmax(axis=1) + 1.0)
    return reciprocal


def ndcg_at(relevance: Relevance, totals: Totals, k: int) -> Floats:
    """Return nDCG@k with gains 0 and 1, discount log2(rank + 1) (Järvelin and Kekäläinen 2002)."""
    discounts = 1.0 / np.log2(np.arange(2, k + 2))  # (k,)
    first = relevance[:, :k]
    ideal: Floats = np.cumsum(discounts)[np.minimum(totals, k) - 1]
    gain: Floats = (first * discounts[: first.shape[1]]).sum(axis=1) / ideal
    return gain


def map_at(relevance: Relevance, totals: Totals, k: int) -> Floats:
    """Return average precision at k, as trec_eval has it: answers that were not found count, with precision 0."""
    first = relevance[:, :k]
    precision = first.cumsum(axis=1) / np.arange(1, first.shape[1] + 1)
    average: Floats = (precision * first).sum(axis=1) / totals
    return average


METRICS: Mapping[str, tuple[Callable[[Relevance, Totals, int], Floats], int]] = {
    **{f"recall@{k}": (recall_at, k) for k in (1, 3, 5, 10)},
    **{f"precision@{k}": (precision_at, k) for k in (1, 3, 5, 10)},
    **{f"accuracy@{k}": (accuracy_at, k) for k in (1, 3, 5, 10)},
    "mrr@10": (mrr_at, 10),
    "ndcg@10": (ndcg_at, 10),
    "map@100": (map_at, 100),
}
"""Name -> function and k, in the order of a scorecard's rows."""


def evaluate(ranked: Sequence[Sequence[str]], questions: Sequence[EvalQuestion]) -> Floats:
    """Return every metric of every question, shape (questions, len(METRICS)).

    `ranked` are passage ids for each question, best first, `DEPTH` of them where there are as many. Each question has
    at least one relevant passage.
    """
    relevance = np.zeros((len(questions), DEPTH), dtype=np.bool_)
    for row, (found, question) in enumerate(zip(ranked, questions, strict=True)):
        hits = [passage in question.relevant for passage in found[:DEPTH]]
        relevance[row, : len(hits)] = hits
    totals = np.array([len(question.relevant) for question in questions], dtype=np.int64)
    return np.column_stack([measure(relevance, totals, k) for measure, k in METRICS.values()])


def search(
    encoder: Encoder, questions: Sequence[EvalQuestion], corpus: Sequence[Passage], cache: EmbeddingCache
) -> list[list[str]]:
    """Return each question's `DEPTH` nearest passages by id, best first: an encoder alone, by exact search."""
    return nearest(encoder, [question.text for question in questions], corpus, cache, k=DEPTH)


def nearest(
    encoder: Encoder, texts: Sequence[str], corpus: Sequence[Passage], cache: EmbeddingCache, *, k: int
) -> list[list[str]]:
    """Return each text's `k` nearest passages by id, best first."""
    if not texts:
        return []
    passages = Embedder(encoder, cache).passages(list(corpus))
    asked = encoder.encode_queries(list(texts))  # (texts, dimension)
    return [[corpus[row].id for row in rows] for rows in rank(asked, passages, k)]


def answerable(questions: Sequence[EvalQuestion], corpus: Sequence[Passage]) -> list[EvalQuestion]:
    """Return the questions that have an answer in the corpus, without the answers that are gone."""
    there = {passage.id for passage in corpus}
    return [
        replace(question, relevant=question.relevant & there)
        for question in questions
        if question.relevant & there
    ]


def clusters(questions: Sequence[EvalQuestion]) -> NDArray[np.int64]:
    """Return a number for each question, (questions,): questions with the same answers share it.

    Two wordings of one question stand and fall together, so resampling has to keep them together, or a
    set with many wordings would look surer than it is.
    """
    numbers: dict[frozenset[str], int] = {}
    return np.array([numbers.setdefault(q.relevant, len(numbers)) for q in questions], dtype=np.int64)


def contrast(
    before: Floats,
    after: Floats,
    groups: NDArray[np.int64],
    *,
    seed: int,
    names: Sequence[str] = tuple(METRICS),
) -> tuple[MetricRow, ...]:
    """Return every metric's means, their difference, 95 % intervals and p-value.

    Intervals are percentiles of `RESAMPLES` bootstrap means over clusters of questions (Efron and Tibshirani, "An
    Introduction to the Bootstrap", 1993), the same draws for both sides, so the difference is paired. The p-value is
    that of a two-sided paired randomisation test (Smucker, Allan, Carterette 2007): the share of `FLIPS` random swaps
    of incumbent and candidate, cluster by cluster, with a difference as large as was seen.

    `before` and `after` have shape (questions, len(names)), `groups`, from `clusters`, has (questions,).
    """
    sums = _added(before, groups), _added(after, groups)
    rng = np.random.default_rng(seed)
    drawn = _bootstrap(*sums, np.bincount(groups).astype(np.float64), rng)
    p_values = _randomisation(sums[1] - sums[0], rng)
    rows = []
    for column, metric in enumerate(names):
        old, new = float(before[:, column].mean()), float(after[:, column].mean())
        low_high = np.percentile(drawn[:, :, column], (2.5, 97.5), axis=1)  # (2, sides)
        (old_low, new_low, low), (old_high, new_high, high) = low_high.tolist()
        rows.append(
            MetricRow(
                metric=metric,
                incumbent=Estimate(value=old, low=old_low, high=old_high),
                candidate=Estimate(value=new, low=new_low, high=new_high),
                difference=Difference(value=new - old, low=low, high=high, p_value=float(p_values[column])),
            )
        )
    return tuple(rows)


def _added(values: Floats, groups: NDArray[np.int64]) -> Floats:
    """Return the metrics added up by cluster, shape (clusters, metrics)."""
    added = np.zeros((int(groups.max()) + 1, values.shape[1]))
    np.add.at(added, groups, values)
    return added


def _bootstrap(before: Floats, after: Floats, sizes: Floats, rng: np.random.Generator) -> Floats:
    """Return resampled means, shape (3, RESAMPLES, metrics): incumbent, candidate, difference."""
    count = len(sizes)
    means = []
    step = max(1, SCORES_AT_ONCE // (8 * count))
    for start in range(0, RESAMPLES, step):
        draws = min(step, RESAMPLES - start)
        # Counting what was drawn is a multinomial, in a tenth of the time that one takes to draw.
        drawn = rng.integers(0, count, size=(draws, count)) + np.arange(draws)[:, None] * count
        counted = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)
        weights = counted.astype(np.float64)
        asked = (weights @ sizes)[:, None]  # (draws, 1)
        old, new = weights @ before / asked, weights @ after / asked
        means.append(np.stack((old, new, new - old)))
    return np.concatenate(means, axis=1)


def _randomisation(difference: Floats, rng: np.random.Generator) -> Floats:
    """Return two-sided p-values, shape (metrics,); the arrangement that was seen counts as one of them."""
    # Sums of the same numbers in another order differ in the last bits.
    seen = np.abs(difference.sum(axis=0)) - 1e-9
    as_large = np.zeros(difference.shape[1])
    step = max(1, SCORES_AT_ONCE // (8 * len(difference)))
    for start in range(0, FLIPS, step):
        flips = rng.integers(0, 2, size=(min(step, FLIPS - start), len(difference)), dtype=np.int8)
        signs = 1.0 - 2.0 * flips
        as_large += (np.abs(signs @ difference) >= seen).sum(axis=0)
    return (as_large + 1) / (FLIPS + 1)
