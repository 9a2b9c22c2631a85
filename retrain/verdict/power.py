"""What a gate set can tell, and at which level: minimum detectable effect, and the level left for a further look."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

POWER = 0.8
"""Chance of seeing an effect as large as the smallest one that is called detectable."""

CORRELATION = 0.5
"""Assumed between incumbent and candidate over questions before there is a candidate. An encoder fine-tuned from
another mostly succeeds where that one did, so the true correlation is larger and what is detectable smaller."""


def standard_error(values: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """Return the standard error of a mean over questions that come in clusters, 0 to infinity.

    The linearised ratio estimator (Cochran, "Sampling Techniques", 1977, 9A.2): with e_c the sum of a cluster's
    deviations from the mean, ``sqrt(C / (C - 1) * sum(e_c ** 2)) / n``. Infinite for a single cluster. Both arrays have
    shape (questions,); `groups` are the clusters' numbers, from 0.
    """
    sums = np.bincount(groups, weights=values - values.mean())  # (clusters,)
    count = len(sums)
    if count < 2:
        return math.inf
    return float(np.sqrt(count / (count - 1) * np.square(sums).sum()) / len(values))


def smallest_effect(error: float, alpha: float) -> float:
    """Return the minimum detectable effect: ``(z(1 - alpha / 2) + z(POWER)) * error``.

    Bloom 1995, "Minimum detectable effects", Evaluation Review 19(5). `error` is the difference's standard error,
    `alpha` the two-sided level of the test.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)) * error


def foreseen_effect(
    incumbent: NDArray[np.float64],
    groups: NDArray[np.int64],
    alpha: float,
    correlation: float = CORRELATION,
) -> float:
    """Return the minimum detectable effect before there is a candidate, from the incumbent's figures alone.

    With equal variances on both sides the difference has variance ``2 * (1 - correlation)`` times one side's. Arguments
    are as for `standard_error` and `smallest_effect`.
    """
    return smallest_effect(math.sqrt(2 * (1 - correlation)) * standard_error(incumbent, groups), alpha)


def level(alpha: float, look: int) -> float:
    """Return the level of the look of that number, counted from 1: ``alpha * 6 / (pi ** 2 * look ** 2)``.

    The levels of endlessly many looks add up to alpha (sum of 1 / k ** 2 is pi ** 2 / 6), so that by the union
    bound a set that is looked at again and again promotes by luck no oftener than alpha says. A sequence fixed
    beforehand, as alpha is spent in Javanmard and Montanari 2018, "Online rules for control of false discovery rate
    and false discovery exceedance", Annals of Statistics 46(2).
    """
    return alpha * 6 / (math.pi**2 * look**2)
