"""What is known of each question: from the log, from feedback, and from comparing it with the passages."""

from collections.abc import Sequence

import numpy as np

from monitoring.domain import Kept, PassageSample, Watched
from monitoring.ports import AskedLog
from rag.domain import Feedback
from rag.ports import FeedbackStore, Vectors
from rag.text.overlap import words


def watched(
    kept: Sequence[Kept], *, log: AskedLog, feedback: FeedbackStore, sample: PassageSample, release: str
) -> Watched:
    """Return the questions with all that is known of them; one that was erased meanwhile is left out.

    The best passage is looked for in the sample as it is today, for old and new questions alike, so that neither a
    promotion nor an ingestion looks like other questions. Support means something under one calibration alone, so that
    only that of questions answered by `release`, the live one's digest, is taken.
    """
    known = log.known([each.interaction_id for each in kept])
    kept = [each for each in kept if each.interaction_id in known]
    said = feedback.of([each.interaction_id for each in kept])
    told = [known[each.interaction_id] for each in kept]
    vectors = unit(kept, dimension=sample.dimension)
    best, found = sample.nearest(vectors)
    return Watched(
        interactions=tuple(each.interaction_id for each in kept),
        positions=np.array([each.position for each in kept], np.int64),
        asked_at=np.array([each.asked_at.timestamp() for each in kept], np.float64),
        vectors=vectors,
        best=best,
        support=np.array([each.support if each.release == release else np.nan for each in told], np.float64),
        refused=np.array([each.refused for each in told], np.float64),
        rating=np.array([_rating(said.get(each.interaction_id, ())) for each in kept], np.float64),
        language_unknown=np.array([each.language_unknown for each in told], np.bool_),
        words=np.array([words(each.text).total() for each in told], np.float64),
        share=sample.share([each.text for each in told]),
        found=found,
    )


def unit(kept: Sequence[Kept], *, dimension: int) -> Vectors:
    """Return the questions' vectors, shape (n, dimension), of unit length again after the rounding."""
    if not kept:
        return np.empty((0, dimension), np.float32)
    rows = np.stack([each.vector for each in kept]).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths > 0, lengths, 1)
    return rows


def _rating(said: Sequence[Feedback]) -> float:
    """Return the last rating; nan where there is none."""
    return next((float(each.rating) for each in reversed(said) if each.rating is not None), float("nan"))
