"""What monitoring needs from the outside, as Protocols."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftReport, PastRecall, Window
from rag.ports import Vectors


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WindowSample:
    """What was measured on a window's n questions, in their order; no question's text."""

    vectors: Vectors  # shape (n, dimension), in the fixed encoder
    top_scores: NDArray[np.float64] | None  # cosine of each question's best passage, (n,); None: no passages
    hit_at_k: NDArray[np.float64]  # 1 hit, 0 miss, nan not labelled, (n,)


class ReportRenderer(Protocol):
    """Keeps a comparison as a snapshot, and shows it."""

    def snapshot(
        self,
        findings: Sequence[DriftFinding],
        reference: Window,
        current: Window,
        *,
        reference_sample: WindowSample | None = None,
        current_sample: WindowSample | None = None,
    ) -> str:
        """Return a snapshot, JSON text; with plots where both samples are given."""
        ...

    def html(self, snapshot: str) -> str:
        """Return a snapshot as one self-contained page; IntegrityError where it is none."""
        ...


class DriftReportStore(Protocol):
    """Drift reports."""

    def add(self, report: DriftReport) -> None:
        """Write one."""
        ...

    def get(self, report_id: str) -> DriftReport:
        """Return one by its id or a prefix that fits one alone.

        Raises:
            NotFound: none fits.
            InvalidInput: several fit.
        """
        ...

    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[DriftReport]:
        """Return the newest first."""
        ...

    def recalls(
        self, *, tenant: str, releases: Collection[str] | None = None, newest_first: bool = False
    ) -> Iterator[PastRecall]:
        """Yield the golden recall of every report that has any, oldest first unless said otherwise.

        Nothing else of a report is read, and no more reports than are taken.

        Args:
            tenant: whose reports.
            releases: digests, one of which was the live release's; None: any.
            newest_first: the other way round.
        """
        ...
