"""Are the newest questions others than those of the reference? Windows of several sizes, in one test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.sequential.differences import BlockStatistics, Matrix, QuestionStatistics, Units, permuted
from monitoring.sequential.tails import significance

SHAPE = 499
"""Draws that the shape of each statistic's null is fitted to."""

BATCH = 500
"""Draws made at once; bounds memory at so many times (blocks of the newest) x (columns) numbers."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """What a scan says."""

    p_value: float
    statistic: float  # -log10 of the smallest p-value over windows and witnesses, as fitted
    threshold: float  # what it would have to reach at the level asked for
    window: int  # units: the window that says it loudest
    witness: int  # which witness does: the joint columns, so many at a time, then each further one
    said: NDArray[np.float64]  # (windows, witnesses): -log10 of each one's p-value, as fitted


def scan(units: Units, *, level: float, permutations: int, seed: int) -> Evidence:
    """Test whether the newest units are distributed as the reference, over all windows and witnesses at once.

    For each window W, with s the sum over W of x - m, m the mean of W and the reference together in x's stratum,
    there are these statistics: over each set of joint columns |s|^2 without the pairs within a group of neighbours, the
    squared mean difference that MMD is with a linear kernel (Gretton et al. 2012, JMLR 13:723-773); and for each
    further column s without the group that adds most, one-sided, bigger is more. With `pairs` it is the sum over
    pairs of units that are `group` or more places apart, for each further column where s is positive: neighbours
    that are alike then make it no larger than chance does.

    Each becomes a p-value by a gamma distribution with the mean, variance and skewness of its permuted copies (Pearson
    III), and the smallest is compared with the smallest of further permutations (min-p, Westfall and Young 1993). The
    fit only sets how the statistics are weighed against each other; the test is exact without it, as far as units
    within a stratum are exchangeable.
    """
    generator = np.random.default_rng(seed)
    statistics = BlockStatistics(units) if units.pairs else QuestionStatistics(units)
    observed = statistics.of(np.arange(len(units.features))[np.newaxis])  # (1, windows, witnesses)
    fitted = _Fit(statistics.of(permuted(units, SHAPE, generator)))
    weighed = fitted.weigh(observed)[0]
    window, witness = np.unravel_index(int(np.argmax(weighed)), weighed.shape)

    def draw(count: int) -> NDArray[np.float64]:
        parts = [
            fitted.weigh(statistics.of(permuted(units, min(BATCH, count - start), generator))).max(
                axis=(1, 2)
            )
            for start in range(0, count, BATCH)
        ]
        return np.concatenate(parts)

    found = significance(float(weighed.max()), draw, level=level, most=permutations)
    return Evidence(
        p_value=found.p_value,
        statistic=float(weighed.max()),
        threshold=found.threshold,
        window=units.windows[int(window)],
        witness=int(witness),
        said=weighed,
    )


class _Fit:
    """A gamma distribution for each statistic."""

    def __init__(self, null: NDArray[np.float64]) -> None:
        """Fit to statistics of shape (b, windows, witnesses); the skewness is that of a witness's windows together."""
        self._mean = null.mean(axis=0)
        self._spread = np.maximum(null.std(axis=0), 1e-12)
        skew = (((null - self._mean) / self._spread) ** 3).mean(axis=(0, 1))  # (witnesses,)
        self._shape = 4.0 / np.clip(skew, 0.05, 4.0) ** 2

    def weigh(self, statistics: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return -log10 of the p-values, same shape; far out by the gamma's leading term, so that none is infinite."""
        from scipy import special  # noqa: PLC0415  heavy, and not needed to import a step

        z = (statistics - self._mean) / self._spread
        at = np.maximum(self._shape + z * np.sqrt(self._shape), 1e-9)
        tail = special.gammaincc(self._shape, at)
        far = (self._shape - 1.0) * np.log(at) - at - special.gammaln(self._shape)
        logs = np.where(tail > 1e-200, np.log(np.maximum(tail, 1e-300)), far)
        weighed: NDArray[np.float64] = -logs / np.log(10.0)
        return weighed


def whitened(features: Matrix, *, ridge: float = 0.3, kept: int = 128) -> Matrix:
    """Return A, (d, k), such that (features @ A) has rare directions weigh more, beside common ones.

    A A^T is (C + r I)^-1 in the `kept` directions in which most varies. C is the covariance of the features, (n,
    d), of both sides together, so that who changes places changes nothing; r is `ridge` times its largest
    eigenvalue. The norm is that of a regularised Hotelling test (Chen et al. 2011, A regularized Hotelling's T2
    test, JASA 106:1345-1360).
    """
    centred = features.astype(np.float64) - features.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    values, axes = values[::-1][:kept], axes[:, ::-1][:, :kept]
    scale = max(float(values[0]), 1e-12)
    moved: Matrix = (axes / np.sqrt(np.maximum(values, 0.0) / scale + ridge)).astype(np.float32)
    return moved
