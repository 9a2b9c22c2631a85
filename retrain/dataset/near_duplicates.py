"""Which documents, and which questions, are nearly the same."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rag.text.wording import words

SHINGLE = 4
"""Words in a shingle."""
BANDS, ROWS = 20, 4
"""Documents of Jaccard similarity s share a band with probability 1 - (1 - s^4)^20, e.g. 0.99 at 0.7."""
SAME = 0.8
"""Jaccard similarity of the shingles from which documents count as nearly the same."""
SAME_QUESTION = 0.7
"""Jaccard similarity of letter trigrams from which wordings of one passage's question count as the same."""
SAME_HELD_BACK = 0.9
"""Likewise, of any two questions, from which one may not train where the other one judges."""
LARGEST_BUCKET = 200
"""In a fuller bucket, each is compared with the first alone: else boilerplate costs a square of them."""
ESTIMATE_OFF = 0.2
"""How far below the true similarity a signature's estimate may lie: more than four standard deviations at 0.7."""
SHORT = 2_000
"""Shingles up to which all hash functions are computed at once; more would not stay in the processor's cache."""

Shingles = NDArray[np.uint64]


class Groups:
    """Ids joined into groups (union-find); a group goes by its smallest member."""

    def __init__(self) -> None:
        """Start with every id alone."""
        self._parent: dict[str, str] = {}

    def of(self, item: str) -> str:
        """Return the smallest member of the item's group."""
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
    """Return groups of documents that are nearly the same, by id.

    Same words in the same order, or a Jaccard similarity of word shingles of `SAME` or more. Candidates
    come from MinHash with banding (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive
    Datasets", ch. 3) and are then compared exactly. Deterministic. Seconds for ten thousand documents of
    a few hundred words. Documents without a word stay alone.
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
            shingles[document] = _runs(hashed, SHINGLE)
        else:
            groups.join((twin, document))
    for one, other in _candidates(shingles):
        if groups.of(one) != groups.of(other) and _jaccard(shingles[one], shingles[other]) >= SAME:
            groups.join((one, other))
    return groups


def cluster_questions(questions: Iterable[str]) -> Groups:
    """Return groups of questions that are worded nearly alike, by their text.

    Questions come in normal form, and are too short for shingles of words: compared are the sets of all runs of three
    characters, by the same MinHash with banding, and then exactly. Numbers have to be the same: type 1 is not type 2.
    """
    groups = Groups()
    for pair in alike_questions(questions):
        groups.join(pair)
    return groups


def alike_questions(questions: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of questions that are worded nearly alike, as `cluster_questions` has it, each pair once."""
    shingles = {question: _trigrams(question) for question in sorted(set(questions)) if question}
    alike = {tuple(sorted(pair)) for pair in _candidates(shingles)}
    return [
        (one, other)
        for one, other in sorted(alike)
        if _numbers(one) == _numbers(other) and _jaccard(shingles[one], shingles[other]) >= SAME_QUESTION
    ]


def alike_across(ones: Iterable[str], others: Iterable[str], *, same: float) -> dict[str, str]:
    """Return question -> one of the others that is worded nearly alike; those that have one.

    Whether two are alike depends on the two alone, whatever else is compared: so what is left once these are taken out
    has none. `same` is as for `cluster_questions`.
    """
    theirs = sorted({other for other in others if other})
    shingles = [_trigrams(other) for other in theirs]
    signatures = np.array([_signature(values) for values in shingles])  # (others, BANDS * ROWS)
    buckets: dict[tuple[int, bytes], list[int]] = {}
    for row, signature in enumerate(signatures):
        for band in _bands(signature):
            buckets.setdefault(band, []).append(row)
    alike = {}
    for one in sorted({one for one in ones if one}):
        values = _trigrams(one)
        signature = _signature(values)
        rows = sorted({row for band in _bands(signature) for row in buckets.get(band, ())})
        if not rows:
            continue
        # The share of equal entries estimates the similarity: far below, there is no need to compare.
        near = (signatures[rows] == signature).mean(axis=1) >= same - ESTIMATE_OFF
        for row, close in zip(rows, near, strict=True):
            if close and _numbers(one) == _numbers(theirs[row]) and _jaccard(values, shingles[row]) >= same:
                alike[one] = theirs[row]
                break
    return alike


def _numbers(question: str) -> set[str]:
    """Return the words that have a digit in them."""
    return {word for word in question.split() if any(letter.isdigit() for letter in word)}


def _trigrams(question: str) -> Shingles:
    """Return the distinct hashes of all runs of three characters, blanks around the text among them."""
    letters = np.frombuffer(f" {question} ".encode("utf-32-le"), dtype=np.uint32)
    return _runs(letters.astype(np.uint64), 3)


def _runs(hashed: NDArray[np.uint64], width: int) -> Shingles:
    """Return the distinct hashes of all runs of `width` words or characters; of the whole, where it is shorter."""
    runs = np.lib.stride_tricks.sliding_window_view(hashed, min(width, len(hashed)))  # (runs, at most width)
    value = np.zeros(len(runs), dtype=np.uint64)
    for column in range(runs.shape[1]):
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
    buckets: dict[tuple[int, bytes], list[str]] = {}
    for document, values in shingles.items():
        for band in _bands(_signature(values)):
            buckets.setdefault(band, []).append(document)
    for bucket in buckets.values():
        if len(bucket) > LARGEST_BUCKET:
            yield from ((bucket[0], other) for other in bucket[1:])
        else:
            yield from combinations(bucket, 2)


_MULTIPLIERS = _mix(np.arange(BANDS * ROWS, dtype=np.uint64)) | np.uint64(1)
"""The hash functions. Multiply-shift: an odd factor permutes the 64-bit numbers."""


def _bands(signature: NDArray[np.uint64]) -> list[tuple[int, bytes]]:
    return [(band, rows.tobytes()) for band, rows in enumerate(signature.reshape(BANDS, ROWS))]


def _signature(values: Shingles) -> NDArray[np.uint64]:
    """Return the smallest hash under each function, shape (BANDS * ROWS,)."""
    if len(values) <= SHORT:
        smallest: NDArray[np.uint64] = (_MULTIPLIERS[:, None] * values).min(axis=1)
        return smallest
    return np.array([(values * factor).min() for factor in _MULTIPLIERS], dtype=np.uint64)


def _jaccard(one: Shingles, other: Shingles) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)
