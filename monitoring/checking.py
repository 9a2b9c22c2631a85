"""One whole check: gather, read the signals, say what is wrong, keep the report, and let alarms follow from it.

It may be killed anywhere and be repeated: what it was to look at counts as new until its report is stored and alarms
have followed. A signal that cannot be read says so in its finding, and the others count.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from monitoring.attribution import GoldenLoss
from monitoring.domain import (
    LEAST_RUN_LENGTH,
    Cause,
    Diagnosis,
    DriftFinding,
    DriftReport,
    DriftVerdict,
    Look,
    Remedy,
    Watched,
    Window,
)
from monitoring.ports import DriftReportStore, ReportRenderer
from monitoring.sequential.budget import levels
from monitoring.sequential.design import Design, design_of
from monitoring.settings import DriftSettings
from monitoring.signals.documents import DocumentChanges
from monitoring.signals.scanned import FEWEST_RECENT, untested
from rag.domain import new_id
from rag.errors import WhetstoneError
from rag.ports import Progress

log = logging.getLogger(__name__)

PAST = 60
"""Earlier checks whose figures are drawn in a report."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What signals are read from, beside what is their own."""

    look: Look
    levels: Mapping[str, float]  # signal -> the chance of a false alarm that this look may spend on it
    design: (
        Design | None
    )  # what of the look's questions may change places; None: there are too few to compare
    settings: DriftSettings
    progress: Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What signals say, and what else attribution is told of it."""

    findings: tuple[DriftFinding, ...]
    golden_recall: Mapping[str, float] = field(default_factory=dict)  # golden question's id -> recall@k now
    golden_loss: GoldenLoss | None = None
    changes: DocumentChanges | None = None
    keep: tuple[
        Callable[[], None], ...
    ] = ()  # writes what the next look has to know, once the report is stored

    def __add__(self, other: "Reading") -> "Reading":
        """Return both."""
        return Reading(
            findings=self.findings + other.findings,
            golden_recall={**self.golden_recall, **other.golden_recall},
            golden_loss=other.golden_loss or self.golden_loss,
            changes=other.changes or self.changes,
            keep=self.keep + other.keep,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One thing that is watched."""

    name: str  # of its finding, and of its share of the budget
    read: Callable[[Seen], Reading]
    of_questions: bool = False  # there is nothing to read where nobody asked since the last check


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What a check is made with. It knows no store of questions and no index: these belong to its parts."""

    gather: Callable[[datetime | None, Progress], Look]  # since when, where that is asked for
    signals: Sequence[Signal]
    attribute: Callable[[Reading, Look], tuple[Diagnosis, ...]]
    reports: DriftReportStore
    renderer: ReportRenderer
    follow: Callable[
        [DriftReport, datetime | None], object
    ]  # alarms, from a report and when its reference began
    completed: Callable[[Look], None]  # what it saw is not new any more
    settings: DriftSettings

    def run(self, *, encoder: str, release: str, progress: Progress) -> DriftReport:
        """Check once, keep the report, and let alarms follow; `encoder` and `release` are digests, of what serves."""
        look = self.gather(None, progress)
        reading = read_all(self.signals, look, self.settings, progress)
        report = self._report(reading, look, encoder=encoder, release=release, progress=progress)
        self.reports.add(report)
        for keep in reading.keep:
            keep()
        self.follow(report, look.reference_since)
        self.completed(look)
        return report

    def look(self, since: datetime, *, encoder: str, release: str, progress: Progress) -> DriftReport:
        """Return a report on what was asked since then; it is not kept, and nothing follows from it."""
        look = self.gather(since, progress)
        # What is not of questions knows no other moment than now.
        signals = [each for each in self.signals if each.of_questions]
        reading = read_all(signals, look, self.settings, progress)
        return self._report(reading, look, encoder=encoder, release=release, progress=progress)

    def _report(
        self, reading: Reading, look: Look, *, encoder: str, release: str, progress: Progress
    ) -> DriftReport:
        drift = any(each.verdict is DriftVerdict.DRIFT for each in reading.findings)
        if drift:
            progress(0, 0, "looking for causes")
        report = DriftReport(
            id=new_id(),
            tenant=look.tenant,
            verdict=verdict(reading.findings, look, self.settings),
            findings=reading.findings,
            encoder=encoder,
            release=release,
            reference=window("reference", look.reference, needed=self.settings.min_questions),
            current=window("recent", look.recent, needed=FEWEST_RECENT),
            snapshot="",
            new=look.new,
            run_length=look.run_length,
            # Where less is asked than that, the questions are more than so many months'.
            months=self.settings.false_alarm_months if look.run_length > LEAST_RUN_LENGTH else 0.0,
            diagnoses=self._diagnoses(reading, look) if drift else (),
            golden_recall=reading.golden_recall,
            created_at=look.at,
        )
        progress(0, 0, "drawing the report")
        return replace(report, snapshot=self._snapshot(report, look))

    def _diagnoses(self, reading: Reading, look: Look) -> tuple[Diagnosis, ...]:
        try:
            return self.attribute(reading, look) or (_unexplained("Nothing tells what changed."),)
        except Exception as error:
            log.exception("no cause could be looked for: %s", error)
            return (
                _unexplained(f"The cause could not be looked for ({type(error).__name__}; see the log)."),
            )

    def _snapshot(self, report: DriftReport, look: Look) -> str:
        try:
            past = self.reports.newest(PAST, tenant=report.tenant)
            return self.renderer.snapshot(report, look, past=past)
        except Exception as error:
            # A verdict without its page is worth more than none.
            log.exception("the report could not be drawn: %s", error)
            return ""


def read_all(signals: Sequence[Signal], look: Look, settings: DriftSettings, progress: Progress) -> Reading:
    """Return what all signals say, each on its own."""
    enough = len(look.reference) >= settings.min_questions and len(look.recent) > 0
    design = design_of(look, seed=settings.seed) if enough and look.new > 0 else None
    seen = Seen(look=look, levels=levels(look), design=design, settings=settings, progress=progress)
    wanted = [each for each in signals if look.new > 0 or not each.of_questions]
    reading = Reading(findings=())
    for done, signal in enumerate(wanted):
        progress(done, len(wanted), f"reading signals\n{signal.name}")
        try:
            reading += signal.read(seen)
        except WhetstoneError as error:
            log.info("signal %s could not be read: %s", signal.name, error)
            reading += _unread(signal.name, look, str(error))
        except Exception as error:
            log.exception("signal %s could not be read: %s", signal.name, error)
            # What is not ours may hold anything; its text belongs in the log alone.
            reading += _unread(signal.name, look, f"{type(error).__name__}; see the log")
    progress(len(wanted), len(wanted), "reading signals")
    return reading


def verdict(findings: Sequence[DriftFinding], look: Look, settings: DriftSettings) -> DriftVerdict:
    """Return drift where any signal says so; else whether there was enough to look at, and anything new."""
    if any(each.verdict is DriftVerdict.DRIFT for each in findings):
        return DriftVerdict.DRIFT
    if len(look.reference) < settings.min_questions:
        return DriftVerdict.NOT_ENOUGH_DATA
    if look.new <= 0:
        return DriftVerdict.NOTHING_NEW
    of_topics = next((each for each in findings if each.name == "topics"), None)
    if of_topics is not None and of_topics.verdict is DriftVerdict.NOT_ENOUGH_DATA:
        return DriftVerdict.NOT_ENOUGH_DATA
    return DriftVerdict.CALM


def window(name: str, watched: Watched, *, needed: int = 0) -> Window:
    """Return which questions these are, and how many a verdict takes."""
    asked = watched.asked_at
    return Window(
        name=name,
        since=datetime.fromtimestamp(float(asked.min()), UTC) if len(asked) else None,
        until=datetime.fromtimestamp(float(asked.max()), UTC) if len(asked) else None,
        count=len(watched),
        language_unknown=int(watched.language_unknown.sum()),
        needed=needed,
    )


def _unread(name: str, look: Look, why: str) -> Reading:
    counts = len(look.reference), len(look.recent)
    reason = f"It could not be read: {why.rstrip('.')}."
    return Reading(findings=(untested(name, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=counts),))


def _unexplained(reason: str) -> Diagnosis:
    return Diagnosis(
        cause=Cause.UNKNOWN,
        remedy=Remedy.LOOK,
        sureness=0.0,
        reason=reason,
        action="Look at the newest questions and at what was changed lately: `whetstone questions`.",
    )
