"""How well releases find what they should: ranking metrics, intervals, a paired test; exact search to compare with.

Knows nothing of thresholds or verdicts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage
from rag.errors import InvalidInput
from rag.ports import EmbeddingCache, Encoder, Vectors
from rag.releases.indexing import Embedder
from rag.releases.rehearsal import Cast, Scratch, rehearsal
from retrain.domain import (
    Concentration,
    Costs,
    Detectable,
    Difference,
    Estimate,
    EvalQuestion,
    MetricRow,
    Scorecard,
    Slice,
)
from retrain.verdict.moved import moved
from retrain.verdict.slices import partitions

Floats = NDArray[np.float64]
Relevance = NDArray[np.bool_]
"""Shape (questions, depth): whether the passage at that rank answers the question; ranks from the best."""
Totals = NDArray[np.int64]
"""Shape (questions,): how many passages answer each question, found or not."""

DEPTH = 100
"""Ranks that are looked at."""
RESAMPLES = 2_000
FLIPS = 5_000
SCORES_AT_ONCE = 2**25
"""Cosines held in memory at the same time."""


def rank(questions: Vectors, passages: Vectors, k: int) -> NDArray[np.int64]:
    """Search exactly: give the rows of the `k` passages nearest to each question, best first.

    Ties go to the earlier row, so that the result depends on nothing but the vectors.

    Args:
        questions: shape (n, dimension), unit length.
        passages: shape (m, dimension), unit length.
        k: at most m of them are given.

    Returns:
        Shape (n, min(k, m)).
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
    """Recall@k: the share of a question's answers among the first k. Shape (questions,)."""
    recall: Floats = relevance[:, :k].sum(axis=1) / totals
    return recall


def precision_at(relevance: Relevance, totals: Totals, k: int) -> Floats:  # noqa: ARG001  # one shape for all
    """Precision@k: the share of the first k that are answers; ranks beyond the corpus count as wrong."""
    precision: Floats = relevance[:, :k].sum(axis=1) / k
    return precision


def accuracy_at(relevance: Relevance, totals: Totals, k: int) -> Floats:  # noqa: ARG001
    """Accuracy@k, the hit rate: 1 where any of the first k is an answer."""
    return np.asarray(relevance[:, :k].any(axis=1), dtype=np.float64)


def mrr_at(relevance: Relevance, totals: Totals, k: int) -> Floats:  # noqa: ARG001
    """MRR@k before the mean: 1 / rank of the first answer, 0 where none is among the first k."""
    first = relevance[:, :k]
    reciprocal: Floats = first.any(axis=1) / (first.argmax(axis=1) + 1.0)
    return reciprocal


def ndcg_at(relevance: Relevance, totals: Totals, k: int) -> Floats:
    """nDCG@k with gains 0 and 1, discount log2(rank + 1) (Järvelin and Kekäläinen 2002)."""
    discounts = 1.0 / np.log2(np.arange(2, k + 2))  # (k,)
    first = relevance[:, :k]
    ideal: Floats = np.cumsum(discounts)[np.minimum(totals, k) - 1]
    gain: Floats = (first * discounts[: first.shape[1]]).sum(axis=1) / ideal
    return gain


def map_at(relevance: Relevance, totals: Totals, k: int) -> Floats:
    """Average precision at k, as trec_eval has it: answers that were not found count, with precision 0."""
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
    """Measure every metric for every question.

    Args:
        ranked: for each question, passage ids, best first, `DEPTH` of them where there are as many.
        questions: the questions, each with at least one relevant passage.

    Returns:
        Shape (questions, len(METRICS)).
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
    """Give each question's `DEPTH` nearest passages by id, best first: an encoder alone, by exact search."""
    return nearest(encoder, [question.text for question in questions], corpus, cache, k=DEPTH)


def nearest(
    encoder: Encoder, texts: Sequence[str], corpus: Sequence[Passage], cache: EmbeddingCache, *, k: int
) -> list[list[str]]:
    """Give each text's `k` nearest passages by id, best first."""
    if not texts:
        return []
    passages = Embedder(encoder, cache).passages(list(corpus))
    asked = encoder.encode_queries(list(texts))  # (texts, dimension)
    return [[corpus[row].id for row in rows] for rows in rank(asked, passages, k)]


