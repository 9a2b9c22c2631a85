"""Has a mean fallen since it was first measured? Prediction-powered, and exact where nothing changed. Pure.

The questions are cut into *rounds*: those up to and with one that people gave a word on. While nothing changes the
rounds are exchangeable: their order is one of all orders alike. So how far the newest rounds lie below all before them
is compared with what it is in other orders, by a permutation test (Lehmann and Romano, "Testing statistical
hypotheses", 2022, chapter 17). The newest 25 rounds are looked at, half as many more, and so on, and the largest
difference counts, in the true order as in all others: a scan, whose level needs no correction.

What is compared with begins where the questions begin, with the release or a person's word, and never slides: a slow
decline adds up.

Orders are drawn until so many reach what was seen that the result is plain (Besag and Clifford, "Sequential Monte
Carlo p-values", 1991), so that a look at nothing costs little.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from monitoring.sequential.intervals import Labelled, values

SMALLEST = 25
"""Fewest rounds, the newest, that are compared with those before, and fewest of those before."""
GROWTH = 1.5
"""How much larger each window is than the one before."""
FEWEST = 2 * SMALLEST
"""Rounds below which nothing is compared."""
PLAIN = 10
"""Orders that reach what was seen after which nothing more is drawn."""
MOST_ORDERS = 1_000_000
_AT_ONCE = 500  # orders in memory

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """How far a mean has fallen."""

    before: float  # its estimate before the window
    now: float  # and in the window that lies lowest
    earlier: int  # rounds before, which are labels
    window: int  # rounds in it
    since: int  # place of the window's first question
    p_value: float  # of so large a drop in any window while nothing changed


def drop(labelled: Labelled, *, level: float, seed: int) -> Drop:
    """Return the largest drop of the newest questions; it is one where the p-value is `level` at most.

    Raises:
        ValueError: there are fewer than `FEWEST` rounds.
    """
    ends = np.flatnonzero(labelled.drawn)
    if len(ends) < FEWEST:
        raise ValueError(f"expected {FEWEST} or more questions that people gave a word on, got {len(ends)}")
    total = np.diff(np.cumsum(values(labelled))[ends], prepend=0.0)  # (rounds,)
    size = np.diff(ends, prepend=-1).astype(float)
    # How far each round lies below the mean of all, so that a round's size does not matter.
    short = (total.sum() / size.sum()) * size - total
    windows = _windows(len(ends))
    seen = _scan(short[np.newaxis], windows)[0]  # (windows,)
    widest = int(seen.argmax())
    first = len(ends) - int(windows[widest])
    return Drop(
        before=float(np.clip(total[:first].sum() / size[:first].sum(), 0.0, 1.0)),
        now=float(np.clip(total[first:].sum() / size[first:].sum(), 0.0, 1.0)),
        earlier=first,
        window=len(ends) - first,
        since=int(ends[first - 1]) + 1,
        p_value=_p_value(short, float(seen[widest]), windows, level=level, seed=seed),
    )


def _windows(rounds: int) -> NDArray[np.int64]:
    sizes = [SMALLEST]
    while (larger := round(sizes[-1] * GROWTH)) <= rounds - SMALLEST:
        sizes.append(larger)
    return np.array(sizes)


def _scan(short: Floats, windows: NDArray[np.int64]) -> Floats:
    """Return how far each window lies below all before it, in units of its spread.

    `short` are orders of shape (orders, rounds); the result has the shape (orders, windows).
    """
    count = short.shape[1]
    newest = np.cumsum(short[:, ::-1], axis=1)
    sums = newest[:, windows - 1]
    rest = newest[:, -1:] - sums
    before = count - windows
    result: Floats = (sums / windows - rest / before) / np.sqrt(1.0 / windows + 1.0 / before)
    return result


def _p_value(short: Floats, seen: float, windows: NDArray[np.int64], *, level: float, seed: int) -> float:
    """Return the share of orders, the true one among them, that reach what was seen."""
    wanted = min(MOST_ORDERS, max(1_000, ceil(3.0 / level)))
    generator = np.random.default_rng(seed)
    drawn = reached = 0
    while drawn < wanted and reached < PLAIN:
        count = min(_AT_ONCE, wanted - drawn)
        orders = generator.permuted(np.broadcast_to(short, (count, len(short))), axis=1)
        # What rounding alone makes different is not less.
        reached += int((_scan(orders, windows).max(axis=1) >= seen - 1e-9).sum())
        drawn += count
    return (reached + 1) / (drawn + 1)
