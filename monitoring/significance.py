"""What a statistical test says, and how several tests keep one level."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DIGITS = 12
"""Sums taken in another order differ in the last bits; statistics equal to so many decimals are ties."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One test of reference against current."""

    statistic: float  # bigger is further apart
    p_value: float  # chance of a statistic as big where nothing changed
    critical: Callable[[float], float | None]  # level -> biggest statistic that is not significant; None: all


def against_null(statistic: float, null: NDArray[np.float64], *, complete: bool) -> Comparison:
    """Compare a statistic with those of relabelled data.

    Where `null`, shape (n,), holds every relabelling (`complete`), the p-value is the share as big as the
    statistic. Where it is a sample of relabellings, the observed one counts as one more, which keeps the test
    exact: (1 + number as big) / (1 + n) (Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).
    """
    statistic, null = round(float(statistic), DIGITS), null.round(DIGITS)
    observed = 0 if complete else 1
    total = len(null) + observed
    as_big = int(np.count_nonzero(null >= statistic)) + observed
    falling = np.sort(null)[::-1]

    def critical(level: float) -> float | None:
        allowed = int(np.floor(level * total + 10.0**-DIGITS)) - observed
        return float(falling[allowed]) if 0 <= allowed < len(falling) else None

    return Comparison(statistic=statistic, p_value=as_big / total, critical=critical)


def holm(p_values: Mapping[str, float], alpha: float) -> dict[str, tuple[bool, float]]:
    """Return name -> (significant, level it was held to), so that all together err with `alpha` at most.

    The smallest p-value is held to alpha / m, the next to alpha / (m - 1), and so on; the first that fails
    ends it, and the rest are held to its level (Holm 1979, Scand. J. Stat. 6:65-70).

    Example:
        >>> holm({"a": 0.01, "b": 0.03, "c": 0.6}, 0.05)["b"]
        (False, 0.025)
    """
    decisions: dict[str, tuple[bool, float]] = {}
    level, open_ = 0.0, True
    for done, (name, p_value) in enumerate(sorted(p_values.items(), key=lambda item: (item[1], item[0]))):
        if open_:
            level = alpha / (len(p_values) - done)
            open_ = p_value <= level
        decisions[name] = (open_, level)
    return decisions
