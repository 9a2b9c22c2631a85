"""What may change places where nothing changed: single questions or blocks, within which part of the week."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import Look
from monitoring.sequential.scanning import Matrix, Units

BLOCK = 25
"""Neighbouring questions in a block; the reference is gathered in such blocks too."""

WINDOWS = (2, 3, 4, 6, 8, 12, 16, 24)
"""Windows of so many of the newest blocks."""


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
        return 1 if self.blocks else BLOCK

    def units(self, features: Matrix) -> Units:
        """Return the units of features of all questions, shape (reference + recent, d)."""
        sums = np.zeros((len(self.strata), features.shape[1]), np.float32)
        np.add.at(sums, self.unit, features[self.rows])
        return Units(
            features=sums,
            strata=self.strata,
            reference=self.reference,
            group=self.group,
            windows=self.windows,
        )


def design_of(look: Look, *, seed: int) -> Design:
    """Return how the questions of a look may change places."""
    m, n = len(look.reference), len(look.recent)
    windows = tuple(each * BLOCK for each in WINDOWS if each * BLOCK <= n) or (n,)
    newest = min(n, windows[-1])
    rows = np.concatenate([np.arange(m), np.arange(m + n - newest, m + n)])
    return Design(
        rows=rows,
        unit=np.arange(len(rows)),
        strata=np.zeros(len(rows), np.int64),
        reference=m,
        blocks=False,
        windows=windows,
    )
