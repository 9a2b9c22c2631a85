"""Which documents, and which questions, are nearly the same. Knows nothing of splits."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from retrain.dataset.wording import words

SHINGLE = 4
"""Words in a shingle."""
BANDS, ROWS = 20, 4
"""Documents of Jaccard similarity s share a band with probability 1 - (1 - s^4)^20, e.g. 0.99 at 0.7."""
SAME = 0.8
"""Jaccard similarity of the shingles from which documents count as nearly the same."""
SAME_QUESTION = 0.7
"""Jaccard similarity of letter trigrams from which wordings of one passage's question count as the same."""
LARGEST_BUCKET = 200
"""In a fuller bucket, each is compared with the first alone: else boilerplate costs a square of them."""
SHORT = 2_000
"""Shingles up to which all hash functions are computed at once; more would not stay in the processor's cache."""

Shingles = NDArray[np.uint64]


class Groups:
    """Ids joined into groups (union-find); a group goes by its smallest member."""

    def __init__(self) -> None:
        """Start with every id alone."""
        self._parent: dict[str, str] = {}

    def of(self, item: str) -> str:
        """Give the smallest member of the item's group."""
        path = []
        while (parent := self._parent.get(item, item)) != item:
            path.append(item)
            item = parent
        for passed in path:
            self._parent[passed] = item
        return item

    def join(self, items: Iterable[str]) -> None:
        """Put all of them in one group."""
        roots = sorted({self.of(item) for item in items})
        for root in roots[1:]:
            self._parent[root] = roots[0]


def cluster(texts: Mapping[str, str]) -> Groups:
    """Put documents that are nearly the same into one group each, by id.

    Same words in the same order, or a Jaccard similarity of word shingles of `SAME` or more. Candidates
    come from MinHash with banding (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive
    Datasets", ch. 3) and are then compared exactly. Deterministic. Seconds for ten thousand documents of
    a few hundred words.

    Args:
        texts: document id -> text. Documents without a word stay alone.
    """
    groups = Groups()
    shingles: dict[str, Shingles] = {}
    first_of: dict[bytes, str] = {}
    hashes: dict[str, int] = {}
    for document in sorted(texts):
        found = words(texts[document])
        if not found:
            continue
        hashed = np.array([hashes.setdefault(word, crc32(word.encode())) for word in found], dtype=np.uint64)
        twin = first_of.setdefault(hashed.tobytes(), document)
        if twin == document:
            shingles[document] = _shingles(hashed)
        else:
            groups.join((twin, document))
    for one, other in _candidates(shingles):
        if groups.of(one) != groups.of(other) and _jaccard(shingles[one], shingles[other]) >= SAME:
            groups.join((one, other))
    return groups


def cluster_questions(questions: Iterable[str], *, same: float = SAME_QUESTION) -> Groups:
    """Put questions that are worded nearly alike into one group each, by their text.

    Questions are too short for shingles of words: compared are the sets of all runs of three characters, by the
    same MinHash with banding, and then exactly.

    Args:
        questions: in normal form (`retrain.dataset.wording.normal`).
        same: Jaccard similarity from which two are the same, 0 to 1; below 0.6 banding misses some.
    """
    groups = Groups()
    shingles = {question: _trigrams(question) for question in sorted(set(questions)) if question}
    for one, other in _candidates(shingles):
        if groups.of(one) != groups.of(other) and _jaccard(shingles[one], shingles[other]) >= same:
            groups.join((one, other))
    return groups


def _trigrams(question: str) -> Shingles:
    """Give the distinct hashes of all runs of three characters, blanks around the text among them."""
    letters = np.frombuffer(f" {question} ".encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(letters, min(3, len(letters)))
    value = np.zeros(len(runs), dtype=np.uint64)
    for column in range(runs.shape[1]):
        value = _mix(value + runs[:, column])
    return np.unique(value)


def _shingles(hashed: NDArray[np.uint64]) -> Shingles:
    """Give the distinct hashes of all runs of `SHINGLE` words; of the whole, where it is shorter."""
    width = min(SHINGLE, len(hashed))
    runs = np.lib.stride_tricks.sliding_window_view(hashed, width)  # (words - width + 1, width)
    value = np.zeros(len(runs), dtype=np.uint64)
    for column in range(width):
        value = _mix(value + runs[:, column])
    return np.unique(value)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits (SplitMix64's finaliser; arithmetic is modulo 2**64)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _candidates(shingles: Mapping[str, Shingles]) -> Iterable[tuple[str, str]]:
    """Yield pairs of documents that share a band of their MinHash signatures."""
    multipliers = _mix(np.arange(BANDS * ROWS, dtype=np.uint64)) | np.uint64(1)
    buckets: dict[tuple[int, bytes], list[str]] = {}
    for document, values in shingles.items():
        # Multiply-shift: an odd factor permutes the 64-bit numbers.
        signature = _signature(values, multipliers)
        for band, rows in enumerate(signature.reshape(BANDS, ROWS)):
            buckets.setdefault((band, rows.tobytes()), []).append(document)
    for bucket in buckets.values():
        if len(bucket) > LARGEST_BUCKET:
            yield from ((bucket[0], other) for other in bucket[1:])
        else:
            yield from combinations(bucket, 2)


def _signature(values: Shingles, multipliers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give the smallest hash under each function, shape (BANDS * ROWS,)."""
    if len(values) <= SHORT:
        smallest: NDArray[np.uint64] = (multipliers[:, None] * values).min(axis=1)
        return smallest
    return np.array([(values * factor).min() for factor in multipliers], dtype=np.uint64)


def _jaccard(one: Shingles, other: Shingles) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)
