"""What stands: alarms open, are confirmed and end as reports, people and promotions say. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.alarms.troubles import FACTS, GOLDEN, PARTS, SETTLED, one_topic, shared, signals_of
from monitoring.domain import (
    Alarm,
    AlarmEnd,
    Cause,
    Diagnosis,
    DriftFinding,
    DriftReport,
    DriftVerdict,
)
from rag.domain import new_id

SECONDARY = 0.5
"""How sure a cause has to be, beside the first one of a report, to be an alarm of its own."""

MOST = 0.5
"""Share of a diagnosis's questions that have to be of topics somebody has settled, for it to be settled as well."""

NEVER_RIGHT = frozenset({Cause.INDEX_BROKEN, Cause.ENCODER_BROKEN})
"""Facts of which nobody can say that they are as they should be."""

REMINDER = timedelta(days=1)
"""After a person ended an alarm on such a fact, as long is it left alone while it stays wrong."""

RIGHT_AGAIN = 0.1
"""p-value from which on a test counts as one that sees nothing any more.

That a check is calm is too little: its level follows from how much was asked since the last one, so that the same
evidence is drift today and calm an hour later.
"""

_ANSWERS = frozenset({"fit", "support", "refusals", "ratings"})
"""Signals that become calm once documents are there; what people ask about stays new."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What a report does to the alarms of its tenant."""

    opened: tuple[Alarm, ...] = ()
    confirmed: tuple[Alarm, ...] = ()  # those that stand, as the report leaves them
    ended: tuple[Alarm, ...] = ()


def follow(
    report: DriftReport,
    alarms: Sequence[Alarm],
    *,
    alike: Callable[[str], bool],
    began: datetime | None,
) -> Changes:
    """Return what opens, what is confirmed, and what ends by a report.

    One alarm stands for one cause. Where the diagnosis of the same trouble changes, the alarm stays and its cause
    changes: trouble is the same where both share a signal and, as far as topics are known, the topics.

    Args:
        report: the newest.
        alarms: of its tenant: those that stand, and the newest of those that ended.
        alike: whether a release's digest is that of the live one, calibrations aside.
        began: when the reference began that the report compares with; None: there is none.
    """
    findings = {each.name: each for each in report.findings}
    told = [(each, signals_of(each, report)) for each in report.diagnoses]
    standing = [each for each in alarms if each.standing]
    served = [each for each in standing if alike(each.release)]
    promoted = [each for each in standing if not alike(each.release)]
    cured = [each for each in served if _cured(each, told, findings, report)]
    ended = [_ended(each, report.created_at, AlarmEnd.PROMOTION, report.release) for each in promoted]
    remedied = [_ended(each, report.created_at, AlarmEnd.REMEDY, "") for each in cured]
    quiet = [*(each for each in alarms if not each.standing and alike(each.release)), *remedied]

    left = [each for each in served if each not in cured]
    kept: list[Alarm] = []
    opened: list[Alarm] = []
    for place, (diagnosis, signals) in enumerate(told):
        known = _known(diagnosis, signals, left, report.diagnoses)
        if known is not None:
            left.remove(known)
            kept.append(_confirmed(known, diagnosis, signals, report))
        elif not (_joined(kept, diagnosis.cause, signals) or _joined(opened, diagnosis.cause, signals)):
            sure = place == 0 or diagnosis.sureness >= SECONDARY
            if sure and not _silenced(diagnosis, signals, quiet, report, began):
                opened.append(_opened(diagnosis, signals, report))
    return Changes(opened=tuple(opened), confirmed=tuple(kept), ended=(*ended, *remedied))


def _joined(alarms: list[Alarm], cause: Cause, signals: tuple[str, ...]) -> bool:
    """Add signals to the alarm of that cause, in place; False where there is none."""
    for place, alarm in enumerate(alarms):
        if alarm.cause is cause:
            alarms[place] = replace(alarm, signals=tuple(dict.fromkeys((*alarm.signals, *signals))))
            return True
    return False


def _known(
    diagnosis: Diagnosis, signals: tuple[str, ...], left: Sequence[Alarm], all_: Sequence[Diagnosis]
) -> Alarm | None:
    """Return the standing alarm that a diagnosis is about; None where it is another trouble."""
    same = next((each for each in left if each.cause is diagnosis.cause), None)
    if same is not None or diagnosis.cause in FACTS:
        return same
    named = {each.cause for each in all_}
    for alarm in left:
        if alarm.cause in FACTS or alarm.cause in named:
            continue
        if set(alarm.signals).intersection(signals) and one_topic(alarm.diagnosis, diagnosis):
            return alarm
    return None


