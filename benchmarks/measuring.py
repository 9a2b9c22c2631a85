"""How the benchmarks measure: both sides in turn, in one run, and a ratio with an interval.

The machines are noisy, so a figure alone says little. Each round measures ours and the peer's one after the other (the
order changes from round to round), and what is reported is the median over rounds of the ratio within a round, with a
bootstrap interval of that median (Efron, 1979; 2.5 to 97.5 %).
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 5_000


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """What came of a comparison."""

    ours: float  # median over the rounds
    peers: float
    ratio: float  # median over the rounds of ours / peer's
    low: float  # of the interval
    high: float

    def row(self, name: str, unit: str, goal: str) -> str:
        """Return a line for a table, as Markdown."""
        return (
            f"| {name} | {self.ours:,.2f} {unit} | {self.peers:,.2f} {unit} | "
            f"{self.ratio:.2f} ({self.low:.2f} to {self.high:.2f}) | {goal} |"
        )


HEAD = "| what | ours | peer | ratio (95 % interval) | goal |\n|---|---|---|---|---|"


def in_turn(ours: Callable[[], float], peers: Callable[[], float], *, rounds: int) -> Ratio:
    """Measure both sides `rounds` times, in turn; each function measures once and gives its figure."""
    figures = np.empty((rounds, 2))
    for number in range(rounds):
        sides = [(0, ours), (1, peers)]
        for column, measure in sides if number % 2 == 0 else sides[::-1]:
            figures[number, column] = measure()
    return ratio_of(figures[:, 0], figures[:, 1])


def ratio_of(ours: Sequence[float] | np.ndarray, peers: Sequence[float] | np.ndarray) -> Ratio:
    """Compare figures that were measured in turn: the i-th of both belong to one round."""
    mine, theirs = np.asarray(ours, dtype=float), np.asarray(peers, dtype=float)
    ratios = mine / theirs
    low, high = interval(ratios)
    return Ratio(
        ours=float(np.median(mine)),
        peers=float(np.median(theirs)),
        ratio=float(np.median(ratios)),
        low=low,
        high=high,
    )


def interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return the bootstrap interval of the median of values."""
    given = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(17).integers(0, len(given), size=(RESAMPLES, len(given)))
    low, high = np.percentile(np.median(given[drawn], axis=1), [2.5, 97.5])
    return float(low), float(high)


def two_cores() -> None:
    """Keep this process and its children to two cores, where there are more."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:2])
