"""How a candidate does beside the incumbent."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from rag.domain import digest_of


class Answer(StrEnum):
    """What an answerable question got."""

    RIGHT = "right"  # a quote is of a passage that answers it
    WRONG = "wrong"  # all quotes are of others
    REFUSED_THOUGH_FOUND = "refused though found"  # a passage that answers it was among the hits
    REFUSED_NOT_FOUND = "refused, not found"


class Received(StrEnum):
    """Shares of the questions that a scorecard's answers are made of; the first four add up to 1."""

    RIGHT = "answered_right"
    WRONG = "answered_wrong"
    REFUSED_THOUGH_FOUND = "refused_though_found"
    REFUSED_NOT_FOUND = "refused_not_found"
    REFUSED = "refused"  # both kinds together
    REFUSED_RIGHTLY = "refused_rightly"  # of the unanswerable ones


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean over questions with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Candidate minus incumbent on the same questions."""

    value: float
    low: float  # 95 % paired bootstrap interval
    high: float
    p_value: float  # two-sided, paired randomisation


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricRow:
    """One metric, both sides."""

    metric: str  # e.g. "recall@10"
    incumbent: Estimate
    candidate: Estimate
    difference: Difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """The metrics over some of the questions."""

    name: str  # e.g. "origin=log"
    questions: int
    rows: tuple[MetricRow, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Concentration:
    """The passage that gained most first places over probe questions, by the encoders alone."""

    passage: str  # id
    questions: int  # that were asked
    before: int  # of them, how often the incumbent puts it first
    after: int  # the same of the candidate
    p_value: float  # one-sided, exact, times the number of passages that came first anywhere


@dataclass(frozen=True, kw_only=True, slots=True)
class Detectable:
    """The smallest gain the gate set can show, as it was known before training."""

    metric: str
    effect: float  # 0 to 1; 0.02 is 2 percent points
    questions: int
    clusters: int  # of questions with the same answers
    alpha: float  # two-sided level of the look
    power: float  # chance of seeing that gain
    look: int  # how often the set is looked at then, counted from 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What an encoder costs to serve, both sides, measured in turns in one process."""

    incumbent_ms: float  # median time to embed one question
    candidate_ms: float
    incumbent_bytes: int  # of the artefact's files
    candidate_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """From which support on a release answers, and what its support was calibrated with."""

    threshold: float  # probability
    questions: int = 0  # that the calibration rests on; 0: it was never calibrated
    passages: int = 0  # in the index at that time


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What people get without a language model: both sides as each would serve, with its own calibration."""

    questions: int  # gate questions that were asked; all of them, or a draw
    unanswerable: int  # the same with the documents that answer them taken out
    rows: tuple[MetricRow, ...]  # one for each of `Received`
    incumbent: Bar
    candidate: Bar

    def row(self, share: Received) -> MetricRow:
        """Return the row of a share; KeyError where it was not measured."""
        for row in self.rows:
            if row.metric == share:
                return row
        raise KeyError(share)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A passage in a result list."""

    passage: str  # id
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A gate question that got better or worse, with what both sides find."""

    question: str
    relevant: tuple[str, ...]  # ids of the passages that answer it
    rank_before: int | None  # of the first right passage, counted from 1; None: not among the ranks measured
    rank_after: int | None
    before: tuple[Hit, ...]  # best first
    after: tuple[Hit, ...]
    answer_before: Answer | None = None  # what an asker got; None: not measured
    answer_after: Answer | None = None
    support_before: float | None = None  # probability that the hits answer it
    support_after: float | None = None


_LATER = ("detectable", "costs", "concentration", "worst", "best", "answers")
"""Fields that older scorecards lack, besides `look`."""
_LATER_OF_MOVED = ("answer_before", "answer_after", "support_before", "support_after")
"""Fields that older scorecards' questions lack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorecard:
    """Candidate beside incumbent: same corpus, same questions."""

    digest: str = ""  # SHA-256 over all that follows; derived where it is not given
    dataset: str  # digest
    incumbent: str  # encoder digest
    candidate: str  # encoder digest
    questions: int
    passages: int  # size of the corpus searched
    overall: tuple[MetricRow, ...]
    slices: tuple[Slice, ...] = ()
    look: int = 1  # how often the gate set was looked at, this time included
    detectable: Detectable | None = None  # None: not computed before training
    costs: Costs | None = None  # None: not measured
    concentration: Concentration | None = None  # None: no passage gained first places
    worst: tuple[Moved, ...] = ()  # questions that lost most, the worst first
    best: tuple[Moved, ...] = ()  # questions that gained most, the best first
    answers: Answers | None = None  # None: not measured

    def __post_init__(self) -> None:
        """Derive the digest where none is given."""
        if not self.digest:
            # What came later is left out where it is not there, so that older scorecards keep their digests.
            missing = {"look"} if self.look == 1 else set()
            missing |= {name for name in _LATER if not getattr(self, name)}
            left_out = {"digest", *missing}
            content = {name: value for name, value in asdict(self).items() if name not in left_out}
            for name in {"worst", "best"} & content.keys():
                content[name] = [_with_what_is_there(each) for each in content[name]]
            object.__setattr__(self, "digest", digest_of(content))

    def row(self, metric: str) -> MetricRow:
        """Return the overall row of a metric; KeyError where it was not measured."""
        for row in self.overall:
            if row.metric == metric:
                return row
        raise KeyError(metric)


def _with_what_is_there(moved: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in moved.items() if value is not None or key not in _LATER_OF_MOVED}
