"""A search by words over passages, beside the encoder's: what is there, though the encoder may not find it."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution.evidence import Found
from rag.ports import Vectors
from rag.text.overlap import content

_SATURATION, _LENGTH = 1.5, 0.75  # BM25's k1 and b
_NAMED = 5  # documents given for a question


class WordSearch:
    """Exact search over given passages; fulfils `Stronger`.

    A passage's figure for a question is BM25 (Robertson and Zaragoza 2009) over the words that carry the question's
    topic, as a share of what a passage would have that is full of all of them: 0 to 1, the same scale for every question.
    """

    def __init__(
        self, bags: Sequence[Mapping[str, int]], vectors: Vectors, documents: Sequence[str], *, k: int = 10
    ) -> None:
        """Take n passages.

        Args:
            bags: each passage's words and how often each stands there, as `rag.text.overlap.words` gives them.
            vectors: theirs, shape (n, dimension), in the encoder that questions' vectors are in.
            documents: the ids of their documents.
            k: so many of the passages nearest to a question are what the encoder finds.
        """
        self._bags, self._vectors, self._documents, self._k = bags, vectors, documents, k
        lengths = np.array([sum(bag.values()) for bag in bags], dtype=np.float64)
        self._norms = _SATURATION * (
            1 - _LENGTH + _LENGTH * lengths / max(lengths.mean() if len(bags) else 1.0, 1.0)
        )

    def __call__(self, questions: Sequence[str], vectors: Vectors) -> list[Found]:
        """Return what is found for each question; memory grows with passages, time with passages times words."""
        if not len(self._bags):
            return [Found(words=0.0, encoder=0.0) for _ in questions]
        topics = [content(question) for question in questions]
        weights, idf = self._weigh(set().union(*topics))
        found = []
        for topic, vector in zip(topics, vectors, strict=True):
            scores = np.zeros(len(self._bags))
            for word in topic:
                rows, values = weights[word]
                scores[rows] += idf[word] * values
            total = sum(idf[word] for word in topic)
            scores /= total * (_SATURATION + 1) or 1.0
            count = min(self._k, len(scores))
            near = np.argpartition(-(self._vectors @ vector), count - 1)[:count]
            best = np.argsort(-scores, kind="stable")[:_NAMED]
            found.append(
                Found(
                    words=float(scores.max()),
                    encoder=float(scores[near].max()),
                    documents=tuple(dict.fromkeys(self._documents[row] for row in best if scores[row] > 0)),
                )
            )
        return found

    def _weigh(
        self, words: set[str]
    ) -> tuple[dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]], dict[str, float]]:
        """Return for each word the passages that have it with their BM25 weight, and its inverse document frequency."""
        postings: dict[str, tuple[list[int], list[int]]] = {word: ([], []) for word in words}
        for row, bag in enumerate(self._bags):
            for word in words & bag.keys():
                rows, counts = postings[word]
                rows.append(row)
                counts.append(bag[word])
        weights, idf = {}, {}
        for word, (rows, counts) in postings.items():
            at, often = np.array(rows, dtype=np.int64), np.array(counts, dtype=np.float64)
            weights[word] = at, often * (_SATURATION + 1) / (often + self._norms[at])
            idf[word] = float(np.log(1 + (len(self._bags) - len(at) + 0.5) / (len(at) + 0.5)))
        return weights, idf
