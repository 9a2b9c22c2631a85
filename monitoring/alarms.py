"""What stands: alarms open, are confirmed and end as reports, people and promotions say. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.domain import (
    Alarm,
    AlarmEnd,
    Cause,
    Diagnosis,
    DriftFinding,
    DriftReport,
    DriftVerdict,
    Topic,
)
from rag.domain import new_id

FACTS = frozenset({Cause.INDEX_BROKEN, Cause.ENCODER_BROKEN, Cause.DOCUMENTS_CHANGED, Cause.RELEASE_WORSE})
"""Causes that are right or wrong at each check by themselves, so that they end when what was wrong is right again."""

SECONDARY = 0.5
"""How sure a cause has to be, beside the first one of a report, to be an alarm of its own."""

OVERLAP = 0.3
"""Share of the questions, or of the words, by which two topics are taken for one."""

REMINDER = timedelta(days=1)
"""After a person ended an alarm on a fact, as long is it left alone while the fact stays wrong."""

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
    standing = [each for each in alarms if each.standing]
    ended = [
        _ended(each, report.created_at, AlarmEnd.PROMOTION, report.release)
        for each in standing
        if not alike(each.release)
    ]
    findings = {each.name: each for each in report.findings}
    open_ = [each for each in standing if alike(each.release)]
    kept: list[Alarm] = []
    opened: list[Alarm] = []
    left = list(open_)
    quiet = [each for each in alarms if not each.standing and alike(each.release)]
    for place, diagnosis in enumerate(report.diagnoses):
        signals = _signals(diagnosis, report.findings)
        known = _known(diagnosis, signals, left, report.diagnoses)
        if known is not None:
            left.remove(known)
            kept.append(_confirmed(known, diagnosis, signals, report))
            continue
        sure = place == 0 or diagnosis.sureness >= SECONDARY
        known_now = any(each.cause is diagnosis.cause for each in [*kept, *opened])
        if sure and not known_now and not _silenced(diagnosis, signals, quiet, report, began):
            opened.append(_opened(diagnosis, signals, report))
    for each in left:
        if _cured(each, findings, report):
            ended.append(_ended(each, report.created_at, AlarmEnd.REMEDY, ""))
    return Changes(opened=tuple(opened), confirmed=tuple(kept), ended=tuple(ended))


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
        if set(alarm.signals).intersection(signals) and _one_topic(alarm.diagnosis, diagnosis):
            return alarm
    return None


def _one_topic(before: Diagnosis, now: Diagnosis) -> bool:
    """Tell whether two diagnoses may be about the same topics; where one names none, they may."""
    if not before.topics or not now.topics:
        return True
    return any(_overlap(one, other) >= OVERLAP for one in before.topics for other in now.topics)


def _overlap(one: Topic, other: Topic) -> float:
    """Return the share of questions, or of words where those are others by now, that two topics have in common."""

    def share(left: set[str], right: set[str]) -> float:
        return len(left & right) / min(len(left), len(right)) if left and right else 0.0

    return max(share(set(one.interactions), set(other.interactions)), share(set(one.words), set(other.words)))


def _silenced(
    diagnosis: Diagnosis,
    signals: tuple[str, ...],
    quiet: Sequence[Alarm],
    report: DriftReport,
    began: datetime | None,
) -> bool:
    """Tell whether somebody, or a remedy, has settled this already, under this release and this reference."""
    for alarm in quiet:
        if alarm.ended_at is None or alarm.ended_by is AlarmEnd.PROMOTION:
            continue
        if diagnosis.cause in FACTS:
            left_alone = report.created_at - alarm.ended_at < REMINDER
            if alarm.ended_by is AlarmEnd.PERSON and alarm.cause is diagnosis.cause and left_alone:
                return True
            continue
        if alarm.cause in FACTS or (began is not None and alarm.ended_at < began):
            continue
        by_word = alarm.ended_by is AlarmEnd.PERSON and alarm.cause is diagnosis.cause
        # Documents came: what people ask stays new to the reference, and is no trouble any more.
        settled = diagnosis.cause in (Cause.UNKNOWN, Cause.OLD_TOPIC)
        if by_word or (settled and set(alarm.signals).intersection(signals)):
            return True
    return False


def _cured(alarm: Alarm, findings: dict[str, DriftFinding], report: DriftReport) -> bool:
    """Tell whether what was wrong is right again, as far as its signals could be read."""

    def calm(names: Sequence[str]) -> bool:
        read = [findings[name] for name in names if name in findings]
        return bool(read) and all(each.verdict is DriftVerdict.CALM for each in read)

    if alarm.cause in FACTS:
        return calm(alarm.signals)
    if alarm.cause is Cause.DOCUMENTS_MISSING and report.new > 0:
        return calm([name for name in alarm.signals if name in _ANSWERS])
    return False


_SIGNALS = {
    Cause.INDEX_BROKEN: ("index",),
    Cause.ENCODER_BROKEN: ("canaries",),
    Cause.DOCUMENTS_CHANGED: ("documents", "golden_recall"),
    Cause.RELEASE_WORSE: ("golden_recall", "live_recall"),
}
"""Cause -> how the names of the findings begin that can say so; every other cause: all that say drift but these."""


def _signals(diagnosis: Diagnosis, findings: Sequence[DriftFinding]) -> tuple[str, ...]:
    """Return the names of the findings that say what is diagnosed."""
    drifted = [each.name for each in findings if each.verdict is DriftVerdict.DRIFT]
    wanted = _SIGNALS.get(diagnosis.cause)
    if wanted is not None:
        own = [name for name in drifted if name.startswith(wanted)]
    else:
        own = [name for name in drifted if not name.startswith(("index", "canaries", "golden_recall"))]
    return tuple(own or drifted)


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
    return replace(
        seen,
        cause=diagnosis.cause,
        remedy=diagnosis.remedy,
        sentence=diagnosis.reason,
        action=diagnosis.action,
        diagnosis=diagnosis,
    )


def _ended(alarm: Alarm, at: datetime, by: AlarmEnd, who: str) -> Alarm:
    return replace(alarm, ended_at=at, ended_by=by, ended_who=who)
