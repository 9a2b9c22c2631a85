"""What is watched: every signal of a check, in the order in which its findings are told.

A new signal is plugged in here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.checking import Reading, Seen, Signal
from monitoring.domain import DriftFinding, Look
from monitoring.judging import Sources, sample_and_judge
from monitoring.ports import RecallJudge
from monitoring.settings import DriftSettings
from monitoring.signals import answers, fit, live_recall, support, topics
from monitoring.traffic import MONTH

OfQuestions = Callable[[Look, float, DriftSettings], DriftFinding]


def of_questions() -> tuple[Signal, ...]:
    """Return the signals of the questions of a look: none is read where nobody asked since the last check."""
    return tuple(
        Signal(name=name, read=_reading(name, finding), of_questions=True)
        for name, finding in (
            (topics.NAME, topics.finding),
            (fit.NAME, fit.finding),
            (support.NAME, support.finding),
            (answers.REFUSALS, answers.refusals),
            (answers.RATINGS, answers.ratings),
        )
    )


def _reading(name: str, finding: OfQuestions) -> Callable[[Seen], Reading]:
    def read(seen: Seen) -> Reading:
        return Reading(findings=(finding(seen.look, seen.levels[name], seen.settings),))

    return read


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveRecall:
    """Live questions are drawn and judged, and their recall is read from all that were."""

    sources: Sources
    judge: RecallJudge | None

    def signal(self) -> Signal:
        """Return it as a signal."""
        return Signal(name=live_recall.NAME, read=self.read)

    def read(self, seen: Seen) -> Reading:
        """Draw from the questions that are new, have them judged, and say whether recall fell."""
        look, settings = seen.look, seen.settings
        new = look.recent.interactions[max(len(look.recent) - look.new, 0) :]
        sample_and_judge(
            new,
            self.sources,
            self.judge,
            tenant=look.tenant,
            per_day=look.run_length / (settings.false_alarm_months * MONTH),
            k=settings.recall_k,
            settings=settings,
            at=look.at,
        )
        since = look.reference_since or datetime(1970, 1, 1, tzinfo=UTC)
        sampled = live_recall.read_samples(self.sources.samples, tenant=look.tenant, since=since)
        found = live_recall.finding(
            sampled,
            k=settings.recall_k,
            level=seen.levels[live_recall.NAME],
            settings=settings,
            at=look.at,
        )
        return Reading(findings=(found,))
