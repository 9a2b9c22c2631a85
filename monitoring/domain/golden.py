"""Golden questions as they are asked, and what is kept of them between checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What golden questions gave when they were asked of the live index."""

    at: datetime
    change: int  # newest change of documents that the index holds
    recall: Mapping[str, float]  # id of a question whose documents are there -> recall@k among these, 0 to 1
    gone: frozenset[str] = frozenset()  # ids of questions all of whose documents are gone
    share_changed: float = 0.0  # documents that changed since the look before, of all there are; 0 to 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """Recall at one moment."""

    at: datetime
    change: int  # newest change of documents that the index held
    recall: Mapping[str, float]  # golden question's id -> recall@k then


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenWatch:
    """What one release's golden questions are held against. One for each tenant and release; it never grows."""

    tenant: str
    release: str  # digest without its calibration: a calibration changes nothing of what is found
    first: Stand  # the oldest under the release, or since a person's word
    best: Stand  # the one with the highest mean
    last: Stand
    acted_at: datetime  # last look that saw something: documents had changed, or recall had
    by_sign: tuple[float, ...] = ()  # evidence that more is lost than won, one sum for each size of bet
    by_rate: tuple[float, ...] = ()  # evidence that more is lost than documents' coming and going explains
    won: float = 0.0  # questions found again, of which the rate is learned
    exposure: float = 0.0  # questions times share of documents changed, over which they were
    restless: Mapping[str, float] = field(default_factory=dict)  # question -> times it was won of late
    lost_since: datetime | None = None  # the loss that stands was found then; None: none stands
    lost_from: Stand | None = None  # what it was a loss from
    lost_size: float = 0.0  # questions that were lost in all, when it was found
    lost_evidence: float = 0.0  # what told it, 1 and more
    lost_to: Stand | None = None  # what was left when it was told, or told to have grown
    at_switch: bool = False  # it came with the release


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """Golden questions found worse than in what they are held against: what an attribution reads."""

    asked: int  # golden questions that both have
    lost: tuple[str, ...] = ()  # ids of those with a lower recall now
    changed: tuple[str, ...] = ()  # of them, those of which a document changed since, and is there
    gone: tuple[str, ...] = ()  # questions of which all documents are gone; they are not among `lost`
    at_switch: bool = False  # held against the release before the live one
    documents: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # question -> documents it asks for
