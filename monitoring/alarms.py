"""Alarms follow from reports: one for one cause, until something ends it."""

from dataclasses import dataclass, replace

from monitoring.domain import Alarm, AlarmEnd, Diagnosis, DriftReport, DriftVerdict
from monitoring.ports import AlarmStore
from monitoring.telling import name_of
from rag.domain import new_id, utcnow
from rag.errors import Conflict


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarms:
    """Opens, confirms and ends them."""

    store: AlarmStore

    def follow(self, report: DriftReport) -> None:
        """Open an alarm for each new cause of a report, and confirm those that stand."""
        standing = {each.cause: each for each in self.store.standing(tenant=report.tenant)}
        for diagnosis in report.diagnoses:
            known = standing.get(diagnosis.cause)
            if known is None:
                self.store.add(_opened(report, diagnosis))
            else:
                self.store.put(replace(known, last_report=report.id, diagnosis=diagnosis))

    def acknowledge(self, alarm_id: str, *, tenant: str, principal: str, comment: str = "") -> Alarm:
        """Write that somebody knows of an alarm; return it as it is then.

        Raises:
            NotFound: there is none of that id.
            Conflict: it has ended.
        """
        alarm = self._standing(alarm_id, tenant)
        known = replace(
            alarm, acknowledged_by=principal, acknowledged_at=utcnow(), comment=comment or alarm.comment
        )
        self.store.put(known)
        return known

    def end(self, alarm_id: str, *, tenant: str, principal: str, comment: str) -> Alarm:
        """End an alarm by a person's word; return it as it is then.

        Raises:
            NotFound: there is none of that id.
            Conflict: it has ended.
        """
        alarm = self._standing(alarm_id, tenant)
        ended = replace(
            alarm, ended_at=utcnow(), ended_by=AlarmEnd.PERSON, ended_who=principal, comment=comment
        )
        self.store.put(ended)
        return ended

    def _standing(self, alarm_id: str, tenant: str) -> Alarm:
        alarm = self.store.get(alarm_id, tenant=tenant)
        if not alarm.standing:
            raise Conflict(f"alarm {alarm.id[:8]} has ended already, on {alarm.ended_at:%Y-%m-%d %H:%M}")
        return alarm


def _opened(report: DriftReport, diagnosis: Diagnosis) -> Alarm:
    name = name_of(diagnosis)
    return Alarm(
        id=new_id(),
        tenant=report.tenant,
        cause=diagnosis.cause,
        remedy=diagnosis.remedy,
        signals=tuple(each.name for each in report.findings if each.verdict is DriftVerdict.DRIFT),
        report=report.id,
        last_report=report.id,
        since=report.current.since or report.created_at,
        sentence=f"{name[0].upper()}{name[1:]}.",
        action=diagnosis.action,
        diagnosis=diagnosis,
        opened_at=report.created_at,
    )
