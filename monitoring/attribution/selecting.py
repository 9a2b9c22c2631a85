"""Which of the recent questions are new, and which are as those before."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution.forms import Forms
from monitoring.domain import DriftFinding, DriftVerdict, Look, Watched

Rows = NDArray[np.int64]

BYSTANDERS = 0.05
"""Share of the questions that are as before and are taken for new all the same."""
_SIGNIFICANT = 2.33  # standard deviations of a count by chance: 1 %
_PENALTIES = (1.0, 10.0, 100.0)
_WEIGHT = 0.15  # of a figure beside a vector, whose numbers are small: the length of a vector is 1


def new_rows(pool: Rows, look: Look, reference: Forms, recent: Forms) -> Rows:
    """Return which rows of `look.recent`, of those in the pool, are new; none where there are no more than by chance.

    A ridge regression tells these from the reference, by what they are about, how they are put and how they fared.
    New is what lies beyond 95 % of the reference, each question scored as if it had not been learned from (the
    leave-one-out formula of Allen's PRESS, 1974).
    """
    if not len(pool) or not len(look.reference):
        return pool
    told = _beside(_figures(look.reference, reference), _figures(look.recent, recent)[pool])
    before = np.hstack([look.reference.vectors, _WEIGHT * told[0]])
    now = np.hstack([look.recent.vectors[pool], _WEIGHT * told[1]])
    scores = _scores(before, now)
    old, young = scores[: len(before)], scores[len(before) :]
    order = np.argsort(-young, kind="stable")
    beyond = int(np.count_nonzero(young > np.quantile(old, 1.0 - BYSTANDERS)))
    by_chance = BYSTANDERS * len(pool)
    if beyond < by_chance + _SIGNIFICANT * np.sqrt(by_chance):
        return pool[:0]
    chosen: Rows = pool[order[:beyond]]
    return chosen


def carrying(findings: Sequence[DriftFinding], look: Look) -> Rows:
    """Return the rows of the recent questions that carry evidence; all where no finding names any that is there."""
    named = {
        each for finding in findings if finding.verdict is DriftVerdict.DRIFT for each in finding.carrying
    }
    rows = np.flatnonzero([each in named for each in look.recent.interactions])
    return (rows if len(rows) else np.arange(len(look.recent))).astype(np.int64)


def _figures(questions: Watched, put: Forms) -> NDArray[np.float64]:
    """Return what else is known of questions, shape (n, 9); nan: not known."""
    words = np.log1p(np.where(np.isnan(put.words), questions.words, put.words))
    unknown = questions.language_unknown.astype(np.float64)
    outcome = questions.best, questions.support, questions.refused, questions.rating, questions.share
    return np.column_stack([*outcome, unknown, words, put.small, put.asks])


def _beside(
    before: NDArray[np.float64], now: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both as multiples of the spread before, within 3 of the mean before; what is not known is that mean."""
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(before)
        count = np.maximum(known.sum(axis=0), 1)
        middle = np.where(known, before, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, before - middle, 0.0) ** 2).sum(axis=0) / count)
    # What was always the same before, or never known, has no spread to be measured by.
    measured = np.where(spread > 1e-6, spread, 1.0)
    enough = known.sum(axis=0) > 0
    first, second = (
        np.where(np.isnan(part) | ~enough, 0.0, np.clip((part - middle) / measured, -3.0, 3.0))
        for part in (before, now)
    )
    return first, second


def _scores(before: NDArray[np.float64], now: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how new each row is, those before first, shape (m + n,): each as if it had been left out."""
    rows = np.vstack([before, now])
    sides = np.concatenate([np.full(len(before), -1.0), np.ones(len(now))])
    weights = np.concatenate([np.full(len(before), 0.5 / len(before)), np.full(len(now), 0.5 / len(now))])
    weights *= len(rows)
    design = np.hstack([rows, np.ones((len(rows), 1))])
    weighted = design * weights[:, np.newaxis]
    gram = weighted.T @ design
    best, least = np.zeros(len(rows)), np.inf
    for penalty in _PENALTIES:
        ridge = np.full(len(gram), penalty)
        ridge[-1] = 1e-6  # the constant
        inverse = np.linalg.inv(gram + np.diag(ridge))
        hat = np.einsum("ij,jk,ik->i", weighted, inverse, design, optimize=True)
        fitted = design @ (inverse @ (weighted.T @ sides))
        left_out = (fitted - hat * sides) / np.maximum(1.0 - hat, 1e-6)
        error = float(np.average((sides - left_out) ** 2, weights=weights))
        if error < least:
            best, least = left_out, error
    return best
