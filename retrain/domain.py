"""The nouns of retraining. Frozen, vendor-free; every datetime is aware."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from rag.domain import Passage, digest_of, utcnow


class Origin(StrEnum):
    """Where a question came from."""

    LOG = "log"  # a person asked it and said which passage is right
    LLM = "llm"  # written by a language model from the passage
    PARAPHRASE = "paraphrase"  # another wording of a question of any origin
    DOCUMENT = "document"  # a title, heading or summary line
    LABEL = "label"  # imported with its answer

    @property
    def human(self) -> bool:
        """Whether a person asked it as a question."""
        return self in (Origin.LOG, Origin.LABEL)


class QuestionStyle(StrEnum):
    """How a language model is to ask."""

    NATURAL = "natural"  # a question as one would say it
    KEYWORD = "keyword"  # a few words, as typed into a search box
    SITUATION = "situation"  # what has happened to somebody, and what they want to know


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a language model wrote in one call."""

    texts: tuple[str, ...]
    tokens: int  # of prompt and answer together


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPair:
    """A question and a passage that answers it."""

    question: str
    passage_id: str
    document_id: str
    passage_text: str  # as it is embedded, without the question where it stood in it word for word
    origin: Origin
    parent: str = ""  # for a paraphrase, the question it was made from
    principal: str = ""  # for the log, who asked
    kind: str = (
        ""  # within its origin: what people did, which part of a document, in which style it was written
    )
    interaction: str = ""  # for the log, the interaction's id
    asked_at: datetime | None = None  # for the log
    judge: str = ""  # for the log, who said that the passage is right
    negatives: tuple[
        str, ...
    ] = ()  # texts of passages that people said do not answer it, as they are embedded


@dataclass(frozen=True, kw_only=True, slots=True)
class EvalQuestion:
    """A held-back question."""

    id: str
    text: str
    relevant: frozenset[str]  # ids of the passages that answer it
    documents: frozenset[str]  # the documents these belong to
    origin: Origin
    kind: str = ""  # as a pair's
    asked_at: datetime | None = None  # for the log; the newest time where it was asked again
    parent: str = ""  # for a paraphrase, the id of the question it rewords


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """Pairs to train on and questions to judge by; the three splits share no document. Content-addressed."""

    digest: str  # SHA-256 over all pairs and questions
    train: tuple[TrainingPair, ...]
    dev: tuple[EvalQuestion, ...]  # choose the checkpoint
    gate: tuple[EvalQuestion, ...]  # decide on the promotion
    manifest: Mapping[str, Any]  # counts by split and origin, what was left out and why
    robustness: tuple[EvalQuestion, ...] = ()  # other wordings of gate questions: a slice, never the verdict
    created_at: datetime = field(default_factory=utcnow)

    @property
    def gate_digest(self) -> str:
        """SHA-256 over the gate questions alone, whatever their order: which exam it is."""
        questions = sorted((_plain(question) for question in self.gate), key=lambda plain: str(plain["id"]))
        return digest_of({"gate": questions})

    @staticmethod
    def digest_for(
        train: Sequence[TrainingPair],
        dev: Sequence[EvalQuestion],
        gate: Sequence[EvalQuestion],
        robustness: Sequence[EvalQuestion] = (),
    ) -> str:
        """Give the digest of that content; the order within a split counts, the manifest does not."""
        splits = {
            "train": [_plain(pair) for pair in train],
            "dev": [_plain(question) for question in dev],
            "gate": [_plain(question) for question in gate],
        }
        if robustness:
            splits["robustness"] = [_plain(question) for question in robustness]
        return digest_of(splits)

    @classmethod
    def create(
        cls,
        *,
        train: Sequence[TrainingPair],
        dev: Sequence[EvalQuestion],
        gate: Sequence[EvalQuestion],
        manifest: Mapping[str, Any],
        robustness: Sequence[EvalQuestion] = (),
    ) -> "Dataset":
        """Make a dataset, deriving its digest. The manifest holds JSON values only."""
        return cls(
            digest=cls.digest_for(train, dev, gate, robustness),
            train=tuple(train),
            dev=tuple(dev),
            gate=tuple(gate),
            manifest=dict(manifest),
            robustness=tuple(robustness),
        )


_LATER = frozenset({"kind", "interaction", "asked_at", "judge", "negatives"})
"""Fields that came later: left out of digests where empty, so that older datasets keep theirs."""


def _plain(item: TrainingPair | EvalQuestion) -> dict[str, Any]:
    """Give JSON values of a pair or a question, sets in order."""
    plain = asdict(item)
    later = _LATER | {"parent"} if isinstance(item, EvalQuestion) else _LATER
    return {name: _canonical(value) for name, value in plain.items() if value or name not in later}


