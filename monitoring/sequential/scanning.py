"""Are the newest questions others than those of the reference? Windows of several sizes, in one test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.sequential.tails import significance

Matrix = NDArray[np.float32]

SHAPE = 199
"""Draws that the shape of each statistic's null is fitted to."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Units:
    """u units that are exchangeable where nothing changed: single questions, or blocks of neighbouring ones.

    The first `reference` are of the frozen reference, the rest the newest, oldest first.
    """

    features: Matrix  # (u, d), the sum over each unit's questions
    strata: NDArray[np.int64]  # (u,), which part of the week it was asked in; units change places within one
    reference: int
    group: int  # so many neighbours among the newest are one event: what they have in common is no evidence
    windows: tuple[int, ...]  # of so many of the newest units, rising


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """What a scan says."""

    p_value: float
    statistic: float  # -log10 of the smallest p-value over windows and witnesses, as fitted
    threshold: float  # what it would have to reach at the level asked for
    window: int  # units: the window that says it loudest
    witness: int  # which metric does
    said: NDArray[np.float64]  # (windows, metrics): -log10 of each one's p-value, as fitted


def scan(
    units: Units, metrics: Sequence[Matrix | None], *, level: float, permutations: int, seed: int, sided: bool = False
) -> Evidence:
    """Test whether the newest units are distributed as the reference, over all windows and metrics at once.

    For each window W the statistic is |A (sum over W of (x - m))|^2, m the mean of W and the reference together in x's
    stratum, without the pairs within one group of neighbours; A one of `metrics`, each (d, d) or None for the identity:
    the squared mean difference that MMD is with a linear kernel (Gretton et al. 2012, JMLR 13:723-773), in several
    norms. `sided`: features are (u, 1), and the statistic is the sum itself, bigger is more.

    Each becomes a p-value by a gamma distribution with the mean, variance and skewness of its permuted copies (Pearson
    III), and the smallest is compared with the smallest of further permutations (Westfall and Young 1993, min-p). The
    fit only sets how the statistics are weighed against each other; the test is exact without it, as far as units
    within a stratum are exchangeable.
    """
    generator = np.random.default_rng(seed)
    statistics = _Statistics(units, metrics, sided=sided)
    observed = statistics.of(np.arange(len(units.features))[np.newaxis])[0]  # (windows x metrics,)
    fitted = _Fit(statistics.of(_permuted(units, SHAPE, generator)))
    weighed = fitted.weigh(observed)
    best = int(np.argmax(weighed))

    def draw(count: int) -> NDArray[np.float64]:
        parts = [
            fitted.weigh(statistics.of(_permuted(units, min(500, count - start), generator))).max(axis=1)
            for start in range(0, count, 500)
        ]
        return np.concatenate(parts)

    found = significance(float(weighed[best]), draw, level=level, most=permutations)
    window, witness = divmod(best, max(len(metrics), 1))
    return Evidence(
        p_value=found.p_value,
        statistic=float(weighed[best]),
        threshold=found.threshold,
        window=units.windows[window],
        witness=witness,
        said=weighed.reshape(len(units.windows), -1),
    )


