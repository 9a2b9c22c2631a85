"""What is kept between two checks: how far the log was read, and which questions the reference and the newest are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """One tenant's watch."""

    tenant: str  # "*": all tenants together
    release: str  # digest of the one under which the reference is gathered
    since: datetime  # questions asked before are of no concern: a promotion, or a person's word
    reset_by: str  # what began the reference: "promotion", "person" or "start"
    frozen_at: datetime | None = None  # None: the reference still grows
    read_at: datetime | None = None  # logged up to this moment, all was read; None: nothing was
    position: int = 0  # of the last distinct question
    looked: int = 0  # position up to which completed checks have looked
    decided: int = 0  # position up to which it was decided whether a question joins the reference
    days: Mapping[str, int] = field(
        default_factory=dict
    )  # ISO date -> distinct questions asked then, of the last weeks


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Kept:
    """A distinct question that is kept."""

    position: int  # in the sequence of the watch's distinct questions, from 1
    interaction_id: str
    asked_at: datetime
    text_key: str  # the same for the same text, case and blanks aside
    vector: NDArray[Any]  # shape (dimension,), of unit length up to float16, as which it is stored
    in_reference: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A logged question, as far as repeats are told by."""

    id: str  # the interaction's
    text_key: str
    asked_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """What was logged since a watch last read."""

    asked: tuple[Asked, ...]  # oldest first; of a text that is repeated, one for every few hundred questions
    until: datetime  # logged up to this moment, all is in `asked`


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the log says of one question."""

    id: str
    tenant: str
    principal: str
    asked_at: datetime
    text: str  # as it was searched for
    support: float  # nan: not judged
    refused: float  # 1: the documents did not say, 0: answered, nan: neither
    language_unknown: bool
    release: str = ""  # digest: what it was answered with
