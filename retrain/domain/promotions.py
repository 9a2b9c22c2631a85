"""What people decide, and the switch that follows."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rag.domain import utcnow


class Decision(StrEnum):
    """What a person decided."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """A person's signed decision, bound to what was decided on."""

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


ENDED = frozenset({PromotionPhase.DONE, PromotionPhase.FAILED})
"""The phases a switch ends in."""


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
