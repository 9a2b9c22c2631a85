"""What was trained, and what the gate says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from rag.domain import utcnow
from retrain.domain.scorecards import Scorecard


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
