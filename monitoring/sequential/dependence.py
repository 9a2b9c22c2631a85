"""Do neighbouring questions have more in common than others? Then single questions are not exchangeable."""

import numpy as np
from numpy.typing import NDArray

from monitoring.sequential.differences import Matrix

DRAWS = 199
"""Permutations of a question that decides only how a test is made."""


def blocks_of(positions: NDArray[np.int64], size: int, *, newest_first: bool = False) -> NDArray[np.int64]:
    """Return the block of each question, shape (n,), from 0, rising; -1: none, as its run is too short to end one.

    A block is `size` questions with neighbouring positions. Runs are cut from their oldest question on, or from their
    newest one. A run of `size` / 2 or more at the end of a cut is a block of its own.
    """
    count = len(positions)
    breaks = np.flatnonzero(np.diff(positions) != 1) + 1
    block = np.full(count, -1, np.int64)
    following = 0
    for run in np.split(np.arange(count), breaks):
        if not len(run):
            continue
        parts = -(-len(run) // size)
        along = np.arange(len(run))
        along = parts - 1 - along[::-1] // size if newest_first else along // size
        sizes = np.bincount(along, minlength=parts)
        whole = sizes * 2 >= size
        named = np.where(whole, np.cumsum(whole) - 1, -1)
        block[run] = np.where(named[along] >= 0, named[along] + following, -1)
        following += int(whole.sum())
    return block


def clumped(features: Matrix, block: NDArray[np.int64], strata: NDArray[np.int64], *, seed: int) -> float:
    """Return the p-value of questions in one block having no more in common than questions of different blocks.

    `features`, (n, d), are the reference's; `strata`, (n,), says among which a question may change places. The
    statistic is the sum over blocks of |sum of the block's centred features|^2, which is a sum of inner products of
    neighbours; the test permutes questions.
    """
    generator = np.random.default_rng(seed)
    centred = centred_within(features, strata)
    taken = np.flatnonzero(block >= 0)
    kinds = int(block.max()) + 1

    def statistic(order: NDArray[np.int64]) -> float:
        sums = np.zeros((kinds, features.shape[1]), np.float32)
        np.add.at(sums, block[taken], centred[order[taken]])
        return float((sums**2).sum())

    observed = statistic(np.arange(len(features)))
    as_big = sum(statistic(shuffled(strata, generator)) >= observed for _ in range(DRAWS))
    return (1 + as_big) / (1 + DRAWS)


def centred_within(features: Matrix, strata: NDArray[np.int64]) -> Matrix:
    """Return features, (n, d), less the mean of their stratum."""
    _, of = np.unique(strata, return_inverse=True)
    sums = np.zeros((int(of.max()) + 1, features.shape[1]))
    np.add.at(sums, of, features)
    centred: Matrix = (features - (sums / np.bincount(of)[:, np.newaxis])[of]).astype(np.float32)
    return centred


def shuffled(strata: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return an order, (n,), that changes places within strata."""
    order = np.arange(len(strata))
    for stratum in np.unique(strata):
        at = np.flatnonzero(strata == stratum)
        order[at] = generator.permutation(at)
    return order
