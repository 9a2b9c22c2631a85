"""What an attribution is told beside findings and look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.ports import Vectors


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a search found for one question that is stronger than the encoder alone."""

    words: float  # how well the passage that fits its words best does, 0 and more; the same scale for all questions
    encoder: float  # the same of the best among those that the encoder finds; at most `words`
    near: float | None = None
    """Cosine of the passage that fits its words best, -1 where none has any; None: there is no passage, or no word."""
    agreed: float | None = None
    """By how much the one passage stands out that does so for words and for the encoder: the lesser of its two
    z-scores among all passages, at the most; None: there is no passage."""
    support: float | None = None  # how likely all of them together answer it, 0 to 1; None: nobody judged
    documents: tuple[str, ...] = ()  # ids of their documents, best first


class Stronger(Protocol):
    """A search beyond the encoder's: by words, over the whole corpus or a sample of it."""

    def __call__(self, questions: Sequence[str], vectors: Vectors) -> Sequence[Found]:
        """Return what is found for each question; `vectors`, shape (n, dimension), are in the fixed encoder."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenLoss:
    """Golden questions that are found worse than in the baseline."""

    asked: int  # golden questions that both have
    lost: int  # of them, those with a lower recall now
    changed: int = 0  # of the lost ones, those of which a document changed since the baseline, and is there
    gone: int = 0  # of the lost ones, those of which a document is no longer there
    at_switch: bool = False  # the baseline is of the release before the live one
