"""A sample of the passages, as questions are compared with them."""

import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.ports import Vectors
from rag.text.overlap import content

_AT_ONCE = 4_096  # passages whose cosines are held in memory together

NEAREST = 3
"""Passages whose mean says where in the documents a question leads."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PassageSample:
    """n passages, as good as drawn by chance; all of them where there are no more than were wanted."""

    encoder: str  # digest of the one that the vectors are of
    change: int  # of the change log, up to which it is right
    wanted: int  # passages that it may hold
    ids: tuple[str, ...]  # ascending
    documents: tuple[str, ...]  # ids of the documents they are of
    vectors: NDArray[np.float16]  # (n, dimension), of unit length up to the rounding
    words: NDArray[np.uint32]  # of all passages in turn: each its content words, once
    bounds: NDArray[np.int64]  # (n + 1,): passage i has words[bounds[i]:bounds[i + 1]]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimension(self) -> int:
        """Of the vectors, known also where there is no passage."""
        return int(self.vectors.shape[1])

    def cosines(self, questions: Vectors) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield (number of the first passage, cosines of shape (questions, some passages)), in their order."""
        for first in range(0, len(self), _AT_ONCE):
            some = self.vectors[first : first + _AT_ONCE].astype(np.float32)
            yield first, questions @ some.T

    def nearest(self, questions: Vectors) -> tuple[NDArray[np.float64], Vectors | None]:
        """Return each of n questions' cosine to the passage nearest to it, and the mean vector of its nearest ones.

        Shapes (n,) and (n, dimension); nan and None where there are no passages.
        """
        if not len(self):
            return np.full(len(questions), np.nan), None
        near: NDArray[np.float32] = np.empty((len(questions), 0), np.float32)
        which: NDArray[np.int64] = np.empty((len(questions), 0), np.int64)
        for first, cosines in self.cosines(questions):
            # The best so far, and the best of these.
            at = _largest(cosines)
            near = np.hstack([near, np.take_along_axis(cosines, at, axis=1)])
            which = np.hstack([which, first + at])
            at = _largest(near)
            near, which = np.take_along_axis(near, at, axis=1), np.take_along_axis(which, at, axis=1)
        found: Vectors = np.zeros((len(questions), self.dimension), np.float32)
        for each in which.T:
            found += self.vectors[each]
        found /= which.shape[1]
        return near.max(axis=1, initial=-1.0).astype(np.float64), found

    @cached_property
    def vocabulary(self) -> NDArray[np.uint32]:
        """Every word of the sample once, ascending."""
        return np.unique(self.words)

    def share(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the share of each text's content words that are in no passage; nan where nothing can be said."""
        shares = np.full(len(texts), np.nan)
        if not len(self.vocabulary):
            return shares
        for at, text in enumerate(texts):
            asked = numbered(content(text))
            if len(asked):
                places = np.searchsorted(self.vocabulary, asked).clip(max=len(self.vocabulary) - 1)
                shares[at] = float((self.vocabulary[places] != asked).mean())
        return shares


def _largest(cosines: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the columns of each row's `NEAREST` largest, or of all where there are fewer."""
    wanted = min(NEAREST, cosines.shape[1])
    largest: NDArray[np.int64] = np.argpartition(cosines, -wanted, axis=1)[:, -wanted:]
    return largest


def numbered(words: Collection[str]) -> NDArray[np.uint32]:
    """Return words as numbers, ascending; two fall together once in four thousand million."""
    return np.unique(np.array([zlib.crc32(word.encode(errors="replace")) for word in words], np.uint32))


def sample_of(
    rows: Sequence[tuple[str, str, NDArray[Any], NDArray[np.uint32]]],
    *,
    encoder: str,
    dimension: int,
    change: int,
    wanted: int,
) -> PassageSample:
    """Return the sample of these passages, each (id, document's id, vector, words), in the order of their ids."""
    ordered = sorted(rows, key=lambda row: row[0])
    words = [row[3] for row in ordered]
    return PassageSample(
        encoder=encoder,
        change=change,
        wanted=wanted,
        ids=tuple(row[0] for row in ordered),
        documents=tuple(row[1] for row in ordered),
        vectors=np.array([row[2] for row in ordered], np.float16).reshape(-1, dimension),
        words=np.concatenate(words) if words else np.empty(0, np.uint32),
        bounds=np.cumsum([0, *map(len, words)], dtype=np.int64),
    )
