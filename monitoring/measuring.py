"""The figures that the signals are read from: one pass over the corpus for all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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
    best = np.full(len(asked), -np.inf)  # each question's cosine to the passage nearest to it
    there: set[str] = set()  # documents

    def corpus() -> Iterator[Sequence[Passage]]:
        """Yield the corpus, comparing the questions with what goes by."""
        embedder = Embedder(instruments.encoder, instruments.cache)
        for batch in filter(None, compared.passages):
            np.maximum(best, (vectors @ embedder.passages(list(batch)).T).max(axis=1), out=best)
            there.update(passage.document_id for passage in batch)
            yield batch

    recall = _golden_recall(golden, instruments, corpus(), tenant=tenant, k=k)
    depth, hits = labelled_hits(windows, compared.feedback, k=k)
    first = len(compared.reference.interactions)
    reference, current = (
        WindowSample(vectors=vectors[part], top_scores=best[part] if there else None, hit_at_k=row)
        for part, row in zip((slice(first), slice(first, None)), hits, strict=True)
    )
    return Measurements(
        reference=reference,
        current=current,
        depth=depth,
        golden_recall=recall,
        gone=sum(question.documents.isdisjoint(there) for question in golden),
    )


def _embed(encoder: Encoder, questions: list[str]) -> Vectors:
    """Return the questions' vectors, shape (n, dimension); n may be 0."""
    if not questions:
        return np.empty((0, encoder.dimension), np.float32)
    return encoder.encode_queries(questions)


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
