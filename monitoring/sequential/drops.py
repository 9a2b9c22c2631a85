"""Has a mean fallen since it was first measured? Prediction-powered, and exact where nothing changed. Pure.

The questions are cut into *rounds*: those up to and with one that people gave a word on. While nothing changes the
rounds are exchangeable: their order is one of all orders alike. So how far the newest rounds lie below all before them
is compared with what it is in other orders, by a permutation test (Lehmann and Romano, "Testing statistical
hypotheses", 2022, chapter 17). The newest 25 rounds are looked at, half as many more, and so on, and the largest
difference counts, in the true order as in all others: a scan, whose level needs no correction.

What is compared with begins where the questions begin, with the release or a person's word, and never slides: a slow
decline adds up.

Few orders are drawn where nothing is near a drop, and a tail is fitted beyond those that are drawn at most
(`monitoring/sequential/tails.py`). Of very many rounds some neighbours are taken together.
"""

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from monitoring.sequential.intervals import Labelled, values
from monitoring.sequential.tails import significance

SMALLEST = 25
"""Fewest rounds, the newest, that are compared with those before, and fewest of those before."""
GROWTH = 1.5
"""How much larger each window is than the one before."""
FEWEST = 2 * SMALLEST
"""Rounds below which nothing is compared."""
MOST_UNITS = 400
"""Rounds beyond which two or more neighbours are taken together."""
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
    threshold: float  # the drop in this window from which on it is one at the level


def drop(labelled: Labelled, *, level: float, permutations: int, seed: int) -> Drop:
    """Return the largest drop of the newest questions; it is one where the p-value is `level` at most.

    At most `permutations` orders are drawn.

    Raises:
        ValueError: there are fewer than `FEWEST` rounds.
    """
    ends = np.flatnonzero(labelled.drawn)
    if len(ends) < FEWEST:
        raise ValueError(f"expected {FEWEST} or more questions that people gave a word on, got {len(ends)}")
    together = ceil(len(ends) / MOST_UNITS)
    # Those of the oldest that are too few for a unit of their own are left out.
    unused = len(ends) % together
    of_units = ends[unused + together - 1 :: together]
    start = int(ends[unused - 1]) + 1 if unused else 0
    worth = np.cumsum(values(labelled)[start : of_units[-1] + 1])
    total = np.diff(worth[of_units - start], prepend=0.0)  # (units,)
    size = np.diff(of_units, prepend=start - 1).astype(float)
    # How far each unit lies below the mean of all, so that a unit's size does not matter.
    short = (total.sum() / size.sum()) * size - total
    spread = float(short.std()) or 1.0
    windows = _windows(len(short), ceil(SMALLEST / together))
    seen = _scan(short[np.newaxis] / spread, windows)[0]  # (windows,)
    widest = int(seen.argmax())
    generator = np.random.default_rng(seed)

    def drawn(count: int) -> Floats:
        made = []
        for done in range(0, count, _AT_ONCE):
            rows = np.broadcast_to(short / spread, (min(_AT_ONCE, count - done), len(short)))
            made.append(_scan(generator.permuted(rows, axis=1), windows).max(axis=1))
        return _tailed(np.concatenate(made))

    found = significance(float(_tailed(seen[widest])), drawn, level=level, most=permutations)
    first = len(short) - int(windows[widest])
    reach = np.sqrt(1.0 / windows[widest] + 1.0 / first) * spread / size.mean()
    return Drop(
        before=float(np.clip(total[:first].sum() / size[:first].sum(), 0.0, 1.0)),
        now=float(np.clip(total[first:].sum() / size[first:].sum(), 0.0, 1.0)),
        earlier=first * together,
        window=(len(short) - first) * together,
        since=int(of_units[first - 1]) + 1,
        p_value=found.p_value,
        threshold=float(_untailed(found.threshold) * reach),
    )


def _windows(units: int, smallest: int) -> NDArray[np.int64]:
    sizes = [smallest]
    while (larger := ceil(sizes[-1] * GROWTH)) <= units - smallest:
        sizes.append(larger)
    return np.array(sizes)


def _scan(short: Floats, windows: NDArray[np.int64]) -> Floats:
    """Return how far each window lies below all before it, in units of its spread.

    `short` are orders of shape (orders, units); the result has the shape (orders, windows).
    """
    count = short.shape[1]
    newest = np.cumsum(short[:, ::-1], axis=1)
    sums = newest[:, windows - 1]
    rest = newest[:, -1:] - sums
    before = count - windows
    result: Floats = (sums / windows - rest / before) / np.sqrt(1.0 / windows + 1.0 / before)
    return result


def _tailed(normal: Floats) -> Floats:
    """Return -log10 of the normal tail beyond a statistic: its own tail is exponential, which is what is fitted."""
    from scipy.special import log_ndtr  # noqa: PLC0415  heavy, and not needed to import a step

    result: Floats = -log_ndtr(-normal) / log(10.0)
    return result


def _untailed(tailed: float) -> float:
    """Return the statistic whose normal tail that is."""
    from scipy.special import ndtri_exp  # noqa: PLC0415  as above

    return -float(ndtri_exp(-tailed * log(10.0)))
