"""Are the newest questions others than those of the reference? Windows of several sizes, in one test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.sequential.tails import significance

Matrix = NDArray[np.float32]

SHAPE = 499
"""Draws that the shape of each statistic's null is fitted to."""

BATCH = 500
"""Draws made at once; bounds memory at so many times (blocks of the newest) x (columns) numbers."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Units:
    """u units that are exchangeable where nothing changed: single questions, or blocks of neighbouring ones.

    The first `reference` are of the frozen reference, the rest the newest, oldest first.
    """

    features: Matrix  # (u, d), the sum over each unit's questions
    joint: int  # the first so many columns are compared together, by the length of their difference
    strata: NDArray[np.int64]  # (u,), which part of the week it was asked in; units change places within one
    reference: int
    group: int  # so many neighbours among the newest are one event: what they have in common is no evidence
    pairs: bool  # few units, and neighbours may still be alike: only pairs `group` or more places apart are evidence
    windows: tuple[int, ...]  # of so many of the newest units, rising


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """What a scan says."""

    p_value: float
    statistic: float  # -log10 of the smallest p-value over windows and witnesses, as fitted
    threshold: float  # what it would have to reach at the level asked for
    window: int  # units: the window that says it loudest
    witness: int  # which witness does: the joint columns, if there are any, then each further one
    said: NDArray[np.float64]  # (windows, witnesses): -log10 of each one's p-value, as fitted


def scan(units: Units, *, level: float, permutations: int, seed: int) -> Evidence:
    """Test whether the newest units are distributed as the reference, over all windows and witnesses at once.

    For each window W, with s the sum over W of x - m, m the mean of W and the reference together in x's stratum, there are
    these statistics: over the joint columns |s|^2 without the pairs within one group of neighbours, the squared mean
    difference that MMD is with a linear kernel (Gretton et al. 2012, JMLR 13:723-773); and for each further column s
    without the group that adds most, one-sided, bigger is more. With `pairs` it is the sum over pairs of units that are
    `group` or more places apart, for each further column with the sign of s: neighbours that are alike then make it no
    larger than chance does.

    Each becomes a p-value by a gamma distribution with the mean, variance and skewness of its permuted copies (Pearson
    III), and the smallest is compared with the smallest of further permutations (min-p, Westfall and Young 1993). The
    fit only sets how the statistics are weighed against each other; the test is exact without it, as far as units
    within a stratum are exchangeable.
    """
    generator = np.random.default_rng(seed)
    statistics = _PairStatistics(units) if units.pairs else _Statistics(units)
    observed = statistics.of(np.arange(len(units.features))[np.newaxis])  # (1, windows, witnesses)
    fitted = _Fit(statistics.of(_permuted(units, SHAPE, generator)))
    weighed = fitted.weigh(observed)[0]
    window, witness = np.unravel_index(int(np.argmax(weighed)), weighed.shape)

    def draw(count: int) -> NDArray[np.float64]:
        parts = [
            fitted.weigh(statistics.of(_permuted(units, min(BATCH, count - start), generator))).max(
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


class _Statistics:
    """The statistics of units that changed places within their strata."""

    def __init__(self, units: Units) -> None:
        self._joint, self._grouped, self._windows = units.joint, units.group > 1, len(units.windows)
        self._features, strata = _centred(units)
        kinds = int(strata.max()) + 1
        self._own = np.einsum("ud,ud->u", *[self._features[:, : units.joint]] * 2).astype(np.float64)

        # Places of the newest units, newest first; a place keeps its stratum whichever unit comes there.
        self._places = np.arange(len(strata) - 1, units.reference - 1, -1)
        back = np.arange(len(self._places))
        window = np.searchsorted(units.windows, back, side="right")  # the smallest that holds the place
        group = back // units.group if self._grouped else window
        cells, cell = np.unique(np.stack([window, group, strata[self._places]]), axis=1, return_inverse=True)
        self._cell, self._cells = cell.reshape(-1), cells.shape[1]
        rows = np.arange(self._windows)[:, np.newaxis]
        inside = cells[0] <= rows  # (windows, cells)
        self._member = (cells[1] == np.arange(int(cells[1].max()) + 1)[:, np.newaxis]).astype(np.float32)
        # The last group, or without groups the last place, of each window.
        self._ends = (inside * (cells[1] + 1)).max(axis=1) - 1
        if not self._grouped:
            self._ends = (window <= rows).sum(axis=1) - 1

        # Weights that make a window's sum one of differences to the mean of window and reference, by stratum. All centred
        # sums of the newest and of the reference together are 0, so the reference's is minus that of the newest.
        of_stratum = (cells[2] == np.arange(kinds)[:, np.newaxis]).astype(np.float64)  # (strata, cells)
        before = np.bincount(strata[: units.reference], minlength=kinds)
        sizes = np.bincount(self._cell, minlength=self._cells)
        held = (inside * sizes) @ of_stratum.T  # (windows, strata)
        both = np.maximum(held + before, 1.0)
        own, others = before / both, held / both
        self._weights = (inside * (own @ of_stratum) + others @ of_stratum).astype(np.float32)
        self._shrunk = (own * held).sum(axis=1) / np.maximum(held.sum(axis=1), 1.0)  # (windows,)

    def of(self, orders: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the statistics, shape (b, windows, witnesses), of orders of shape (b, u)."""
        from scipy import sparse  # noqa: PLC0415  heavy, and not needed to import a step

        b, places = len(orders), len(self._places)
        taken = orders[:, self._places]  # (b, places)
        # Rows of the matrix are cells, so its entries are sorted by them.
        by_cell = np.argsort(self._cell, kind="stable")
        starts = np.concatenate([[0], np.bincount(self._cell, minlength=self._cells).cumsum()])[:-1]
        indptr = np.append((np.arange(b)[:, np.newaxis] * places + starts).ravel(), b * places)
        chosen = sparse.csr_matrix(
            (np.ones(b * places, np.float32), taken[:, by_cell].ravel(), indptr),
            shape=(b * self._cells, orders.shape[1]),
        )
        sums = np.asarray(chosen @ self._features).reshape(b, self._cells, -1)  # (b, cells, d)
        whole = np.matmul(self._weights, sums)  # (b, windows, d)
        own = np.matmul(self._member, sums) if self._grouped else None  # (b, groups, d)
        found = []
        if self._joint:
            found.append(self._squared(whole[..., : self._joint], own, taken))
        for column in range(self._joint, whole.shape[2]):
            each = whole[..., column].astype(np.float64)
            if own is not None:
                largest = np.maximum.accumulate(own[..., column], axis=1)[:, self._ends]
                each -= self._shrunk * np.maximum(largest, 0.0)
            found.append(each)
        return np.stack(found, axis=2)

    def _squared(self, whole: Matrix, own: Matrix | None, taken: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the squared lengths without what neighbours have in common, shape (b, windows)."""
        if own is None:
            alike = self._own[taken]  # (b, places)
        else:
            alike = _squares(own[..., : self._joint])  # (b, groups)
        return _squares(whole) - self._shrunk**2 * alike.cumsum(axis=1)[:, self._ends]


class _PairStatistics:
    """The statistics of units that changed places within their strata, from pairs of units far from each other."""

    def __init__(self, units: Units) -> None:
        features, strata = _centred(units)
        self._grams = [features[:, : units.joint] @ features[:, : units.joint].T] if units.joint else []
        self._columns = features[:, units.joint :].T.astype(np.float64)  # (columns, units)
        self._places = np.arange(len(strata) - 1, units.reference - 1, -1)  # newest first
        n, kinds = len(self._places), int(strata.max()) + 1
        before = np.bincount(strata[: units.reference], minlength=kinds)
        here = strata[self._places]
        weights = []
        for window in units.windows:
            held = np.bincount(here[:window], minlength=kinds)
            both = np.maximum(held + before, 1)
            weights.append((np.arange(n) < window) * (before / both)[here] + (held / both)[here])
        self._weights = np.array(weights)  # (windows, places)
        far = np.abs(np.arange(n)[:, np.newaxis] - np.arange(n)) >= units.group
        products = self._weights[:, :, np.newaxis] * self._weights[:, np.newaxis, :] * far
        self._products = products.reshape(len(units.windows), -1).T  # (places x places, windows)

    def of(self, orders: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the statistics, shape (b, windows, witnesses), of orders of shape (b, u)."""
        taken = orders[:, self._places]
        found = [self._paired(gram[taken[:, :, np.newaxis], taken[:, np.newaxis, :]]) for gram in self._grams]
        for column in self._columns:
            values = column[taken]
            signs = np.where(values @ self._weights.T > 0, 1.0, -1.0)
            found.append(signs * self._paired(values[:, :, np.newaxis] * values[:, np.newaxis, :]))
        return np.stack(found, axis=2)

    def _paired(self, products: NDArray[np.float64]) -> NDArray[np.float64]:
        paired: NDArray[np.float64] = products.reshape(len(products), -1) @ self._products
        return paired


def _centred(units: Units) -> tuple[Matrix, NDArray[np.int64]]:
    """Return features less the mean of their stratum, (u, d), and the strata from 0, (u,)."""
    _, strata = np.unique(units.strata, return_inverse=True)
    kinds = int(strata.max()) + 1
    sums = np.zeros((kinds, units.features.shape[1]))
    np.add.at(sums, strata, units.features)
    means = sums / np.bincount(strata, minlength=kinds)[:, np.newaxis]
    return (units.features - means[strata]).astype(np.float32), strata


def _squares(rows: Matrix) -> NDArray[np.float64]:
    return np.einsum("...d,...d->...", rows, rows).astype(np.float64)


def _permuted(units: Units, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return `count` orders, (count, u), that change places within strata."""
    orders = np.tile(np.arange(len(units.features), dtype=np.int32), (count, 1))
    for stratum in np.unique(units.strata):
        at = np.flatnonzero(units.strata == stratum)
        orders[:, at] = generator.permuted(orders[:, at], axis=1)
    return orders


def whitened(features: Matrix, *, ridge: float = 0.3, kept: int = 128) -> Matrix:
    """Return A, (d, k), such that (features @ A) has rare directions weigh more, beside common ones.

    A A^T is (C + r I)^-1 in the `kept` directions in which most varies. C is the covariance of the features, (n, d), of both
    sides together, so that who changes places changes nothing; r is `ridge` times its largest eigenvalue. The norm is that
    of a regularised Hotelling test (Chen et al. 2011, A regularized Hotelling's T2 test, JASA 106:1345-1360).
    """
    centred = features.astype(np.float64) - features.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    values, axes = values[::-1][:kept], axes[:, ::-1][:, :kept]
    scale = max(float(values[0]), 1e-12)
    moved: Matrix = (axes / np.sqrt(np.maximum(values, 0.0) / scale + ridge)).astype(np.float32)
    return moved
