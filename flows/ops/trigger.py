"""Whether the alarms that stand ask for a retraining, given the candidates there are and the schedule."""

from datetime import timedelta

from flows.bootstrap import Doors
from monitoring.alarms.trigger import Made, Trigger
from retrain.bootstrap import RETRAIN_LEASE
from retrain.domain import Candidate, CandidateStatus


def retraining_trigger(doors: Doors, report_id: str) -> Trigger:
    """Return whether what stands after a report calls for retraining now, and why; NotFound without the report."""
    return doors.monitoring.trigger(
        report_id,
        made=[_made(each) for each in doors.retraining.candidates.newest(5)],
        # Asked, never taken: a retraining that takes it for its next step is not to meet a check there.
        running=doors.rag.stores.leases.held(RETRAIN_LEASE),
        cooldown=timedelta(hours=doors.schedule.retrain_cooldown_h),
    )


def _made(candidate: Candidate) -> Made:
    waits = candidate.status in (CandidateStatus.EVALUATED, CandidateStatus.APPROVED)
    return Made(id=candidate.id, at=candidate.created_at, waits=waits)