def _canonical(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardSet:
    """A general-domain set of questions and passages; only looked at, never learned from."""

    questions: tuple[EvalQuestion, ...]
    passages: tuple[Passage, ...]


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
class Hit:
    """A passage in a result list."""

    passage: str  # id
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A gate question that got better or worse, with what both sides give."""

    question: str
    relevant: tuple[str, ...]  # ids of the passages that answer it
    rank_before: int | None  # of the first right passage, counted from 1; None: not among those looked at
    rank_after: int | None
    before: tuple[Hit, ...]  # best first
    after: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorecard:
    """Candidate beside incumbent: same corpus, same questions."""

    digest: str  # SHA-256 over all that follows
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

    @classmethod
    def create(
        cls,
        *,
        dataset: str,
        incumbent: str,
        candidate: str,
        questions: int,
        passages: int,
        overall: Sequence[MetricRow],
        slices: Sequence[Slice] = (),
        look: int = 1,
        detectable: Detectable | None = None,
        costs: Costs | None = None,
        concentration: Concentration | None = None,
        worst: Sequence[Moved] = (),
        best: Sequence[Moved] = (),
    ) -> "Scorecard":
        """Make a scorecard, deriving its digest."""
        # What came later is left out where it is not there, so that older scorecards keep their digests.
        later = {
            "look": look if look != 1 else None,
            "detectable": detectable and asdict(detectable),
            "costs": costs and asdict(costs),
            "concentration": concentration and asdict(concentration),
            "worst": [asdict(each) for each in worst],
            "best": [asdict(each) for each in best],
        }
        content = {
            "dataset": dataset,
            "incumbent": incumbent,
            "candidate": candidate,
            "questions": questions,
            "passages": passages,
            "overall": [asdict(row) for row in overall],
            "slices": [asdict(part) for part in slices],
            **{name: value for name, value in later.items() if value},
        }
        return cls(
            digest=digest_of(content),
            dataset=dataset,
            incumbent=incumbent,
            candidate=candidate,
            questions=questions,
            passages=passages,
            overall=tuple(overall),
            slices=tuple(slices),
            look=look,
            detectable=detectable,
            costs=costs,
            concentration=concentration,
            worst=tuple(worst),
            best=tuple(best),
        )

    def row(self, metric: str) -> MetricRow:
        """Give the overall row of a metric.

        Raises:
            KeyError: it was not measured.
        """
        for row in self.overall:
            if row.metric == metric:
                return row
        raise KeyError(metric)


class Outcome(StrEnum):
    """What the gate says."""

    PROMOTE = "promote"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The gate's word on a candidate."""

    outcome: Outcome
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingReport:
    """How a training run went."""

    lane: str  # "transformer", "static" or "adapter"
    pairs: int
    steps: int
    epochs: float
    seconds: float
    best_dev: float  # the dev metric of the checkpoint that was kept
    history: tuple[Mapping[str, float], ...]  # step, loss, dev metric
    settings: Mapping[str, Any]


class CandidateStatus(StrEnum):
    """Where a candidate stands."""

    EVALUATED = "evaluated"  # waits for a person
    APPROVED = "approved"
    REJECTED = "rejected"
    PROMOTED = "promoted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A trained encoder with what it learned from and how it did."""

    id: str
    tenant: str
    encoder: str  # digest
    release: str  # digest of the release it would become
    incumbent: str  # digest of the release that was live when it was evaluated
    dataset: str  # digest
    training: TrainingReport
    scorecard: Scorecard
    verdict: Verdict
    status: CandidateStatus = CandidateStatus.EVALUATED
    created_at: datetime = field(default_factory=utcnow)


class Decision(StrEnum):
    """What a person decided."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """A person's signed decision, bound to what was looked at."""

    id: str
    candidate: str  # the candidate's id
    decision: Decision
    principal: str  # who decided
    comment: str
    encoder: str  # digest of the candidate's encoder
    release: str  # digest of the release it would become
    dataset: str  # digest
    scorecard: str  # digest
    incumbent: str  # digest of the release it replaces
    decided_at: datetime
    expires_at: datetime
    signature: str = ""  # HMAC-SHA-256 over all of the above
    used_at: datetime | None = None  # set by the switch that relied on it


class PromotionKind(StrEnum):
    """Which way the switch goes."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"


class PromotionPhase(StrEnum):
    """How far a promotion has come."""

    BACKFILL = "backfill"
    CATCH_UP = "catch_up"
    VERIFY = "verify"
    PRELOAD = "preload"
    FLIP = "flip"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """One switch of the live release, and how far it has come."""

    id: str
    kind: PromotionKind
    release: str  # digest of the release that is to be live
    candidate: str | None  # id; None for a rollback
    principal: str
    phase: PromotionPhase
    done: int = 0  # passages written to the index
    total: int = 0
    message: str = ""  # why it failed, or what it waits for
    started_at: datetime = field(default_factory=utcnow)
    updated_at: datetime = field(default_factory=utcnow)
