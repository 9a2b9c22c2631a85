"""Alarms as people and checks change them: read what stands, decide, write it down with who did it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from monitoring.alarms.following import Changes, follow
from monitoring.domain import Alarm, AlarmEnd, DriftReport
from monitoring.ports import AlarmStore
from rag.domain import AuditEntry, utcnow
from rag.errors import Conflict, InvalidInput
from rag.ports import AuditLog

ASKED_FOR = "asked for"
"""What stands for a retraining whose candidate there is not yet."""

_PAST = 50
"""Ended alarms that are looked at: whether somebody has settled a cause already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarms:
    """Opens, confirms and ends them."""

    store: AlarmStore
    audit: AuditLog
    alike: Callable[[str], bool]  # whether a release is the live one, calibrations aside

    def follow(self, report: DriftReport, began: datetime | None) -> Changes:
        """Let a report open, confirm and end alarms; a report that is followed twice changes nothing more.

        `began` is when its reference did.
        """
        tenant = report.tenant
        known = {each.id: each for each in self.store.newest(_PAST, tenant=tenant)}
        known |= {each.id: each for each in self.store.standing(tenant=tenant)}
        changes = follow(report, list(known.values()), alike=self.alike, began=began)
        # What ends goes first: one alarm for one cause.
        for alarm in (*changes.ended, *changes.confirmed):
            self.store.change(alarm.id, partial(_as_followed, alarm))
        opened = []
        for alarm in changes.opened:
            try:
                self.store.add(alarm)
            except Conflict:
                continue  # another check has opened it meanwhile
            opened.append(alarm)
        return replace(changes, opened=tuple(opened))

    def acknowledge(self, alarm_id: str, *, tenant: str, principal: str, comment: str = "") -> Alarm:
        """Write that somebody knows of an alarm; return it as it is then.

        Raises:
            NotFound: there is none of that id.
            Conflict: it has ended.
        """

        def known(alarm: Alarm) -> Alarm:
            return replace(
                _standing(alarm),
                acknowledged_by=principal,
                acknowledged_at=utcnow(),
                comment=comment or alarm.comment,
            )

        return self._by_person(alarm_id, tenant, known, principal, "acknowledge alarm", comment)

    def end(self, alarm_id: str, *, tenant: str, principal: str, comment: str) -> Alarm:
        """End an alarm by a person's word; return it as it is then.

        Its cause stays silent until a promotion or until the reference is taken anew; where it is a fact that stays
        wrong (index, encoder, documents, golden questions), for a day.

        Raises:
            NotFound: there is none of that id.
            Conflict: it has ended.
            InvalidInput: the comment is empty: whoever comes next wants to know why.
        """
        if not comment.strip():
            raise InvalidInput("Say in a comment why the alarm ends.")

        def ended(alarm: Alarm) -> Alarm:
            return replace(
                _standing(alarm),
                ended_at=utcnow(),
                ended_by=AlarmEnd.PERSON,
                ended_who=principal,
                comment=comment,
            )

        return self._by_person(alarm_id, tenant, ended, principal, "end alarm", comment)

    def retraining(self, alarm_ids: Sequence[str], what: str = ASKED_FOR) -> None:
        """Write that a retraining was started for alarms, or which candidate came of it; those that ended are left."""

        def started(alarm: Alarm) -> Alarm:
            if not alarm.standing:
                return alarm
            return replace(alarm, retraining=what, retraining_at=alarm.retraining_at or utcnow())

        for each in alarm_ids:
            self.store.change(each, started)

    def _by_person(
        self,
        alarm_id: str,
        tenant: str,
        to: Callable[[Alarm], Alarm],
        principal: str,
        action: str,
        comment: str,
    ) -> Alarm:
        alarm = self.store.change(self.store.get(alarm_id, tenant=tenant).id, to)
        detail = {"cause": alarm.cause.value, "tenant": alarm.tenant, "comment": comment}
        self.audit.add(
            AuditEntry(at=utcnow(), principal=principal, action=action, subject=alarm.id, detail=detail)
        )
        return alarm


def _standing(alarm: Alarm) -> Alarm:
    if not alarm.standing:
        raise Conflict(f"Alarm {alarm.id[:8]} has ended already, on {alarm.ended_at:%Y-%m-%d %H:%M}.")
    return alarm


def _as_followed(followed: Alarm, present: Alarm) -> Alarm:
    """Return an alarm as a report leaves it, with what people said of it meanwhile."""
    if not present.standing:
        return present
    return replace(
        followed,
        acknowledged_by=present.acknowledged_by,
        acknowledged_at=present.acknowledged_at,
        comment=present.comment,
        retraining=present.retraining,
        retraining_at=present.retraining_at,
    )
