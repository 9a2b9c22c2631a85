"""Live questions that are judged: by a machine all of a sample, by people some of it."""

from dataclasses import dataclass, field
from datetime import datetime

from rag.domain import utcnow


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """A live question that was drawn, what a machine says of it, and what a person said."""

    id: str
    tenant: str
    interaction_id: str
    release: str  # digest: what it was answered with
    probability: float  # with which it was drawn for people, 0 to 1, exclusive of 0
    k: int  # hits that count
    judged: float | None = (
        None  # probability, by the machine, that a right passage is among the k; None: not judged
    )
    judge: str = ""  # which machine
    found: float | None = (
        None  # 1: people say that a right passage is among the k; 0: that none is; None: no word yet
    )
    answerable: bool | None = None  # False: a person says that no document answers it
    labelled_by: str = ""  # principal
    labelled_at: datetime | None = None
    drawn_at: datetime = field(default_factory=utcnow)


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
