"""What a check compared, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitoring.domain.causes import Diagnosis
from rag.domain import utcnow

ALL_TENANTS = "*"
"""In a tenant's place: all tenants together."""


class DriftVerdict(StrEnum):
    """What a comparison says."""

    DRIFT = "drift"
    CALM = "calm"
    NOT_ENOUGH_DATA = "not_enough_data"
    NOTHING_NEW = "nothing_new"  # nobody asked since the last check, which therefore stands


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Which questions were compared."""

    name: str  # "reference" or "current"
    since: datetime | None  # None: there are none
    until: datetime | None
    count: int  # distinct questions
    language_unknown: int = 0  # of them in a language that the encoder does not know
    needed: int = 0  # distinct questions that a verdict takes; 0: not known


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftFinding:
    """What one signal says."""

    name: str  # e.g. "topics", "fit", "support", "refusals", "ratings", "golden_recall@10", "live_recall@10", "index"
    statistic: float | None  # None where there was not enough data
    threshold: float | None  # beyond which it is drift
    p_value: float | None  # None where the method has none
    reference: float | None  # the value in the reference, for metrics that have one
    current: float | None  # the value now
    reference_count: int  # questions compared
    current_count: int
    verdict: DriftVerdict
    reason: str  # one sentence a person understands
    level: float | None = None  # chance of a false alarm that this look had to spend on this signal
    low: float | None = None  # of an interval around `current`, where there is one
    high: float | None = None
    carrying: tuple[str, ...] = ()  # ids of the interactions that carry the evidence, where it is drift


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftReport:
    """What was compared, and what came of it."""

    id: str
    tenant: str  # "*": all tenants together
    verdict: DriftVerdict
    findings: tuple[DriftFinding, ...]
    encoder: str  # digest of the fixed encoder that the questions were embedded with
    release: str  # digest of the live release
    reference: Window
    current: Window
    snapshot: str  # Evidently's snapshot, JSON
    new: int = 0  # distinct questions since the last check
    run_length: float = (
        0.0  # distinct questions to a false alarm, on average, that it was held to; 0: not known
    )
    months: float = 0.0  # as many months' questions are these at the traffic seen; 0: not known
    diagnoses: tuple[Diagnosis, ...] = ()  # what is wrong and what would help, the surest first
    golden_recall: Mapping[str, float] = field(default_factory=dict)  # golden question's id -> recall@k now
    created_at: datetime = field(default_factory=utcnow)