class _Fit:
    """A gamma distribution for each statistic."""

    def __init__(self, null: NDArray[np.float64]) -> None:
        self._mean = null.mean(axis=0)
        self._spread = np.maximum(null.std(axis=0), 1e-12)
        skew = (((null - self._mean) / self._spread) ** 3).mean(axis=0)
        self._shape = 4.0 / np.clip(skew, 0.05, 4.0) ** 2

    def weigh(self, statistics: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return -log10 of the p-values, same shape; far out by the gamma's leading term, so that none is infinite."""
        from scipy import special  # noqa: PLC0415  heavy, and not needed to import a step

        z = (statistics - self._mean) / self._spread
        at = np.maximum(self._shape + z * np.sqrt(self._shape), 1e-9)
        tail = special.gammaincc(self._shape, at)
        far = (self._shape - 1.0) * np.log(at) - at - special.gammaln(self._shape)
        with np.errstate(divide="ignore"):
            logs = np.where(tail > 1e-200, np.log(np.maximum(tail, 1e-300)), far)
        weighed: NDArray[np.float64] = -logs / np.log(10.0)
        return weighed


class _Statistics:
    """The statistics of units that changed places within their strata."""

    def __init__(self, units: Units, metrics: Sequence[Matrix | None], *, sided: bool) -> None:
        self._metrics, self._sided = metrics, sided
        _, strata = np.unique(units.strata, return_inverse=True)
        kinds = int(strata.max()) + 1
        counts = np.bincount(strata, minlength=kinds)
        sums = np.zeros((kinds, units.features.shape[1]))
        np.add.at(sums, strata, units.features)
        self._features = (units.features - (sums / counts[:, np.newaxis])[strata]).astype(np.float32)

        # Places of the newest units, newest first; a place keeps its stratum whichever unit comes there.
        self._places = np.arange(len(strata) - 1, units.reference - 1, -1)
        back = np.arange(len(self._places))
        self._group = back // units.group
        self._window = np.searchsorted(units.windows, back, side="right")  # the smallest that holds the place
        cells, self._cell = np.unique(
            np.stack([self._window, self._group if units.group > 1 else 0 * back, strata[self._places]]),
            axis=1,
            return_inverse=True,
        )
        self._cell = self._cell.reshape(-1)
        self._cell_window, self._cell_group, self._cell_stratum = cells
        self._grouped = units.group > 1
        self._windows = len(units.windows)

        # Weights that make a window's sum one of differences to the mean of window and reference, by stratum.
        before = np.bincount(strata[: units.reference], minlength=kinds)
        held = np.zeros((self._windows, kinds))
        for row in range(self._windows):
            held[row] = np.bincount(strata[self._places[self._window <= row]], minlength=kinds)
        both = np.maximum(held + before, 1)
        self._own, self._others = before / both, held / both  # (windows, strata)
        self._shrunk = (self._own * held).sum(axis=1) / np.maximum(held.sum(axis=1), 1)  # (windows,)

    def of(self, orders: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the statistics, shape (b, windows x metrics), of orders of shape (b, u)."""
        from scipy import sparse  # noqa: PLC0415  heavy, and not needed to import a step

        b, cells = len(orders), len(self._cell_window)
        taken = orders[:, self._places]  # (b, places)
        rows = (np.arange(b)[:, np.newaxis] * cells + self._cell).ravel()
        ones = np.ones(taken.size, np.float32)
        chosen = sparse.coo_matrix((ones, (rows, taken.ravel())), shape=(b * cells, orders.shape[1])).tocsr()
        sums = np.asarray(chosen @ self._features).reshape(b, cells, -1)

        kinds = self._own.shape[1]
        inside = self._cell_window[np.newaxis] <= np.arange(self._windows)[:, np.newaxis]  # (windows, cells)
        of_stratum = self._cell_stratum[np.newaxis] == np.arange(kinds)[:, np.newaxis]  # (strata, cells)
        # All centred sums of the newest and of the reference together are 0, so the reference's is minus theirs.
        weights = inside * (self._own @ of_stratum) + self._others @ of_stratum  # (windows, cells)
        whole = np.einsum("wc,bcd->bwd", weights.astype(np.float32), sums, optimize=True)
        if self._sided:
            return self._without_largest(whole[..., 0].astype(np.float64), sums[..., 0].astype(np.float64))
        found = [self._squared(metric, whole, sums, taken) for metric in self._metrics]
        return np.stack(found, axis=2).reshape(b, -1)

    def _squared(
        self, metric: Matrix | None, whole: Matrix, sums: Matrix, taken: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the squared norms without what neighbours have in common, shape (b, windows)."""

        def norms(rows: Matrix) -> NDArray[np.float64]:
            moved = rows if metric is None else rows @ metric
            return np.einsum("...d,...d->...", moved, moved).astype(np.float64)

        if self._grouped:
            groups = int(self._cell_group.max()) + 1
            member = self._cell_group[np.newaxis] == np.arange(groups)[:, np.newaxis]
            own = norms(np.einsum("gc,bcd->bgd", member.astype(np.float32), sums, optimize=True))  # (b, groups)
            ends = np.array([self._group[self._window <= row].max() for row in range(self._windows)])
        else:
            own = norms(self._features)[taken]  # (b, places)
            ends = np.array([np.count_nonzero(self._window <= row) - 1 for row in range(self._windows)])
        return norms(whole) - self._shrunk**2 * own.cumsum(axis=1)[:, ends]

    def _without_largest(
        self, whole: NDArray[np.float64], sums: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the sums without the group that adds most, shape (b, windows)."""
        if not self._grouped:
            return whole
        groups = int(self._cell_group.max()) + 1
        member = (self._cell_group[np.newaxis] == np.arange(groups)[:, np.newaxis]).astype(np.float64)
        own = sums @ member.T  # (b, groups)
        ends = [int(self._group[self._window <= row].max()) + 1 for row in range(self._windows)]
        largest = np.stack([own[:, :end].max(axis=1) for end in ends], axis=1)
        return whole - self._shrunk * np.maximum(largest, 0.0)


def _permuted(units: Units, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return `count` orders, (count, u), that change places within strata."""
    orders = np.tile(np.arange(len(units.features)), (count, 1))
    for stratum in np.unique(units.strata):
        at = np.flatnonzero(units.strata == stratum)
        orders[:, at] = generator.permuted(orders[:, at], axis=1)
    return orders


def whitened(features: Matrix, *, ridge: float = 0.3) -> Matrix:
    """Return A, (d, d), with A A^T = (C + r I)^-1: rare directions weigh more than common ones.

    C is the covariance of the features, (n, d), of both sides together, so that who changes places changes nothing; r is
    `ridge` times its largest eigenvalue. The norm is that of a regularised Hotelling test (Chen et al. 2011, A
    regularized Hotelling's T2 test, JASA 106:1345-1360; with a kernel: Harchaoui, Bach and Moulines 2008).
    """
    centred = features.astype(np.float64) - features.mean(axis=0)
    covariance = centred.T @ centred / len(centred)
    values, axes = np.linalg.eigh(covariance)
    scale = max(float(values[-1]), 1e-12)
    moved: Matrix = (axes / np.sqrt(np.maximum(values, 0.0) / scale + ridge)).astype(np.float32)
    return moved
