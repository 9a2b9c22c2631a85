"""Distinct questions as a check sees them: the frozen reference, and the newest."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rag.ports import Vectors

BLOCK = 25
"""Consecutive distinct questions that join the reference, leave it, or change places in a test together."""

MONTH = 30.44
"""Days of a month, on average: a check is held to months, and counts questions."""

LEAST_RUN_LENGTH = 1_000.0
"""Distinct questions to a false alarm, at the least, however few are asked: with fewer no change could be found."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Watched:
    """n distinct questions in the order in which they were asked. Shapes are (n,) where nothing else is said."""

    interactions: tuple[str, ...]  # ids
    positions: NDArray[np.int64]  # in the sequence of the tenant's distinct questions, from 1; grow
    asked_at: NDArray[np.float64]  # seconds since 1970, UTC
    vectors: Vectors  # (n, dimension), in the fixed encoder, unit length
    best: NDArray[
        np.float64
    ]  # cosine to the nearest passage of the sample of today; nan: there is no passage
    support: NDArray[np.float64]  # as it was logged; nan: not judged
    refused: NDArray[np.float64]  # 1: the documents did not say, 0: answered; nan: neither
    rating: NDArray[np.float64]  # 1 good, -1 bad; nan: nobody said
    language_unknown: NDArray[np.bool_]
    words: NDArray[np.float64]  # number of words
    share: NDArray[
        np.float64
    ]  # share of its words that are in no passage of the sample; nan: none was looked up
    found: Vectors | None = (
        None  # (n, dimension), mean of the nearest passages' vectors; None: there are none
    )

    def __len__(self) -> int:
        return len(self.interactions)

    def pick(self, at: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Watched":
        """Return the questions at these places, in their order."""
        rows = np.arange(len(self))[at]
        return Watched(
            interactions=tuple(self.interactions[row] for row in rows),
            positions=self.positions[rows],
            asked_at=self.asked_at[rows],
            vectors=self.vectors[rows],
            best=self.best[rows],
            support=self.support[rows],
            refused=self.refused[rows],
            rating=self.rating[rows],
            language_unknown=self.language_unknown[rows],
            words=self.words[rows],
            share=self.share[rows],
            found=None if self.found is None else self.found[rows],
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Look:
    """What one check looks at."""

    tenant: str
    at: datetime
    reference: Watched  # frozen
    recent: Watched  # the newest, after the reference, oldest first
    new: int  # of `recent`, the last so many came since the last check
    run_length: float  # distinct questions to a false alarm, on average, that the check is held to
    reference_since: (
        datetime | None
    )  # when the reference began: a promotion, a person's word, or the first question
    reset_by: str  # what began it: "promotion", "person" or "start"
