"""What is watched: every signal of a check, in the order in which its findings are told.

A new signal is plugged in here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from monitoring.attribution import GoldenLoss
from monitoring.checking import Reading, Seen, Signal
from monitoring.domain import ALL_TENANTS, MONTH, AlarmEnd, DriftFinding, Look
from monitoring.labels.judging import Sources, sample_and_judge
from monitoring.ports import AlarmStore, AskedLog, CanaryStore, GoldenStore, LiveIndex, RecallJudge
from monitoring.sequential.design import Design
from monitoring.settings import DriftSettings
from monitoring.signals import answers, canaries, documents, fit, index, live_recall, recall, support, topics
from rag.domain import Purpose
from rag.ports import Census, DocumentStore, InteractionStore, QuestionStore

GOLDEN = "golden_recall"
"""How the finding's name begins; then comes @k."""

OfQuestions = Callable[[Look, float, DriftSettings, Design | None], DriftFinding]


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
        return Reading(findings=(finding(seen.look, seen.levels[name], seen.settings, seen.design),))

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
            progress=seen.progress,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Golden:
    """Golden questions are asked of the live index, and held against what they found."""

    live: LiveIndex
    documents: DocumentStore
    census: Census
    kept: GoldenStore
    questions: QuestionStore
    alarms: AlarmStore
    release: str  # digest of the live one, without its calibration

    def signal(self) -> Signal:
        """Return it as a signal."""
        return Signal(name=GOLDEN, read=self.read)

    def read(self, seen: Seen) -> Reading:
        """Ask all golden questions, and say whether recall fell."""
        look = seen.look
        found = recall.watch_golden(
            self.live,
            self.documents,
            self.census,
            self.kept,
            self.questions.all(tenant=look.tenant, purpose=Purpose.GOLDEN),
            tenant=look.tenant,
            release=self.release,
            at=look.at,
            settings=seen.settings,
            accepted=self._accepted(look.tenant),
        )
        watch, loss = found.watch, found.loss
        return Reading(
            findings=(found.finding,),
            golden_recall=found.asked.recall,
            golden_loss=GoldenLoss(
                asked=loss.asked,
                lost=len(loss.lost),
                # `loss.gone` are asked no more, so they are no part of a fall; the signal of documents tells of them.
                changed=len(loss.changed),
                at_switch=loss.at_switch,
            ),
            keep=() if watch is None else (partial(self.kept.put, watch),),
        )

    def _accepted(self, tenant: str) -> datetime | None:
        """Return when a person last ended an alarm on golden questions; None: never."""
        ended = (
            each.ended_at
            for each in self.alarms.newest(tenant=tenant)
            if each.ended_by is AlarmEnd.PERSON and any(name.startswith(GOLDEN) for name in each.signals)
        )
        return max((moment for moment in ended if moment is not None), default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Documents:
    """Documents that came, changed and went since the reference began."""

    documents: DocumentStore
    questions: QuestionStore
    interactions: InteractionStore

    def signal(self) -> Signal:
        """Return it as a signal."""
        return Signal(name=documents.NAME, read=self.read)

    def read(self, seen: Seen) -> Reading:
        """Say whether golden questions' documents are gone, or a mass of documents went."""
        look = seen.look
        changes = documents.document_changes(
            self.documents,
            tenant=look.tenant,
            now=look.at,
            since=look.reference_since,
            golden=self.questions.all(tenant=look.tenant, purpose=Purpose.GOLDEN),
            hits=self._hits(look),
        )
        return Reading(findings=(documents.finding(look, changes),), changes=changes)

    def _hits(self, look: Look) -> Iterator[list[str]]:
        for asked in self.interactions.of(look.recent.interactions, tenant=look.tenant).values():
            yield [hit.document_id for hit in asked.hits]


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """The index and the encoder that serve are looked at where they are."""

    live: LiveIndex
    census: Census
    canaries: CanaryStore
    log: AskedLog
    encoder: str  # digest of the live release's

    def signals(self) -> tuple[Signal, ...]:
        """Return both as signals."""
        return Signal(name=index.NAME, read=self.index), Signal(name=canaries.NAME, read=self.embedding)

    def index(self, seen: Seen) -> Reading:
        """Say whether the index holds what the documents say, and finds what it holds."""
        look = seen.look
        recent = look.recent.interactions[-index.ASKED :]
        # An index is of all tenants, and searched for one.
        known = self.log.known(recent) if look.tenant != ALL_TENANTS else {}
        questions = [known[one].text for one in recent if one in known]
        seen_there = index.examine(self.live, self.census, questions, tenant=look.tenant, at=look.at)
        return Reading(findings=(index.finding(seen_there),))

    def embedding(self, _seen: Seen) -> Reading:
        """Say whether known texts are embedded as they were."""
        return Reading(findings=(canaries.watch_canaries(self.live, self.canaries, encoder=self.encoder),))
