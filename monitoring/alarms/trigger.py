"""Whether an alarm starts a retraining now, and why or why not. Pure; starts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.domain import Alarm, DriftReport, DriftVerdict, Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A candidate that was made."""

    id: str
    at: datetime
    waits: bool  # for a person's decision, or for its promotion


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Whether to retrain, and why or why not."""

    fire: bool
    reasons: tuple[str, ...]
    alarms: tuple[str, ...] = ()  # ids of those it is for

    @property
    def sentence(self) -> str:
        """What follows from the report, with every reason; for people."""
        asked = "Retraining is asked for" if self.fire else "No retraining is asked for"
        return f"{asked}: {' '.join(self.reasons)}"


def should_retrain(
    report: DriftReport,
    alarms: Sequence[Alarm],
    *,
    tenant: str | None = None,
    made: Sequence[Made] = (),
    running: bool = False,
    cooldown: timedelta = timedelta(hours=12),
) -> Trigger:
    """Return whether to retrain: for each standing alarm that a retraining cures, once.

    A retraining that was started for an alarm counts whatever became of it: the alarm then stands until a promotion or
    a person ends it. No second one is started while one runs, while a candidate made since the alarm opened waits for
    a decision, or within `cooldown` after the last candidate.

    Args:
        report: the one that is asked about.
        alarms: those that stand for its tenant, as it left them.
        tenant: whose questions a retraining learns from; alarms of others start none. None: of all.
        made: the newest candidates, in any order.
        running: whether a retraining is under way.
        cooldown: zero: never wait.
    """
    if not alarms:
        return Trigger(fire=False, reasons=(_without_alarm(report),))
    if tenant is not None and report.tenant != tenant:
        whose = f"it learns from questions of tenant {tenant!r}, and this check is of {report.tenant!r}."
        return Trigger(fire=False, reasons=(whose,))
    wanting = [each for each in alarms if each.wants_retraining]
    others = tuple(_why_not(each) for each in alarms if not each.wants_retraining)
    if not wanting:
        return Trigger(fire=False, reasons=others)
    reasons = tuple(each.sentence for each in wanting)
    held = _held(wanting, made, running=running, now=report.created_at, cooldown=cooldown)
    if held:
        return Trigger(fire=False, reasons=(held, *reasons, *others))
    return Trigger(fire=True, reasons=(*reasons, *others), alarms=tuple(each.id for each in wanting))


def _without_alarm(report: DriftReport) -> str:
    said = {
        DriftVerdict.CALM: "no alarm stands, and the check is calm.",
        DriftVerdict.NOTHING_NEW: "no alarm stands, and nobody asked anything new.",
        DriftVerdict.NOT_ENOUGH_DATA: "no alarm stands, and there is not enough data for a verdict.",
    }
    return said.get(report.verdict, "what the check found was settled before, so that no alarm stands.")


def _why_not(alarm: Alarm) -> str:
    if alarm.remedy is not Remedy.RETRAIN:
        return f"it does not cure alarm {alarm.id[:8]} ({alarm.cause.replace('_', ' ')})."
    at = f" at {alarm.retraining_at:%Y-%m-%d %H:%M}" if alarm.retraining_at else ""
    return (
        f"One was started{at} for alarm {alarm.id[:8]} ({alarm.cause.replace('_', ' ')}). The next one follows a "
        "promotion, or `whetstone retrain` by hand."
    )


def _held(
    wanting: Sequence[Alarm], made: Sequence[Made], *, running: bool, now: datetime, cooldown: timedelta
) -> str:
    """Return what keeps a retraining from being started now; empty: nothing."""
    if running:
        return "One is under way."
    since = min(each.opened_at for each in wanting)
    waiting = next((each for each in made if each.waits and each.at >= since), None)
    if waiting is not None:
        return f"Candidate {waiting.id[:8]} waits for a decision: `whetstone candidates`."
    last = max((each.at for each in made), default=None)
    if last is not None and now - last < cooldown:
        hours = cooldown.total_seconds() / 3600
        return f"The last candidate was made at {last:%Y-%m-%d %H:%M}, less than {hours:g} hours before."
    return ""