def _silenced(
    diagnosis: Diagnosis,
    signals: tuple[str, ...],
    quiet: Sequence[Alarm],
    report: DriftReport,
    began: datetime | None,
) -> bool:
    """Tell whether somebody, or a remedy, has settled this already, under this release and this reference."""
    if _measured_anew(diagnosis, signals):
        return False
    for alarm in quiet:
        if alarm.ended_at is None or alarm.ended_by is AlarmEnd.PROMOTION:
            continue
        by_word = alarm.ended_by is AlarmEnd.PERSON
        if diagnosis.cause in NEVER_RIGHT:
            if by_word and alarm.cause is diagnosis.cause and report.created_at - alarm.ended_at < REMINDER:
                return True
            continue
        if began is not None and alarm.ended_at < began:
            continue
        if by_word and alarm.cause is diagnosis.cause:
            return True
        if diagnosis.cause in FACTS or alarm.cause in FACTS or not set(alarm.signals).intersection(signals):
            continue
        # The same questions under another name are no other trouble.
        blank = not alarm.diagnosis.topics or not diagnosis.topics
        same = shared(alarm.diagnosis, diagnosis) >= MOST
        if (same and by_word) or ((same or blank) and diagnosis.cause in SETTLED):
            return True
    return False


def _measured_anew(diagnosis: Diagnosis, signals: tuple[str, ...]) -> bool:
    """Tell whether a loss is measured against what a person accepted, so that it is a further one."""
    if diagnosis.cause in NEVER_RIGHT:
        return False
    return any(name.startswith(GOLDEN) for name in signals)


def _cured(
    alarm: Alarm,
    told: Sequence[tuple[Diagnosis, tuple[str, ...]]],
    findings: dict[str, DriftFinding],
    report: DriftReport,
) -> bool:
    """Tell whether what was wrong is right again, as far as its signals could be read."""

    def right(names: Sequence[str]) -> bool:
        read = [findings[name] for name in names if name in findings]
        return bool(read) and all(map(_right, read))

    if any(each.cause is alarm.cause for each, _ in told):
        return False
    if alarm.cause in FACTS or all(name.startswith(PARTS) for name in alarm.signals):
        return right(alarm.signals)
    if alarm.cause is not Cause.DOCUMENTS_MISSING or report.new <= 0:
        return False
    # Where the documents are there by now and are not found, it is the same trouble with another cause.
    goes_on = any(
        each.cause not in SETTLED
        and each.cause not in FACTS
        and set(alarm.signals).intersection(signals)
        and one_topic(alarm.diagnosis, each)
        for each, signals in told
    )
    # Documents that came may have had support calibrated anew: it is then compared with nothing, while others tell.
    return not goes_on and right(
        [
            name
            for name in alarm.signals
            if name in _ANSWERS
            and name in findings
            and findings[name].verdict is not DriftVerdict.NOT_ENOUGH_DATA
        ]
    )


def _right(finding: DriftFinding) -> bool:
    seen = finding.p_value is not None and finding.p_value < RIGHT_AGAIN
    return finding.verdict is DriftVerdict.CALM and not seen


def _opened(diagnosis: Diagnosis, signals: tuple[str, ...], report: DriftReport) -> Alarm:
    return Alarm(
        id=new_id(),
        tenant=report.tenant,
        release=report.release,
        cause=diagnosis.cause,
        remedy=diagnosis.remedy,
        signals=signals,
        report=report.id,
        last_report=report.id,
        since=report.current.since or report.created_at,
        sentence=diagnosis.reason,
        action=diagnosis.action,
        diagnosis=diagnosis,
        opened_at=report.created_at,
    )


def _confirmed(alarm: Alarm, diagnosis: Diagnosis, signals: tuple[str, ...], report: DriftReport) -> Alarm:
    """Return the alarm with what the report says of it; a less sure diagnosis replaces none of another cause."""
    seen = replace(alarm, last_report=report.id, signals=tuple(dict.fromkeys((*alarm.signals, *signals))))
    if diagnosis.cause is not alarm.cause and (
        alarm.cause is not Cause.UNKNOWN and diagnosis.sureness <= alarm.diagnosis.sureness
    ):
        return seen
    was = alarm.was
    if diagnosis.cause is not alarm.cause:
        was = (*(each for each in was if each not in (alarm.cause, diagnosis.cause)), alarm.cause)
    return replace(
        seen,
        cause=diagnosis.cause,
        remedy=diagnosis.remedy,
        was=was,
        sentence=diagnosis.reason + _taken_for(was),
        action=diagnosis.action,
        diagnosis=diagnosis,
    )


def _taken_for(causes: Sequence[Cause]) -> str:
    """Return a sentence on what an alarm was taken for before; empty where it was always taken for the same."""
    named = " and then ".join(f'"{each.replace("_", " ")}"' for each in causes)
    return f" This alarm was taken for {named} before." if named else ""


def _ended(alarm: Alarm, at: datetime, by: AlarmEnd, who: str) -> Alarm:
    return replace(alarm, ended_at=at, ended_by=by, ended_who=who)
