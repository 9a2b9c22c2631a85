"""What is asked at which time of the day and of the week: parts of the week within which questions are alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.sequential.dependence import DRAWS, centred_within, shuffled
from monitoring.sequential.differences import Matrix

HOUR, DAY, WEEK = 3_600.0, 86_400.0, 604_800.0
MONDAY = 4 * DAY
"""Seconds since 1970 of the first Monday."""

KNOWS_DAYS = 2 * DAY
"""A reference that spans this long has seen every time of day at which people ask."""

KNOWS_WEEKS = 13 * DAY
"""One that spans this long has seen every day of the week, most of them twice."""

APART = 6 * HOUR
"""Blocks so far apart are alike for their hour, not because one burst is in both."""

SUSPECTED = 0.1
"""A rhythm is reckoned with where chance alone shows one as strong this rarely. A needless one costs little."""

MOST_PARTS = 8
"""Parts of the week that are told apart at most."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rhythm:
    """Which parts of the week are told apart."""

    of_hour: NDArray[np.int64]  # (24,), part of each hour of the day, UTC
    of_cell: (
        NDArray[np.int64] | None
    )  # (parts of the day x 7,), part of each in each day of the week; None: all alike
    known: NDArray[
        np.bool_
    ]  # (24,), hours of the day of which the reference holds questions, or that need none
    certain: bool  # False: the reference spans too little to tell a rhythm from neighbours that are alike

    @property
    def found(self) -> bool:
        """Tell whether topics depend on the time."""
        return self.of_cell is not None or len(np.unique(self.of_hour)) > 1

    def parts(self, asked_at: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the part of the week of each time, (n,), seconds since 1970; -1: the reference does not know it."""
        hours = _hours(asked_at)
        parts = self.of_hour[hours]
        if self.of_cell is not None:
            parts = self.of_cell[parts * 7 + _days(asked_at)]
        return np.where(self.known[_quarters(asked_at)], parts, -1)


def rhythm_of(
    features: Matrix, asked_at: NDArray[np.float64], block: NDArray[np.int64], *, seed: int
) -> Rhythm:
    """Return the rhythm of a reference of n questions.

    `block`, (n,), says which of `features`, (n, d), are neighbours, because only whole blocks change places in the
    tests here: neighbours may be alike for other reasons than the hour. Where the hour of the day tells topics,
    hours are merged by likeness (Ward 1963, JASA 58:236-244) into the fewest parts within which it no longer does;
    the same for the days of the week once the reference spans two.

    From two days on only blocks hours apart count, so that a burst is no rhythm. Before that nothing can tell them
    apart, and an hour of which the reference holds nothing is unknown.
    """
    generator = np.random.default_rng(seed)
    span = float(asked_at.max() - asked_at.min())
    certain = span >= KNOWS_DAYS
    hours, days = _hours(asked_at), _days(asked_at)
    inside = np.flatnonzero(block >= 0)
    blocks = _Blocks(features[inside], asked_at[inside], block[inside], APART if certain else 0.0)
    parts = _fewest(blocks, hours[inside], hours[inside] // 3, np.zeros(len(inside), np.int64), generator)
    of_hour = _completed(parts, 24)

    of_cell = None
    if span >= KNOWS_WEEKS:
        at = of_hour[hours[inside]]
        cells = at * 7 + days[inside]
        found = _fewest(blocks, cells, cells, at, generator)
        if len(set(found.values())) > len(np.unique(at)):
            # A day that the reference has not seen is a part of its own.
            beyond = max(found.values()) + 1
            of_cell = np.array([found.get(each, beyond + each) for each in range(int(of_hour.max() + 1) * 7)])

    # A reference of some hours may end where the night begins; one of many days has gaps by chance.
    counts = np.bincount(_quarters(asked_at), minlength=96)
    reach = 4 if certain else 1
    later = np.sum([np.roll(counts, -each) for each in range(reach + 1)], axis=0)
    sooner = np.sum([np.roll(counts, each) for each in range(reach + 1)], axis=0)
    covered = (sooner > 0) & (later > 0) if not certain else sooner + later > 0
    needs = not certain or of_cell is not None or len(np.unique(of_hour)) > 1
    return Rhythm(
        of_hour=of_hour,
        of_cell=of_cell,
        known=covered if needs else np.ones(96, np.bool_),
        certain=certain,
    )


def _hours(asked_at: NDArray[np.float64]) -> NDArray[np.int64]:
    return ((asked_at % DAY) // HOUR).astype(np.int64)


def _quarters(asked_at: NDArray[np.float64]) -> NDArray[np.int64]:
    return ((asked_at % DAY) // (HOUR / 4)).astype(np.int64)


def _days(asked_at: NDArray[np.float64]) -> NDArray[np.int64]:
    return (((asked_at - MONDAY) % WEEK) // DAY).astype(np.int64)  # 0: Monday


class _Blocks:
    """Blocks of neighbouring questions, and whether they differ between times."""

    def __init__(
        self, features: Matrix, asked_at: NDArray[np.float64], block: NDArray[np.int64], apart: float
    ) -> None:
        self.features = features
        self._names, self._first, self._of = np.unique(block, return_index=True, return_inverse=True)
        times = asked_at[self._first]
        self._far = np.abs(times[:, np.newaxis] - times) >= apart
        self._sizes = np.bincount(self._of).astype(np.float64)

    def differ(
        self, cells: NDArray[np.int64], parts: NDArray[np.int64], generator: np.random.Generator
    ) -> float:
        """Return the p-value of cells being alike within parts, both (n,).

        The statistic is the sum of squares between cells, from pairs of blocks far enough apart; blocks are
        permuted within parts. A block's cell and part are those of its first question.
        """
        sums = np.zeros((len(self._names), self.features.shape[1]))
        np.add.at(sums, self._of, centred_within(self.features, parts))
        gram = sums @ sums.T
        cell, part = cells[self._first], parts[self._first]
        same = (cell[:, np.newaxis] == cell) & (part[:, np.newaxis] == part)
        weights = same * self._far / (same @ self._sizes)[:, np.newaxis]

        def statistic(order: NDArray[np.int64]) -> float:
            return float((weights * gram[np.ix_(order, order)]).sum())

        observed = statistic(np.arange(len(part)))
        observed -= 1e-9 * abs(observed)
        as_big = sum(statistic(shuffled(part, generator)) >= observed for _ in range(DRAWS))
        return (1 + as_big) / (1 + DRAWS)


def _fewest(
    blocks: _Blocks,
    cells: NDArray[np.int64],
    tested: NDArray[np.int64],
    parts: NDArray[np.int64],
    generator: np.random.Generator,
) -> dict[int, int]:
    """Return cell -> part: `parts`, or the fewest within which `tested` cells differ no more than by chance."""
    names = np.unique(cells)
    if blocks.differ(tested, parts, generator) > SUSPECTED:
        return {int(name): int(parts[cells == name][0]) for name in names}
    merged = _ward(blocks.features, cells, names)
    chosen = merged[1]
    for count in sorted(merged)[1:]:
        chosen = merged[count]
        by_name = np.array([chosen[int(name)] for name in names])
        if blocks.differ(tested, by_name[np.searchsorted(names, cells)], generator) > SUSPECTED:
            break
    return chosen


def _ward(features: Matrix, cells: NDArray[np.int64], names: NDArray[np.int64]) -> dict[int, dict[int, int]]:
    """Return number of parts -> (cell -> part), merging the two parts that differ least, by Ward's criterion."""
    of = np.searchsorted(names, cells)
    sums = np.zeros((len(names), features.shape[1]))
    np.add.at(sums, of, features)
    sizes = np.bincount(of).astype(np.float64)
    members = [[int(name)] for name in names]
    merged: dict[int, dict[int, int]] = {}
    while True:
        if len(members) <= MOST_PARTS:
            merged[len(members)] = {name: part for part, each in enumerate(members) for name in each}
        if len(members) == 1:
            return merged
        means = sums / sizes[:, np.newaxis]
        apart = np.maximum(
            (means**2).sum(axis=1)[:, np.newaxis] + (means**2).sum(axis=1) - 2.0 * means @ means.T, 0.0
        )
        cost = apart * (sizes[:, np.newaxis] * sizes) / (sizes[:, np.newaxis] + sizes)
        np.fill_diagonal(cost, np.inf)
        a, b = sorted(int(each) for each in np.unravel_index(int(np.argmin(cost)), cost.shape))
        sums[a], sizes[a] = sums[a] + sums[b], sizes[a] + sizes[b]
        members[a] += members[b]
        sums, sizes = np.delete(sums, b, axis=0), np.delete(sizes, b)
        del members[b]


def _completed(part: dict[int, int], count: int) -> NDArray[np.int64]:
    """Return the part of each of `count` cells round the clock; one that was not seen belongs to its nearest."""
    seen = np.array(sorted(part))
    every = np.arange(count)
    apart = np.abs(every[:, np.newaxis] - seen)
    nearest = seen[np.argmin(np.minimum(apart, count - apart), axis=1)]
    return np.array([part[int(each)] for each in nearest])
