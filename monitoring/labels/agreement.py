"""Does a stronger search agree that what was found answers the question? Signs of it, and their probability. Pure.

The whole index is searched by words alone, exactly, and what it gives is laid beside the k hits that were served. Where
the best passage by words is among the hits, and none beside them holds more of the question's words, a right passage
is among them more often than not; where the words know a passage that was not served, less often. What the signs weigh
differs from collection to collection, so that the weights are learned from what people said, beginning with weights
from two collections (`START`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p

import numpy as np
from numpy.typing import NDArray

from rag.domain import Calibration, Hit, Passage
from rag.questions.support.signs import Rarity, read_signs
from rag.text.overlap import content, words

NAMES = ("best", "first", "shared", "beside", "most", "spread", "nearest", "together", "weight")
"""Names of the signs, in their order."""

RIVALS = 10
"""Passages, the best by words, that the hits are compared with."""

_TRUST = 4.0
"""How firmly the weights stay where they began: the precision of their prior, one for each sign."""
_ROUNDS = 25

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A logistic regression on standardised signs."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def probability(self, signs: Sequence[float]) -> float:
        """Return how likely a right passage is among the hits."""
        at = (np.array(signs) - np.array(self.centre)) / np.array(self.scale)
        return float(1.0 / (1.0 + np.exp(-np.clip(self.bias + at @ np.array(self.weights), -30.0, 30.0))))


def signs_of(
    question: str, hits: Sequence[Hit], rivals: Sequence[Passage], calibration: Calibration | None = None
) -> tuple[float, ...]:
    """Return the signs, in the order of `NAMES`.

    `hits` are the k that were served, best first; `rivals` the best `RIVALS` passages by words, best first, hits among
    them. The calibration tells which words are rare.
    """
    rarity = Rarity(calibration)
    asked = content(question)
    total = sum(rarity.of(word) for word in asked) or 1.0

    def held(passage: Passage) -> float:
        bag = words(passage.embedded_text)
        return sum(rarity.of(word) for word in asked if word in bag) / total

    served = {hit.passage.id for hit in hits}
    ranks = [rank for rank, passage in enumerate(rivals) if passage.id in served]
    most = max((held(hit.passage) for hit in hits), default=0.0)
    others = max((held(passage) for passage in rivals if passage.id not in served), default=0.0)
    read = read_signs(question, hits, rarity)
    scores = [hit.score for hit in hits] or [0.0]
    return (
        log1p(min(ranks, default=RIVALS)),  # rank of the best hit among the best by words, from 0
        float(bool(rivals) and rivals[0].id in served),
        sum(rank < RIVALS // 2 for rank in ranks) / (RIVALS // 2),
        most - others,  # words that a hit holds beyond any passage beside them
        most,
        max(scores) - min(scores),  # cosines: a hit that stands out
        max(scores),
        read.together,
        read.weight,
    )


def learned(start: Weights, signs: Floats, found: Floats) -> Weights:
    """Return the weights after people's words on n questions, found (1) or not (0): shapes (n, signs) and (n,).

    The most likely ones, by Newton's method, under a normal prior around those that it starts from: few words change
    little.
    """
    if not len(found):
        return start
    at = (signs - np.array(start.centre)) / np.array(start.scale)
    rows = np.column_stack([np.ones(len(at)), np.clip(at, -5.0, 5.0)])  # (n, 1 + signs)
    prior = np.array([start.bias, *start.weights])
    firm = np.diag([0.1, *[_TRUST] * len(start.weights)])
    known = prior.copy()
    for _ in range(_ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(rows @ known, -30.0, 30.0)))
        slope = rows.T @ (found - chance) - firm @ (known - prior)
        step = np.linalg.solve((rows * (chance * (1 - chance))[:, np.newaxis]).T @ rows + firm, slope)
        known = known + step
        if np.abs(step).max() < 1e-6:
            break
    return Weights(
        centre=start.centre,
        scale=start.scale,
        weights=tuple(float(each) for each in known[1:]),
        bias=float(known[0]),
    )


START = Weights(
    centre=(0.276, 0.785, 0.522, 0.080, 0.831, 0.122, 0.656, 0.885, 2.393),
    scale=(0.602, 0.411, 0.259, 0.258, 0.206, 0.078, 0.100, 0.182, 0.468),
    weights=(-0.156, 0.040, 0.220, 0.769, 0.236, 0.618, -0.040, -0.094, -0.137),
    bias=1.095,
)
"""Learned on the `train` questions of FeedbackQA and MedQuAD, with both encoders (`benchmarks/drift_recall.py`)."""
