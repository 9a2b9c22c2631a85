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

RIDGE = 0.1
"""Of the largest eigenvalue: how much a rare direction of the questions may weigh, beside a common one."""

DIRECTIONS = 64
"""Of the passages that questions lead to; there are fewer of them than of questions."""

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
    features, joint = witnesses(look, design)
    found = scan(
        design.units(features, joint=joint),
        level=level,
        permutations=settings.permutations,
        seed=settings.seed,
    )
    carrying: tuple[str, ...] = ()
    if found.p_value <= level:
        ends = [0, *np.cumsum(joint), features.shape[1]]
        said = features[:, ends[found.witness] : ends[found.witness + 1]]
        scores = _scores(said, design, found.window)
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


def witnesses(look: Look, design: Design) -> tuple[Matrix, tuple[int, ...]]:
    """Return features of all questions, (n, k + 1), and how many of the k belong to one test.

    Those of a regularised Hotelling test of the questions tell topics between others; those of another, of the passages
    that they lead to, topics that ask alike for other documents; and how isolated a question is, the last column, tells
    topics far from all. Both sides' questions make them together, and every question is compared with the same
    passages, so that who changes places changes nothing.
    """
    sides = look.reference, look.recent
    vectors = np.vstack([side.vectors for side in sides]).astype(np.float32)
    parts = [vectors @ whitened(vectors[design.rows], ridge=RIDGE)]
    where = [side.found for side in sides if side.found is not None]
    if len(where) == len(sides):
        led = np.vstack(where)
        parts.append(led @ whitened(led[design.rows], ridge=RIDGE, kept=DIRECTIONS))
    joint = tuple(part.shape[1] for part in parts)
    isolated = np.zeros((len(vectors), 1), np.float32)
    isolated[design.rows, 0] = isolation(vectors[design.rows])
    return np.hstack([*parts, isolated]), joint


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
