"""Signal: people ask about other things than before, by a scan of the newest questions' embeddings."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, Look
from monitoring.sequential.design import Design, design_of
from monitoring.sequential.differences import Matrix
from monitoring.sequential.scanning import scan, whitened
from monitoring.settings import DriftSettings
from monitoring.signals.scanned import carried, enough, known, newest_rows, since_when, tested

NAME = "topics"

NEIGHBOURS = 25
"""A question is as isolated as it is unlike its so many nearest ones."""

COPY = 0.95
"""Cosine from which on two questions are one and the same, asked again."""


def finding(look: Look, level: float, settings: DriftSettings, design: Design | None = None) -> DriftFinding:
    """Return whether the topics changed, with a false alarm in `level` of calm looks at most.

    `design` says what may change places; None: it is found out here.
    """
    if (too_few := enough(NAME, look, settings)) is not None:
        return too_few
    design = design or design_of(look, seed=settings.seed)
    if (unknown := known(NAME, look, design)) is not None:
        return unknown
    vectors = np.vstack([look.reference.vectors, look.recent.vectors]).astype(np.float32)
    features = witnesses(vectors, design)
    joint = features.shape[1] - 1
    found = scan(
        design.units(features, joint=joint),
        level=level,
        permutations=settings.permutations,
        seed=settings.seed,
    )
    carrying: tuple[str, ...] = ()
    if found.p_value <= level:
        scores = _scores(
            features[:, :joint] if found.witness == 0 else features[:, joint:], design, found.window
        )
        carrying = carried(look, scores, since_when(scores, len(look.reference)))
    return tested(
        NAME,
        (len(look.reference), len(look.recent)),
        found,
        level,
        drifted=(
            f"People ask about other things than before: {len(carrying)} of the newest questions are unlike "
            f"those before"
        ),
        calm="People ask about the same things as before",
        carrying=carrying,
    )


def witnesses(vectors: Matrix, design: Design) -> Matrix:
    """Return features, (n, k + 1): those of a regularised Hotelling test, and how isolated a question is.

    The former tell topics between others, the latter topics far from all. Both sides' questions make them
    together, so that who changes places changes nothing.
    """
    compared = vectors[design.rows]
    isolated = np.zeros((len(vectors), 1), np.float32)
    isolated[design.rows, 0] = isolation(compared)
    return np.hstack([vectors @ whitened(compared), isolated])


def isolation(vectors: Matrix) -> Matrix:
    """Return how unlike each of n questions is to its nearest ones: the rank of the mean cosine, 0 to 1, (n,).

    Its own copies are none of these. The newest questions have hardly any among themselves, as what is asked again
    soon is left out, so that counting them would make the newest look isolated where a service has few questions.
    """
    likeness = vectors @ vectors.T
    likeness[likeness >= COPY] = -1.0
    nearest = min(NEIGHBOURS, len(vectors) - 1)
    near = np.partition(likeness, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    ranks = np.argsort(np.argsort(-near, kind="stable"), kind="stable")
    rank: Matrix = (ranks / max(len(vectors) - 1, 1)).astype(np.float32)
    return rank


def _scores(features: Matrix, design: Design, window: int) -> NDArray[np.float64]:
    """Return how far each question lies in the direction in which the window moved, shape (reference + recent,)."""
    before = features[design.rows[design.unit < design.reference]].mean(axis=0)
    now = features[newest_rows(design, window)].mean(axis=0)
    scores: NDArray[np.float64] = ((features - before) @ (now - before)).astype(np.float64)
    return scores
