"""Drift reports as Evidently snapshots: our signals inside one Evidently report, HTML on request.

Evidently's own embedding drift methods are not calibrated for question embeddings
(``benchmarks/drift.py`` shows it); the statistics, levels and tests in the snapshot are ours.
"""

import json
import os
from collections.abc import Sequence
from types import ModuleType

from typing_extensions import override

from monitoring.domain import DriftReport, Look
from monitoring.ports import ReportRenderer
from rag.errors import IntegrityError


class EvidentlyRenderer(ReportRenderer):
    """A `ReportRenderer`. Importing Evidently takes seconds, so only a call does it."""

    @override
    def snapshot(self, report: DriftReport, look: Look | None, *, past: Sequence[DriftReport] = ()) -> str:
        """Make a snapshot as the port says; it holds no question's text, but words that topics are told by."""
        return str(_metrics().run(report, look, past).dumps())

    @override
    def html(self, snapshot: str) -> str:
        try:
            # Evidently writes the strings into a script element as they are; nothing in them may close it, nor keep it
            # from being closed, as "<!--<script>" does.
            content = json.loads(snapshot.replace("</", "< /").replace("<!--", "<! --"))
        except json.JSONDecodeError as error:
            raise IntegrityError(
                f"Expected an Evidently snapshot, got text that is no JSON: {error}"
            ) from error
        return str(_metrics().parse(content).get_html_str(as_iframe=False))


def _metrics() -> ModuleType:
    """Return the module that imports Evidently, which reads ``DO_NOT_TRACK`` as it is imported."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from monitoring.adapters.evidently import metrics

    return metrics
