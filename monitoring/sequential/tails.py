"""A p-value from resampling: few draws where nothing is near, many where it matters, a fitted tail beyond them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DIGITS = 12
"""Sums taken in another order differ in the last bits; statistics equal to so many decimals are ties."""

FIRST = 199
"""Draws before the first stop."""

GROWTH = 5
"""Each further round has so many times the draws of all before it."""

ENOUGH = 20
"""Statistics as big as the observed one after which no more are drawn: p is then known to about a fifth."""

FITTED = 100
"""The largest statistics that a tail is fitted to."""

Draw = Callable[[int], NDArray[np.float64]]
"""Number of draws -> so many statistics of resampled data, shape (count,); each call draws new ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Significance:
    """How often chance alone gives a statistic as large."""

    p_value: float
    draws: int
    threshold: float  # the statistic that has a p-value of the level asked for


def significance(observed: float, draw: Draw, *, level: float, most: int) -> Significance:
    """Return the p-value of a statistic, bigger is further apart, against up to `most` draws of its null.

    Draws come in rounds and end as soon as `ENOUGH` are as big as the observed statistic (Besag and Clifford 1991,
    Sequential Monte Carlo p-values, Biometrika 78:301-304), so a calm look costs some hundred. The observed
    statistic counts as one of them: p = (1 + as big) / (1 + draws).

    Where even all draws cannot show `level`, as 1 / (1 + most) is above it, the p-value of a statistic beyond them
    comes from the tail: an exponential fitted to the `FITTED` largest (Knijnenburg et al. 2009, Fewer permutations,
    more accurate P-values, Bioinformatics 25:i161-i168, with the shape of their Pareto tail held at 0: statistics here
    are minus the logarithm of a p-value, whose tail is exponential). It is made a half larger, and never falls
    below a hundredth of 1 / (1 + most).
    """
    observed = round(float(observed), DIGITS)
    null = np.empty(0)
    while len(null) < most:
        count = min(FIRST if not len(null) else (GROWTH - 1) * len(null), most - len(null))
        null = np.concatenate([null, draw(count).round(DIGITS)])
        as_big = int(np.count_nonzero(null >= observed))
        if as_big >= ENOUGH:
            break
    p_value = (1 + as_big) / (1 + len(null))
    if as_big == 0 and p_value > level:
        p_value = min(p_value, max(_tail(observed, null), p_value / 100))
    return Significance(p_value=p_value, draws=len(null), threshold=_beyond(level, null))


def _exponential(null: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return (start, scale, share beyond the start) of the tail; half as heavy again as fitted."""
    falling = np.sort(null)[::-1]
    count = min(FITTED, len(null) // 4)
    start = float(falling[count])
    return start, 1.1 * float(np.mean(falling[:count] - start)), count / len(null)


def _tail(observed: float, null: NDArray[np.float64]) -> float:
    start, scale, share = _exponential(null)
    return share * float(np.exp(-(observed - start) / scale)) if scale > 0 else 0.0


def _beyond(level: float, null: NDArray[np.float64]) -> float:
    """Return the statistic that has a p-value of `level`, from the draws where they reach, else from their tail."""
    allowed = int(np.floor(level * (1 + len(null)) + 10.0**-DIGITS)) - 1
    if 0 <= allowed < len(null):
        return float(np.sort(null)[::-1][allowed])
    start, scale, share = _exponential(null)
    return start + scale * float(np.log(share / level))