def compare(
    questions: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    *,
    incumbent: Cast,
    candidate: Cast,
    tenant: str,
    cache: EmbeddingCache,
    scratch: Scratch,
    dataset: str,
    seed: int,
    updated: Mapping[str, datetime] | None = None,
    guard: Slice | None = None,
    concentration: Concentration | None = None,
    detectable: Detectable | None = None,
    costs: Costs | None = None,
    look: int = 1,
) -> Scorecard:
    """Put the candidate beside the incumbent: same questions, same corpus, each with its whole retrieval.

    Both releases are rehearsed, so that what is compared is what is served: index, words, context and cross-encoder
    as well as the encoder.

    Questions whose answers are all gone from the corpus are left out, since neither release could find
    them; the scorecard's count says how many were asked.

    Args:
        questions: the held-back ones.
        corpus: every passage that is searched, whole documents.
        incumbent: the release that is live.
        candidate: the one that wants to be.
        tenant: whose passages these are.
        cache: of passages' embeddings.
        scratch: where both indexes are made.
        dataset: digest of the dataset the questions come from.
        seed: of resampling.
        updated: document id -> when it was changed, for the slices by age.
        guard: from `guarded`, where a general-domain set is measured.
        concentration: from `retrain.verdict.concentration`, as it goes onto the scorecard.
        detectable: what was foreseen, as it goes onto the scorecard.
        costs: from `retrain.verdict.costs`, the same.
        look: how often the questions were looked at, this time included.

    Raises:
        InvalidInput: no question has an answer in the corpus.
    """
    asked = answerable(questions, corpus)
    if not asked:
        raise InvalidInput(
            f"None of the {len(questions)} held-back questions has an answer in the {len(corpus)} passages; "
            "ingest more documents or import labelled questions, then mine again."
        )
    ranked = [
        rehearsed(cast, asked, corpus, tenant=tenant, cache=cache, scratch=scratch)
        for cast in (incumbent, candidate)
    ]
    before, after = (evaluate(found, asked) for found in ranked)
    groups = clusters(asked)
    named = partitions(
        asked,
        incumbent.encoder.encode_queries([question.text for question in asked]),
        updated or {},
        {passage.id: passage.tenant for passage in corpus},
        seed=seed,
    )
    named["anchors"] = anchored(before, incumbent.release.retrieval.top_k)
    slices = [
        Slice(
            name=name,
            questions=len(rows),
            rows=contrast(
                before[rows], after[rows], np.unique(groups[rows], return_inverse=True)[1], seed=seed
            ),
        )
        for name, rows in named.items()
        if len(rows)
    ]
    titles = {passage.id: passage.title or passage.uri for passage in corpus}
    worst, best = moved(asked, ranked[0], ranked[1], titles)
    return Scorecard.create(
        dataset=dataset,
        incumbent=incumbent.encoder.digest,
        candidate=candidate.encoder.digest,
        questions=len(asked),
        passages=len(corpus),
        overall=contrast(before, after, groups, seed=seed),
        slices=[*slices, *([guard] if guard else [])],
        look=look,
        detectable=detectable,
        costs=costs,
        concentration=concentration,
        worst=worst,
        best=best,
    )


def anchored(before: Floats, top_k: int) -> NDArray[np.int64]:
    """Give the rows of the anchors: questions that the incumbent answers among the hits it would show.

    Args:
        before: the incumbent's metrics, shape (questions, len(METRICS)).
        top_k: hits shown; of the depths that are measured the deepest within it counts, see `anchor_metric`.
    """
    return np.flatnonzero(before[:, list(METRICS).index(anchor_metric(top_k))] > 0)


def anchor_metric(top_k: int) -> str:
    """Name the hit rate whose difference over the anchors is the share lost, with its sign turned."""
    return f"accuracy@{max(k for k in (1, 3, 5, 10) if k <= max(1, top_k))}"


def guarded(
    questions: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    *,
    incumbent: Encoder,
    candidate: Encoder,
    cache: EmbeddingCache,
    seed: int,
) -> Slice:
    """Measure both encoders alone, by exact search, on a set that has nothing to do with the documents served.

    What is forgotten there was general knowledge, which the next documents may need.
    """
    asked = answerable(questions, corpus)
    before, after = (
        evaluate(search(encoder, asked, corpus, cache), asked) for encoder in (incumbent, candidate)
    )
    return Slice(name="guard", questions=len(asked), rows=contrast(before, after, clusters(asked), seed=seed))


