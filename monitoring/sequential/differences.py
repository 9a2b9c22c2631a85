"""How far windows of the newest units are from the reference, also of units that changed places."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Units:
    """u units that are exchangeable where nothing changed: single questions, or blocks of neighbouring ones.

    The first `reference` are of the frozen reference, the rest the newest, oldest first.
    """

    features: Matrix  # (u, d), the sum over each unit's questions
    joint: tuple[
        int, ...
    ]  # so many columns each, from the first on, are compared by their difference's length
    strata: NDArray[np.int64]  # (u,), which part of the week it was asked in; units change places within one
    reference: int
    group: int  # so many neighbours among the newest are one event: what they have in common is no evidence
    pairs: bool  # few units, and neighbours may still be alike: only pairs `group` or more places apart are evidence
    windows: tuple[int, ...]  # of so many of the newest units, rising

    @property
    def together(self) -> list[slice]:
        """Return which columns are compared together."""
        ends = list(accumulate(self.joint, initial=0))
        return [slice(start, end) for start, end in pairwise(ends)]


class QuestionStatistics:
    """Those of many small units: groups of neighbours are taken out of them."""

    def __init__(self, units: Units) -> None:
        self._joint, self._together = sum(units.joint), units.together
        self._grouped, self._windows = units.group > 1, len(units.windows)
        self._features, strata = _centred(units)
        kinds = int(strata.max()) + 1
        self._own = [_squares(self._features[:, columns]) for columns in self._together]

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

        # Weights that make a window's sum one of differences to the mean of window and reference, by stratum. All
        # centred sums of the newest and of the reference together are 0, so the reference's is minus that of the
        # newest.
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
        found = [self._squared(at, whole, own, taken) for at in range(len(self._together))]
        for column in range(self._joint, whole.shape[2]):
            each = whole[..., column].astype(np.float64)
            if own is not None:
                largest = np.maximum.accumulate(own[..., column], axis=1)[:, self._ends]
                each -= self._shrunk * np.maximum(largest, 0.0)
            found.append(each)
        return np.stack(found, axis=2)

    def _squared(
        self, at: int, whole: Matrix, own: Matrix | None, taken: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the squared lengths without what neighbours have in common, shape (b, windows)."""
        columns = self._together[at]
        # Of each place, or of each group.
        alike = self._own[at][taken] if own is None else _squares(own[..., columns])
        shared = self._shrunk**2 * alike.cumsum(axis=1)[:, self._ends]
        squared: NDArray[np.float64] = _squares(whole[..., columns]) - shared
        return squared


class BlockStatistics:
    """Those of few large units: only pairs far from each other are in them."""

    def __init__(self, units: Units) -> None:
        features, strata = _centred(units)
        self._grams = [
            (features[:, columns] @ features[:, columns].T).astype(np.float64) for columns in units.together
        ]
        self._columns = features[:, sum(units.joint) :].T.astype(np.float64)  # (columns, units)
        self._places = np.arange(len(strata) - 1, units.reference - 1, -1)  # newest first
        n, kinds = len(self._places), int(strata.max()) + 1
        before = np.bincount(strata[: units.reference], minlength=kinds)
        here = strata[self._places]
        weights = []
        for window in units.windows:
            held = np.bincount(here[:window], minlength=kinds)
            both = np.maximum(held + before, 1)
            # The reference's centred sum is minus that of the newest, so pairs of the newest say all.
            weights.append((np.arange(n) < window) * (before / both)[here] + (held / both)[here])
        self._weights = np.array(weights)  # (windows, places)
        far = np.abs(np.arange(n)[:, np.newaxis] - np.arange(n)) >= units.group
        products = self._weights[:, :, np.newaxis] * self._weights[:, np.newaxis, :] * far
        self._products = products.reshape(len(units.windows), -1).T  # (places x places, windows)

    def of(self, orders: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the statistics, shape (b, windows, witnesses), of orders of shape (b, u)."""
        taken = orders[:, self._places]
        grams = [gram[taken[:, :, np.newaxis], taken[:, np.newaxis, :]] for gram in self._grams]
        found = [self._paired(gram) for gram in grams]
        for column in self._columns:
            values = column[taken]
            paired = self._paired(values[:, :, np.newaxis] * values[:, np.newaxis, :])
            found.append(np.where(values @ self._weights.T > 0, paired, -np.abs(paired)))
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
    squares: NDArray[np.float64] = np.einsum("...d,...d->...", rows, rows).astype(np.float64)
    return squares


def permuted(units: Units, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return `count` orders, (count, u), that change places within strata."""
    orders = np.tile(np.arange(len(units.features), dtype=np.int64), (count, 1))
    for stratum in np.unique(units.strata):
        at = np.flatnonzero(units.strata == stratum)
        orders[:, at] = generator.permuted(orders[:, at], axis=1)
    return orders
