"""Signal: people ask about other things than before. A scan of the newest questions' embeddings against the reference."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, Look
from monitoring.sequential.design import Design, design_of
from monitoring.sequential.scanning import Matrix, scan, whitened
from monitoring.settings import DriftSettings
from monitoring.signals.scanned import carried, enough, since_when, tested

NAME = "topics"

NEIGHBOURS = 25
"""A question is as isolated as it is unlike its so many nearest ones."""


def finding(
    look: Look, level: float, settings: DriftSettings, design: Design | None = None
) -> DriftFinding:
    """Return whether the topics changed, with a false alarm in `level` of calm looks at most.

    `design` says what may change places; None: it is found out here.
    """
    if (too_few := enough(NAME, look, settings)) is not None:
        return too_few
    design = design or design_of(look, seed=settings.seed)
    vectors = np.vstack([look.reference.vectors, look.recent.vectors]).astype(np.float32)
    features, metrics = witnesses(vectors, design)
    found = scan(
        design.units(features), metrics, level=level, permutations=settings.permutations, seed=settings.seed
    )
    drift = found.p_value <= level
    carrying: tuple[str, ...] = ()
    if drift:
        scores = _scores(features, metrics[found.witness], design, found.window)
        carrying = carried(look, scores, since_when(scores, len(look.reference)))
    return tested(
        NAME,
        (len(look.reference), len(look.recent)),
        found,
        level,
        drifted=f"People ask about other things than before: {len(carrying)} of the newest questions are unlike those before",
        calm="People ask about the same things as before",
        carrying=carrying,
    )


def witnesses(vectors: Matrix, design: Design) -> tuple[Matrix, list[Matrix]]:
    """Return features, (n, d + 1), and the metrics in which they are compared.

    The first metric is a regularised Hotelling test's, for topics between others; the second one looks only at
    the last feature, how isolated a question is, for topics far from all. Both sides' questions make them
    together, so that who changes places changes nothing.
    """
    isolated = isolation(vectors[design.rows])
    column = np.zeros(len(vectors), np.float32)
    column[design.rows] = isolated
    metric = whitened(vectors[design.rows])
    padded = np.vstack([metric, np.zeros((1, metric.shape[1]), np.float32)])
    alone = np.zeros((len(padded), 1), np.float32)
    alone[-1] = 1.0
    return np.hstack([vectors, column[:, np.newaxis]]), [padded, alone]


def isolation(vectors: Matrix) -> Matrix:
    """Return how unlike each of n questions is to its nearest ones: the rank of the mean cosine, 0 to 1, (n,)."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1.0)
    nearest = min(NEIGHBOURS, len(vectors) - 1)
    near = np.partition(likeness, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    ranks = np.argsort(np.argsort(-near, kind="stable"), kind="stable")
    rank: Matrix = (ranks / max(len(vectors) - 1, 1)).astype(np.float32)
    return rank


def _scores(features: Matrix, metric: Matrix, design: Design, window: int) -> NDArray[np.float64]:
    """Return how far each question lies in the direction in which the window moved, shape (reference + recent,)."""
    before = features[design.rows[design.unit < design.reference]].mean(axis=0)
    now = features[design.rows[design.unit >= len(design.strata) - window]].mean(axis=0)
    scores: NDArray[np.float64] = (((features - before) @ metric) @ ((now - before) @ metric)).astype(np.float64)
    return scores
