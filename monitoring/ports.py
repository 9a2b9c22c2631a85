"""What monitoring needs from the outside, as Protocols."""

from collections.abc import Sequence
from typing import Protocol

from monitoring.domain import DriftFinding, DriftReport, Window


class ReportRenderer(Protocol):
    """Keeps a comparison as a snapshot, and shows it."""

    def snapshot(self, findings: Sequence[DriftFinding], reference: Window, current: Window) -> str:
        """Make a snapshot, JSON text."""
        ...

    def html(self, snapshot: str) -> str:
        """Render a snapshot as one self-contained page.

        Raises:
            IntegrityError: it is not a snapshot.
        """
        ...


class DriftReportStore(Protocol):
    """Drift reports."""

    def add(self, report: DriftReport) -> None:
        """Write one."""
        ...

    def get(self, report_id: str) -> DriftReport:
        """Give one by its id or a prefix that fits one alone.

        Raises:
            NotFound: none fits.
            InvalidInput: several fit.
        """
        ...

    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[DriftReport]:
        """Give the newest first."""
        ...
