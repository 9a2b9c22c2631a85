"""What may change places where nothing changed: single questions or blocks, within which part of the week."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import BLOCK, Look, Watched
from monitoring.sequential.dependence import blocks_of, clumped
from monitoring.sequential.differences import Matrix, Units
from monitoring.sequential.rhythm import Rhythm, rhythm_of
from monitoring.sequential.scanning import whitened

WINDOWS = (2, 3, 4, 6, 8, 12, 16, 24)
"""Windows of so many of the newest blocks, where single questions change places."""

WINDOWS_OF_BLOCKS = (6, 8, 12, 16, 24)
"""The same where whole blocks do; fewer blocks can change places in too few ways."""

APART = 4
"""Blocks that are evidence together are so many places apart, so that no burst of 75 questions is in both."""

DIRECTIONS = 64
"""Of the questions' vectors, so many directions tell whether neighbours and hours have something in common."""

FEWEST_OF_PART = 3
"""Blocks of the reference in a part of the week, from which on newest ones are compared with them."""

FEWEST_BLOCKS = 8
"""Blocks of the reference from which on they tell habits."""

CLUMPED = 0.05
"""Neighbours are reckoned to be alike where chance alone makes them so this rarely."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Design:
    """Which of a look's questions, those of the reference first, belong to which exchangeable unit."""

    rows: NDArray[np.int64]  # (r,) questions that are compared, by their place in reference + recent
    unit: NDArray[np.int64]  # (r,) the unit of each, from 0; rises
    strata: NDArray[np.int64]  # (units,)
    reference: int  # units
    blocks: bool  # units are blocks, not single questions
    windows: tuple[int, ...]  # of so many of the newest units

    @property
    def group(self) -> int:
        """Return how many neighbouring units count as one event."""
        return APART if self.blocks else BLOCK

    @property
    def compared(self) -> int:
        """Return how many of the newest questions have any of the reference to be compared with."""
        return int(np.count_nonzero(self.unit >= self.reference))

    def units(self, features: Matrix, *, joint: tuple[int, ...] = ()) -> Units:
        """Return the units of features of all questions, shape (reference + recent, d), `joint` as in `Units`."""
        sums = np.zeros((len(self.strata), features.shape[1]), np.float32)
        np.add.at(sums, self.unit, features[self.rows])
        return Units(
            features=sums,
            joint=joint,
            strata=self.strata,
            reference=self.reference,
            group=self.group,
            pairs=self.blocks,
            windows=self.windows,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Habits:
    """What a reference tells about how its questions come. It changes only when the reference does."""

    block: NDArray[np.int64]  # (m,), the block of neighbours of each question; -1: none
    rhythm: Rhythm | None  # None: too few blocks to tell
    clumped: bool  # neighbours have more in common than others


def habits_of(reference: Watched, *, seed: int) -> Habits:
    """Return what a reference tells about how its questions come."""
    block = blocks_of(reference.positions, BLOCK)
    if block.max(initial=-1) < FEWEST_BLOCKS - 1:
        return Habits(block=block, rhythm=None, clumped=False)
    vectors = reference.vectors.astype(np.float32)
    features = vectors @ whitened(vectors, kept=DIRECTIONS)
    rhythm = rhythm_of(features, reference.asked_at, block, seed=seed)
    alike = clumped(features, block, rhythm.parts(reference.asked_at), seed=seed) <= CLUMPED
    return Habits(block=block, rhythm=rhythm, clumped=alike or (rhythm.found and not rhythm.certain))


def design_of(look: Look, *, seed: int, habits: Habits | None = None) -> Design:
    """Return how the questions of a look may change places, as far as its reference tells.

    Single questions do, unless neighbours in the reference have more in common than others, as in bursts: then
    blocks of neighbours do. Only what was asked in the same part of the week changes places, where the reference
    has such parts. `habits` are the reference's; None: they are found out here.
    """
    habits = habits or habits_of(look.reference, seed=seed)
    asked_at = np.concatenate([look.reference.asked_at, look.recent.asked_at])
    m, n = len(look.reference), len(look.recent)
    parts = habits.rhythm.parts(asked_at) if habits.rhythm else np.zeros(m + n, np.int64)
    if habits.clumped:
        return _of_blocks(habits.block, blocks_of(look.recent.positions, BLOCK, newest_first=True), parts)
    return _of_questions(m, parts)


def _of_questions(m: int, parts: NDArray[np.int64]) -> Design:
    """Return the design in which single questions change places."""
    now = m + np.flatnonzero(_known(parts[m:], parts[:m], fewest=BLOCK))
    n = len(now)
    windows = tuple(each * BLOCK for each in WINDOWS if each * BLOCK <= n) or (n,)
    rows = np.concatenate([np.arange(m), now[n - windows[-1] :]])
    return Design(
        rows=rows, unit=np.arange(len(rows)), strata=parts[rows], reference=m, blocks=False, windows=windows
    )


def _of_blocks(before: NDArray[np.int64], now: NDArray[np.int64], parts: NDArray[np.int64]) -> Design:
    """Return the design in which blocks of neighbours change places; `before`, (m,), and `now`, (n,), name them."""
    kinds = int(before.max()) + 1
    block = np.concatenate([before, np.where(now >= 0, now + kinds, -1)])
    strata = _of_middle(block, parts)
    known = _known(strata[kinds:], strata[:kinds], fewest=FEWEST_OF_PART)
    held = int(known.sum())
    windows = tuple(each for each in WINDOWS_OF_BLOCKS if each <= held) or (held,)
    # The newest blocks that the reference knows follow its own.
    taken = np.concatenate([np.arange(kinds), kinds + np.flatnonzero(known)[held - windows[-1] :]])
    renamed = np.full(len(strata) + 1, -1)  # the last: of no block
    renamed[taken] = np.arange(len(taken))
    unit = renamed[block]
    rows = np.flatnonzero(unit >= 0)
    return Design(
        rows=rows, unit=unit[rows], strata=strata[taken], reference=kinds, blocks=True, windows=windows
    )


def _of_middle(block: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the part of the week of each block, that of its middle question; -1 in `block`: none."""
    of, at = block[block >= 0], parts[block >= 0]
    names = np.arange(int(of.max()) + 1)
    middle: NDArray[np.int64] = at[(np.searchsorted(of, names) + np.searchsorted(of, names + 0.5) - 1) // 2]
    return middle


def _known(now: NDArray[np.int64], before: NDArray[np.int64], *, fewest: int) -> NDArray[np.bool_]:
    """Return which parts of the week, of those now, came up often enough before; -1 never did."""
    names, counts = np.unique(before, return_counts=True)
    known: NDArray[np.bool_] = (now >= 0) & np.isin(now, names[counts >= fewest])
    return known
