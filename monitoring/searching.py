"""An exact search by words over the sample of passages: what is there, though the encoder may not find it."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution import Found
from monitoring.domain import PassageSample
from rag.ports import Vectors
from rag.text.overlap import content

_SATURATION, _LENGTH = 1.5, 0.75  # BM25's k1 and b
_NAMED = 5  # documents given for a question
_NEAREST = 10  # passages that count as found by the encoder

Scores = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleSearch:
    """Searches the sample; fulfils `Stronger` and `WordSearch`.

    A passage's figure for a question is BM25 (Robertson and Zaragoza 2009) over the words that carry the question's
    topic, each counted once in a passage, as a share of what a passage would have that is full of all of them: 0 to 1,
    the same scale for every question. Of a corpus larger than the sample it sees the sample's share.
    """

    sample: PassageSample

    def __call__(self, questions: Sequence[str], vectors: Vectors) -> list[Found]:
        """Return what words find for each question, and what of it the encoder finds too."""
        if not len(self.sample):
            return [Found(words=0.0, encoder=0.0) for _ in questions]
        found = []
        for question, near in zip(questions, self._near(vectors), strict=True):
            scores = self._scores(question)
            best = _best(scores, _NAMED)
            found.append(
                Found(
                    words=float(scores.max()),
                    encoder=float(scores[near].max()),
                    documents=tuple(dict.fromkeys(self.sample.documents[row] for row in best)),
                )
            )
        return found

    def by_words(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:  # noqa: ARG002  # the port's
        """Return for each question the ids of up to k passages of the sample that hold its words best, best first."""
        return [[self.sample.ids[row] for row in _best(self._scores(question), k)] for question in questions]

    @cached_property
    def _rows(self) -> Mapping[int, NDArray[np.int64]]:
        """Word's number -> the passages that hold it."""
        order = np.argsort(self.sample.words, kind="stable")
        owners = np.repeat(np.arange(len(self.sample)), np.diff(self.sample.bounds))[order]
        numbers, starts = np.unique(self.sample.words[order], return_index=True)
        return dict(zip(numbers.tolist(), np.split(owners, starts[1:]), strict=True)) if len(numbers) else {}

    @cached_property
    def _norms(self) -> Scores:
        lengths = np.diff(self.sample.bounds).astype(np.float64)
        norms: Scores = _SATURATION * (1 - _LENGTH + _LENGTH * lengths / max(float(lengths.mean()), 1.0))
        return norms

    def _scores(self, question: str) -> Scores:
        count = len(self.sample)
        scores, total = np.zeros(count), 0.0
        for word in content(question):
            rows = self._rows.get(zlib.crc32(word.encode(errors="replace")))
            held = 0 if rows is None else len(rows)
            idf = float(np.log(1 + (count - held + 0.5) / (held + 0.5)))
            total += idf
            if rows is not None:
                scores[rows] += idf * (_SATURATION + 1) / (1 + self._norms[rows])
        return scores / (total * (_SATURATION + 1) or 1.0)

    def _near(self, vectors: Vectors) -> NDArray[np.int64]:
        """Return the rows of the passages nearest to each question, shape (questions, up to 10)."""
        cosines = np.hstack([some for _, some in self.sample.cosines(vectors)])
        count = min(_NEAREST, cosines.shape[1])
        near: NDArray[np.int64] = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        return near


def _best(scores: Scores, k: int) -> list[int]:
    best = np.argsort(-scores, kind="stable")[:k]
    return [int(row) for row in best if scores[row] > 0]