def rehearsed(
    cast: Cast,
    questions: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    *,
    tenant: str,
    cache: EmbeddingCache,
    scratch: Scratch,
) -> list[list[str]]:
    """Give each question's `DEPTH` best passages by id, as the release would give them, best first."""
    with rehearsal(cast, [corpus], tenant=tenant, cache=cache, scratch=scratch) as tried:
        return tried.rank([question.text for question in questions], limit=DEPTH)


def answerable(questions: Sequence[EvalQuestion], corpus: Sequence[Passage]) -> list[EvalQuestion]:
    """Give the questions that have an answer in the corpus, without the answers that are gone."""
    there = {passage.id for passage in corpus}
    return [
        replace(question, relevant=question.relevant & there)
        for question in questions
        if question.relevant & there
    ]


def clusters(questions: Sequence[EvalQuestion]) -> NDArray[np.int64]:
    """Number the questions by what answers them, shape (questions,): the same answers, the same number.

    Two wordings of one question stand and fall together, so resampling has to keep them together, or a
    set with many wordings would look surer than it is.
    """
    numbers: dict[frozenset[str], int] = {}
    return np.array([numbers.setdefault(q.relevant, len(numbers)) for q in questions], dtype=np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sums:
    """Metrics added up by cluster."""

    before: Floats  # (clusters, metrics)
    after: Floats  # (clusters, metrics)
    sizes: Floats  # (clusters,), questions in each


def contrast(before: Floats, after: Floats, groups: NDArray[np.int64], *, seed: int) -> tuple[MetricRow, ...]:
    """Give every metric's means, their difference, 95 % intervals and p-value.

    Intervals are percentiles of `RESAMPLES` bootstrap means over clusters of questions (Efron and Tibshirani,
    "An Introduction to the Bootstrap", 1993), the same draws for both sides, so the difference is paired.
    The p-value is that of a two-sided paired randomisation test (Smucker, Allan, Carterette 2007): the share of
    `FLIPS` random swaps of incumbent and candidate, cluster by cluster, with a difference as large as was seen.

    Args:
        before: the incumbent's metrics, shape (questions, len(METRICS)).
        after: the candidate's, same shape.
        groups: shape (questions,), from `clusters`.
        seed: of the random numbers.
    """
    sums = _Sums(
        before=_added(before, groups),
        after=_added(after, groups),
        sizes=np.bincount(groups).astype(np.float64),
    )
    rng = np.random.default_rng(seed)
    drawn = _bootstrap(sums, rng)
    p_values = _randomisation(sums, rng)
    rows = []
    for column, metric in enumerate(METRICS):
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
    added = np.zeros((int(groups.max()) + 1, values.shape[1]))
    np.add.at(added, groups, values)
    return added


def _bootstrap(sums: _Sums, rng: np.random.Generator) -> Floats:
    """Give resampled means, shape (3, RESAMPLES, metrics): incumbent, candidate, difference."""
    count = len(sums.sizes)
    means = []
    step = max(1, SCORES_AT_ONCE // (8 * count))
    for start in range(0, RESAMPLES, step):
        draws = min(step, RESAMPLES - start)
        weights = rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)
        asked = (weights @ sums.sizes)[:, None]  # (draws, 1)
        old, new = weights @ sums.before / asked, weights @ sums.after / asked
        means.append(np.stack((old, new, new - old)))
    return np.concatenate(means, axis=1)


def _randomisation(sums: _Sums, rng: np.random.Generator) -> Floats:
    """Give two-sided p-values, shape (metrics,); the arrangement that was seen counts as one of them."""
    difference = sums.after - sums.before  # (clusters, metrics)
    # Sums of the same numbers in another order differ in the last bits.
    seen = np.abs(difference.sum(axis=0)) - 1e-9
    as_large = np.zeros(difference.shape[1])
    step = max(1, SCORES_AT_ONCE // (8 * len(difference)))
    for start in range(0, FLIPS, step):
        signs = rng.choice(np.array((-1.0, 1.0)), size=(min(step, FLIPS - start), len(difference)))
        as_large += (np.abs(signs @ difference) >= seen).sum(axis=0)
    return (as_large + 1) / (FLIPS + 1)
