"""The figures that the signals are read from: one pass over the corpus for all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.exact_search import Nearest
from monitoring.gathering import Compared
from monitoring.ports import WindowSample
from monitoring.signals.recall import labelled_hits, question_recall
from rag.domain import LabelledQuestion, Passage
from rag.ports import EmbeddingCache, Encoder, Vectors
from rag.releases.models import LoadedRelease
from rag.releases.trials import Scratch, trial
from rag.releases.vectors import Embedder


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruments:
    """What is measured with."""

    encoder: Encoder  # the fixed one: the same before and after a promotion
    live: LoadedRelease
    cache: EmbeddingCache  # of passages, for both encoders
    scratch: Scratch  # where the live release is tried out


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measurements:
    """What was measured."""

    reference: WindowSample
    current: WindowSample
    depth: int  # the k of both samples' hit_at_k
    golden_recall: Mapping[str, float]  # golden question's id -> recall@k
    gone: int  # golden questions whose documents are no longer there


def measure(compared: Compared, instruments: Instruments, *, tenant: str, k: int) -> Measurements:
    """Return the figures of both windows and of the golden questions.

    The windows are measured in the fixed encoder against the corpus as it is now, so that neither a promotion
    nor an ingestion looks like other questions. The golden questions are asked of the live release's whole
    retrieval, in a trial over that corpus, so that what is watched is what people are given.
    """
    windows = compared.reference, compared.current
    asked = [each for window in windows for each in window.interactions]
    golden = sorted((each for each in compared.golden if each.documents), key=lambda each: each.id)

    # A follow-up as it was searched for: on its own it would be about nothing.
    vectors = _embed(instruments.encoder, [each.rewritten or each.question for each in asked])
    nearest = Nearest(vectors, 1)
    corpus = _offered(compared.passages, nearest, Embedder(instruments.encoder, instruments.cache))
    recall = _golden_recall(golden, instruments, corpus, tenant=tenant, k=k)
    depth, hits = labelled_hits(windows, compared.feedback, k=k)
    scores = nearest.scores[:, 0].astype(np.float64) if nearest.seen() else None
    first = len(compared.reference.interactions)
    reference, current = (
        WindowSample(vectors=vectors[part], top_scores=None if scores is None else scores[part], hit_at_k=row)
        for part, row in zip((slice(first), slice(first, None)), hits, strict=True)
    )
    return Measurements(
        reference=reference,
        current=current,
        depth=depth,
        golden_recall=recall,
        gone=sum(not (question.documents & nearest.seen()) for question in golden),
    )


def _embed(encoder: Encoder, questions: list[str]) -> Vectors:
    """Return the questions' vectors, shape (n, dimension); n may be 0."""
    if not questions:
        return np.empty((0, encoder.dimension), np.float32)
    return encoder.encode_queries(questions)


def _offered(
    passages: Iterable[Sequence[Passage]], nearest: Nearest, embedder: Embedder
) -> Iterator[Sequence[Passage]]:
    """Hand the corpus on, showing it to `nearest` as it goes by."""
    for batch in passages:
        if batch:
            nearest.offer(batch, embedder.passages(list(batch)))
            yield batch


def _golden_recall(
    golden: Sequence[LabelledQuestion],
    instruments: Instruments,
    corpus: Iterable[Sequence[Passage]],
    *,
    tenant: str,
    k: int,
) -> dict[str, float]:
    """Return question id -> share of its documents found among `k` passages; reads the corpus to its end."""
    if not golden:
        for _ in corpus:
            pass
        return {}
    cache, scratch = instruments.cache, instruments.scratch
    with trial(instruments.live, corpus, tenant=tenant, cache=cache, scratch=scratch) as tried:
        found = tried.find([question.text for question in golden], limit=k)
    return {
        question.id: question_recall({each.passage.document_id for each in hits}, question.documents)
        for question, hits in zip(golden, found, strict=True)
    }
