"""The nouns of monitoring. Frozen, vendor-free; every datetime is aware."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rag.domain import Interaction, utcnow


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A set of interactions that is compared."""

    name: str  # "reference" or "current"
    since: datetime | None  # None: from the first
    until: datetime | None
    interactions: tuple[Interaction, ...]  # oldest first


class DriftVerdict(StrEnum):
    """What a comparison says."""

    DRIFT = "drift"
    CALM = "calm"
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftFinding:
    """One statistic, compared."""

    name: str  # e.g. "question_mmd", "top_score_ks", "golden_recall@10", "labelled_recall@10"
    statistic: float | None  # None where there was not enough data
    threshold: float | None  # beyond which it is drift
    p_value: float | None  # None where the method has none
    reference: float | None  # the value in the reference window, for metrics that have one
    current: float | None  # the value in the current window
    reference_count: int  # questions compared
    current_count: int
    verdict: DriftVerdict
    reason: str  # one sentence a person understands


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftReport:
    """What was compared, and what came of it."""

    id: str
    tenant: str
    verdict: DriftVerdict
    findings: tuple[DriftFinding, ...]
    encoder: str  # digest of the fixed encoder both windows were embedded with
    release: str  # digest of the live release
    reference: Mapping[
        str, str | int | None
    ]  # name, since, until, count, language_unknown: questions of them
    current: Mapping[str, str | int | None]
    snapshot: str  # Evidently's snapshot, JSON; empty where there was not enough data
    golden_recall: Mapping[str, float] = field(default_factory=dict)  # golden question's id -> recall@k now
    created_at: datetime = field(default_factory=utcnow)


@dataclass(frozen=True, kw_only=True, slots=True)
class PastRecall:
    """What golden questions' recall was at an earlier check: all that a later one needs of its report."""

    report: str  # its id
    created_at: datetime
    recall: Mapping[str, float]  # golden question's id -> recall@k then
    verdicts: Mapping[str, DriftVerdict]  # finding's name -> what it said
