"""A search by words over passages, beside the encoder's: what is there, though the encoder may not find it."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution.evidence import Found
from rag.ports import Vectors
from rag.text.overlap import content

Numbers = NDArray[np.uint32]
Figures = NDArray[np.float64]

_SATURATION, _LENGTH = 0.5, 0.75  # BM25's k1 and b: low, as a word counts once however often it stands there
_NAMED = 5  # documents given for a question
_AT_ONCE = 100  # questions whose cosines are held in memory together


class Passages(Protocol):
    """n passages, or a sample of them."""

    @property
    def documents(self) -> Sequence[str]:
        """Ids of the documents they are of."""
        ...

    @property
    def vectors(self) -> NDArray[Any]:
        """Shape (n, dimension), unit length."""
        ...

    @property
    def words(self) -> Numbers:
        """Of all passages in turn: each its content words as numbers, once."""
        ...

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Shape (n + 1,): passage i has words[bounds[i]:bounds[i + 1]]."""
        ...


class WordSearch:
    """Exact search over given passages; fulfils `Stronger`.

    A passage's figure for a question is BM25 (Robertson and Zaragoza 2009) over the words that carry the question's
    topic, each counted once, as a share of what a short passage would have that has all of them: about 0 to 1, the same
    scale for every question.
    """

    def __init__(
        self, passages: Passages, number: Callable[[Collection[str]], Numbers], *, k: int = 10
    ) -> None:
        """Take the passages.

        Args:
            passages: they are kept, not copied.
            number: words -> the numbers that stand for them in `passages`.
            k: so many of the passages nearest to a question are what the encoder finds.
        """
        self._passages, self._number, self._k = passages, number, k
        lengths = np.diff(passages.bounds).astype(np.float64)
        usual = float(lengths.mean()) if len(lengths) else 1.0
        self._norms: Figures = _SATURATION * (1 - _LENGTH + _LENGTH * lengths / max(usual, 1.0))

    def __call__(self, questions: Sequence[str], vectors: Vectors) -> list[Found]:
        """Return what is found for each question, in time that grows with passages times questions."""
        if not len(self._norms):
            return [Found(words=0.0, encoder=0.0) for _ in questions]
        topics = [self._number(content(question)) for question in questions]
        at = self._where(np.unique(np.concatenate([np.empty(0, np.uint32), *topics])))
        found: list[Found] = []
        for first in range(0, len(topics), _AT_ONCE):
            some = vectors[first : first + _AT_ONCE].astype(np.float32)
            cosines = some @ self._passages.vectors.astype(np.float32).T
            parts = zip(topics[first : first + _AT_ONCE], cosines, strict=True)
            found.extend(self._found(topic, row, at) for topic, row in parts)
        return found

    def best(self, questions: Sequence[str], *, k: int) -> list[list[int]]:
        """Return for each question the rows of up to k passages that hold its words best, best first."""
        topics = [self._number(content(question)) for question in questions]
        at = self._where(np.unique(np.concatenate([np.empty(0, np.uint32), *topics])))
        return [self._first(self._scores(topic, at), k) for topic in topics]

    def _where(self, asked: Numbers) -> dict[int, NDArray[np.int64]]:
        """Return word -> the passages that have it."""
        words, bounds = self._passages.words, self._passages.bounds
        places = np.flatnonzero(np.isin(words, asked))
        rows = np.searchsorted(bounds, places, side="right") - 1
        order = np.argsort(words[places], kind="stable")
        named, starts = np.unique(words[places][order], return_index=True)
        parts = np.split(rows[order], starts[1:])
        return dict(zip(named.tolist(), parts, strict=False))

    def _found(self, topic: Numbers, cosines: NDArray[np.float32], at: dict[int, NDArray[np.int64]]) -> Found:
        scores = self._scores(topic, at)
        near = np.argpartition(-cosines, min(self._k, len(scores)) - 1)[: self._k]
        named = (self._passages.documents[row] for row in self._first(scores, _NAMED))
        return Found(
            words=float(scores.max()),
            near=None if not len(topic) else float(cosines[scores.argmax()]) if scores.any() else -1.0,
            agreed=float(np.minimum(_standing(cosines), _standing(scores)).max()),
            encoder=float(scores[near].max()),
            documents=tuple(dict.fromkeys(named)),
        )

    def _scores(self, topic: Numbers, at: dict[int, NDArray[np.int64]]) -> Figures:
        """Return each passage's figure for a question, shape (n,)."""
        count = len(self._norms)
        scores, total = np.zeros(count), 0.0
        for word in topic.tolist():
            rows = at.get(word, np.empty(0, np.int64))
            rarity = float(np.log(1 + (count - len(rows) + 0.5) / (len(rows) + 0.5)))
            scores[rows] += rarity * (_SATURATION + 1) / (1 + self._norms[rows])
            total += rarity
        return scores / (total * (_SATURATION + 1) / (1 + _SATURATION * (1 - _LENGTH)) or 1.0)

    @staticmethod
    def _first(scores: Figures, k: int) -> list[int]:
        """Return the rows of the k best figures above 0, best first."""
        return [int(row) for row in np.argsort(-scores, kind="stable")[:k] if scores[row] > 0]


def _standing(scores: NDArray[Any]) -> NDArray[Any]:
    """Return by how many standard deviations each of a question's scores stands out, shape (n,)."""
    spread = float(scores.std())
    return (scores - scores.mean()) / spread if spread > 0 else np.zeros(len(scores))
