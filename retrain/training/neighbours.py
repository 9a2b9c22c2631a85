"""Which passages are about the same things, by their words alone: they are to meet in a batch."""

from typing import Any

import numpy as np

from rag.domain import Retrieval
from rag.text.sparse import Words
from retrain.training.material import Material, Rows

NEAREST = 64
"""Neighbours kept of each passage: enough that some are still free when a group is filled."""
_ROWS_AT_ONCE = 512


def neighbours(material: Material) -> Rows:
    """Return the passages with the most alike words of each: rows, best first, (passages, at most NEAREST).

    Cosines of BM25's weights; words, since they cost seconds where a model's vectors of all passages cost minutes. A
    passage of the same group (one document, nearly the same text) is left out; -1 stands where there are no more.
    """
    weighed = _weighed(material)
    count = len(material.passages)
    found = np.full((count, min(NEAREST, count)), -1, dtype=np.int64)
    for start in range(0, count, _ROWS_AT_ONCE):
        alike = (weighed[start : start + _ROWS_AT_ONCE] @ weighed.T).toarray()
        for offset, scores in enumerate(alike):
            row = start + offset
            scores[material.groups == material.groups[row]] = 0.0
            best = np.argsort(-scores, kind="stable")[: found.shape[1]]
            best = best[scores[best] > 0]
            found[row, : len(best)] = best
    return found


def in_groups(nearest: Rows, *, size: int, seed: int) -> Rows:
    """Return every passage's place, (passages,), in an order in which neighbours follow each other, `size` at a time.

    Groups are started at random and filled with the nearest passages that are still free, so that another seed makes
    other groups. A size of 1 makes a random order.
    """
    place = np.full(len(nearest), -1, dtype=np.int64)
    taken = 0
    for first in np.random.default_rng(seed).permutation(len(nearest)):
        if place[first] >= 0:
            continue
        free = [row for row in nearest[first].tolist() if row >= 0 and place[row] < 0]
        for row in [int(first), *free[: size - 1]]:
            place[row] = taken
            taken += 1
    return place


def _weighed(material: Material) -> Any:
    """Return the passages' words by how often they stand there and how rare they are: sparse, rows of unit length."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # dear to import

    words = Words(Retrieval())
    weights = [words.passage(text) for text in material.passages]
    starts = np.cumsum([0, *(len(each.indices) for each in weights)])
    terms = np.concatenate([np.asarray(each.indices, dtype=np.int64) for each in weights])
    values = np.concatenate([np.asarray(each.values, dtype=np.float32) for each in weights])
    columns, counted = np.unique(terms, return_inverse=True, return_counts=True)[1:]
    values *= np.log1p(len(weights) / counted)[columns].astype(np.float32)
    matrix = csr_matrix((values, columns, starts), shape=(len(weights), len(counted)))
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(starts)).astype(np.float32)
    return matrix
