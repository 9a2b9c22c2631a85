"""What a report is a reason for: whether to retrain now, and which questions are new. Pure; starts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.domain import DriftReport, DriftVerdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Whether to retrain, and why or why not."""

    fire: bool
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What follows from the report, with every reason; for people."""
        asked = "Retraining is asked for" if self.fire else "No retraining is asked for"
        return f"{asked}: {' '.join(self.reasons)}"


def should_retrain(
    report: DriftReport, *, earlier: Sequence[datetime] = (), cooldown: timedelta = timedelta(hours=24)
) -> Trigger:
    """Return whether to retrain: on drift with a cause that it cures, unless a candidate was made within `cooldown` before the report.

    `earlier` are the times when candidates were made, in any order. Drift that is seen again
    within `cooldown` is taken for the same drift; zero: never.
    """
    if report.verdict is not DriftVerdict.DRIFT:
        return Trigger(fire=False, reasons=(f"The check says: {report.verdict.replace('_', ' ')}.",))
    cured = [each for each in report.diagnoses if each.cured_by_retraining]
    if not cured:
        return Trigger(fire=False, reasons=("It would cure none of the causes.",))
    found = tuple(each.reason for each in cured)
    last = max(earlier, default=None)
    if last is not None and report.created_at - last < cooldown:
        hours = cooldown.total_seconds() / 3600
        waiting = (
            f"Drift, but the last candidate was made at {last.isoformat()}, less than {hours:g} hours before."
        )
        return Trigger(fire=False, reasons=(waiting, *found))
    return Trigger(fire=True, reasons=found)


def drifted_since(newest: DriftReport | None) -> datetime | None:
    """Return since when people ask about other things, by the newest report; None where it is calm."""
    if newest is None or newest.verdict is not DriftVerdict.DRIFT:
        return None
    return newest.current.since
