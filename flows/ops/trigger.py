"""Whether a drift report asks for a retraining, given the candidates there are and the schedule."""

from datetime import timedelta

from flows.bootstrap import Doors
from monitoring.trigger import Trigger


def retraining_trigger(doors: Doors, report_id: str) -> Trigger:
    """Return whether a drift report calls for retraining now, and why; NotFound where there is no such report."""
    return doors.monitoring.trigger(
        report_id,
        earlier=[candidate.created_at for candidate in doors.retraining.candidates.newest(5)],
        cooldown=timedelta(hours=doors.schedule.retrain_cooldown_h),
    )
