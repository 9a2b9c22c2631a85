"""Hard negatives: passages that a model takes for answers and that are none. Pure over vectors."""

import numpy as np
from numpy.typing import NDArray

from retrain.training.material import Material, Rows

DEPTH = 10
"""The negatives of a question are drawn from so many of its nearest that pass."""


def near(
    material: Material, questions: NDArray[np.float32], passages: NDArray[np.float32], *, margin: float
) -> Rows:
    """Return the passages nearest to each question that may be its negatives: rows, best first, (questions, DEPTH).

    A passage that scores above ``margin`` times the question's best answer is left out: it is likely to answer too, and
    nobody has said so (positive-aware mining, TopK-PercPos of Moreira et al. 2024, "NV-Retriever"; 0.95 there). What
    shares a document with an answer or is nearly the same as one is left out as well, and so is what people recorded,
    which is drawn anyway. Where there are no more, -1 stands. Vectors, (questions, dimension) and (passages,
    dimension), have unit length.
    """
    everything = np.arange(len(passages), dtype=np.int64)
    found = np.full((len(questions), DEPTH), -1, dtype=np.int64)
    for line, vector in enumerate(questions):
        right, wrong = material.masks(np.array([line]), everything)
        scores = passages @ vector
        allowed = wrong[0] & (scores <= margin * scores[right[0]].max())
        allowed[list(material.recorded[line])] = False
        rows = np.flatnonzero(allowed)
        rows = rows[np.argsort(-scores[rows], kind="stable")][:DEPTH]
        found[line, : len(rows)] = rows
    return found


def draw(material: Material, nearest: Rows, *, count: int, seed: int) -> Rows:
    """Return `count` negatives for each question: those that people recorded first, then near ones at random.

    `nearest` comes from `near`. The result has rows of passages, (questions, count), and -1 where there are no more.
    """
    rng = np.random.default_rng(seed)
    chosen = np.full((len(nearest), count), -1, dtype=np.int64)
    for line, rows in enumerate(nearest):
        drawn = rng.permutation(rows[rows >= 0]).tolist()
        some = [*material.recorded[line], *drawn][:count]
        chosen[line, : len(some)] = some
    return chosen
