"""Candidate beside incumbent: each with its whole retrieval, over the same corpus, on the same questions."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage
from rag.errors import InvalidInput
from rag.ports import EmbeddingCache, Encoder, Progress
from rag.releases.models import LoadedRelease
from rag.releases.trials import TrialIndexes
from retrain.domain import Dataset, EvalQuestion, Scorecard, Slice
from retrain.verdict.evaluation import (
    DEPTH,
    METRICS,
    Floats,
    answerable,
    clusters,
    contrast,
    evaluate,
    search,
)
from retrain.verdict.moved import moved
from retrain.verdict.receiving import receive_both
from retrain.verdict.slices import ANCHORS, GUARD, ROBUSTNESS, partitions


def compare(
    dataset: Dataset,
    *,
    incumbent: LoadedRelease,
    candidate: LoadedRelease,
    on: TrialIndexes,
    seed: int,
    updated: Mapping[str, datetime] | None = None,
    frozen: frozenset[str] = frozenset(),
    progress: Progress = lambda *_: None,
) -> Scorecard:
    """Return how candidate and incumbent do on the gate questions and the same corpus, each with its whole retrieval.

    Both releases are tried out, so that what is compared is what is served: index, words, context and cross-encoder as
    well as the encoder; and what people would be answered, by each release's own calibration and threshold.

    Questions whose answers are all gone from the corpus are left out, since neither release could find them; the result
    says how many were asked. Other wordings of the questions (robustness) are a slice beside all the others: of no
    overall figure, no other slice, and not among the questions that moved. `updated`, document id -> when it was
    changed, makes the slices by age. `frozen` are fingerprints of the questions that a live release has answered: they
    are anchors.

    Raises:
        InvalidInput: no question has an answer in the corpus.
    """
    corpus = on.corpus
    asked = answerable(dataset.gate, corpus)
    if not asked:
        raise InvalidInput(
            f"None of the {len(dataset.gate)} held-back questions has an answer in the {len(corpus)} passages; "
            "ingest more documents or import labelled questions, then mine again."
        )
    old, new = on.of(incumbent), on.of(candidate)
    texts = [question.text for question in asked]
    ranked = [side.rank(texts, limit=DEPTH) for side in (old, new)]
    before, after = (evaluate(found, asked) for found in ranked)
    groups = clusters(asked)
    named = partitions(asked, old.vectors(texts), updated or {}, {p.id: p.tenant for p in corpus}, seed=seed)
    # Those that the incumbent has lost since stay among them, so that losses of several promotions add up.
    held = np.array([question.fingerprint in frozen for question in asked])
    held[anchored(before, incumbent.release.retrieval.top_k)] = True
    named[ANCHORS] = np.flatnonzero(held)
    slices = [
        _slice(name, before[rows], after[rows], np.unique(groups[rows], return_inverse=True)[1], seed=seed)
        for name, rows in named.items()
        if len(rows)
    ]
    if reworded := answerable(dataset.robustness, corpus):
        texts = [question.text for question in reworded]
        was, now = (evaluate(side.rank(texts, limit=DEPTH), reworded) for side in (old, new))
        slices.append(_slice(ROBUSTNESS, was, now, clusters(reworded), seed=seed))
    titles = {passage.id: passage.title or passage.uri for passage in corpus}
    received = receive_both(
        asked, incumbent=incumbent, candidate=candidate, on=on, seed=seed, progress=progress
    )
    worst, best = moved(asked, ranked[0], ranked[1], titles, received.got)
    return Scorecard(
        dataset=dataset.digest,
        incumbent=incumbent.encoder.digest,
        candidate=candidate.encoder.digest,
        questions=len(asked),
        passages=len(corpus),
        overall=contrast(before, after, groups, seed=seed),
        slices=tuple(slices),
        worst=tuple(worst),
        best=tuple(best),
        answers=received.answers,
    )


def anchored(before: Floats, top_k: int) -> NDArray[np.int64]:
    """Return the rows of the questions that the incumbent answers among the hits it would show: anchors from now on.

    `before` are its metrics, shape (questions, len(METRICS)), `top_k` the hits shown; see `anchor_metric`.
    """
    return np.flatnonzero(before[:, list(METRICS).index(anchor_metric(top_k))] > 0)


def anchor_metric(top_k: int) -> str:
    """Return the hit rate whose difference over the anchors is the share lost, with its sign turned.

    Of the depths that are measured it is at the deepest within `top_k`.
    """
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
    """Return how both encoders alone do, by exact search, on a set unrelated to the documents served.

    What is forgotten there was general knowledge, which the next documents may need.
    """
    asked = answerable(questions, corpus)
    before, after = (
        evaluate(search(encoder, asked, corpus, cache), asked) for encoder in (incumbent, candidate)
    )
    return _slice(GUARD, before, after, clusters(asked), seed=seed)


def _slice(name: str, before: Floats, after: Floats, groups: NDArray[np.int64], *, seed: int) -> Slice:
    return Slice(name=name, questions=len(before), rows=contrast(before, after, groups, seed=seed))
