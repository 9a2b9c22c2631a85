"""What is kept of a check, and shown of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from monitoring.domain import DriftReport, Look


class ReportRenderer(Protocol):
    """Keeps a comparison as a snapshot, and shows it."""

    def snapshot(self, report: DriftReport, look: Look | None, *, past: Sequence[DriftReport] = ()) -> str:
        """Return a snapshot, JSON text, of a report that has none yet; it holds no question's text.

        Args:
            report: what was found.
            look: what it was found in; None: there is nothing to draw.
            past: the tenant's reports before it, the newest first, without snapshots.
        """
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

    def newest(
        self, limit: int = 50, *, tenant: str | None = None, since: datetime | None = None
    ) -> list[DriftReport]:
        """Return the newest first, without their snapshots, which are large; of one tenant, made from then on."""
        ...
