"""Exact nearest passages, gathered while the corpus streams by; no index, so no approximation of one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage
from rag.ports import Vectors


class Nearest:
    """The k best passages of each of n questions among all passages offered so far."""

    def __init__(self, questions: Vectors, k: int) -> None:
        """Search for `questions`, shape (n, dimension)."""
        self._questions = questions
        self._k = k
        self._numbers: dict[str, int] = {}  # document id -> its number in `_documents`
        self.scores: NDArray[np.float32] = np.empty((len(questions), 0), np.float32)  # (n, <= k), best first
        self._documents: NDArray[np.int64] = np.empty((len(questions), 0), np.int64)  # (n, <= k)

    def offer(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Compare passages by their vectors, shape (len(passages), dimension)."""
        numbers = [self._numbers.setdefault(p.document_id, len(self._numbers)) for p in passages]
        scores = np.hstack([self.scores, self._questions @ vectors.T])
        documents = np.hstack([self._documents, np.tile(np.array(numbers, np.int64), (len(self.scores), 1))])
        # Stable, so that of equal scores the passage offered first stays first.
        best = np.argsort(-scores, axis=1, kind="stable")[:, : self._k]
        self.scores = np.take_along_axis(scores, best, axis=1)
        self._documents = np.take_along_axis(documents, best, axis=1)

    def documents(self) -> list[frozenset[str]]:
        """Return for each question the documents its k best passages belong to."""
        names = list(self._numbers)
        return [frozenset(names[number] for number in row) for row in self._documents]

    def seen(self) -> frozenset[str]:
        """Return every document offered."""
        return frozenset(self._numbers)
