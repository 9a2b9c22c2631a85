"""Live questions that are judged: by a machine all of a sample, by people some of it."""

from dataclasses import dataclass, field
from datetime import datetime

from rag.domain import Interaction, Passage, utcnow


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """A live question that was drawn, what a machine says of it, and what a person said.

    It was drawn twice: into the sample, whose questions a machine judges, and from there into the queue for people.
    """

    id: str
    tenant: str
    interaction_id: str
    release: str  # digest: what it was answered with
    asked_at: datetime
    share: float  # probability with which any question was drawn into the sample then, above 0
    probability: float  # with which this one was then drawn for people, above 0
    least: float  # the least probability that any question could have had in that draw
    queued: bool  # it was drawn for people
    k: int  # hits that count
    judged: float | None = (
        None  # probability, by the machine, that a right passage is among the k; None: not judged
    )
    judge: str = ""  # which machine
    signs: tuple[float, ...] = ()  # what its judgement rests on, so that it can learn from people's words
    found: float | None = (
        None  # 1: people say that a right passage is among the k; 0: that none is; None: no word yet
    )
    answerable: bool | None = None  # False: a person says that no document answers it
    labelled_by: str = ""  # principal; of a skipped question too
    labelled_at: datetime | None = None
    drawn_at: datetime = field(default_factory=utcnow)

    @property
    def skipped(self) -> bool:
        """Tell whether a person looked and could not say."""
        return self.labelled_at is not None and self.found is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A sampled question with the passages that were found for it: what a judge, and a person, sees."""

    sampled: Sampled
    asked: Interaction
    passages: tuple[Passage, ...]  # of the k hits, best first; one that is gone is left out

    @property
    def question(self) -> str:
        """The question as it was searched for."""
        return self.asked.rewritten or self.asked.question


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a machine says of one question."""

    probability: float | None  # that a right passage is among those shown; None: it failed, to be tried later
    tokens: int = 0  # that it cost
    signs: tuple[float, ...] = ()  # what it rests on, in the judge's own order; empty: nothing that is kept


@dataclass(frozen=True, kw_only=True, slots=True)
class RecallEstimate:
    """Recall of live questions, with an interval that holds however often it is looked at."""

    value: float
    low: float
    high: float
    sampled: int  # questions drawn
    labelled: int  # of them by people
    judge: str  # what the rest rests on; empty: on people's labels alone
    confidence: float = 0.95
