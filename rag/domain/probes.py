"""What a process that has no index open asks of one that has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from rag.domain.identity import utcnow


class ProbeKind(StrEnum):
    """What is asked."""

    SEARCH = "search"  # what an asker gets for each text
    NEAREST = "nearest"  # what the vectors alone find for each text, as served and exactly
    QUESTIONS = "questions"  # the texts' vectors, as questions
    PASSAGES = "passages"  # the texts' vectors, as passages
    STORED = "stored"  # of passages, by their ids, whether the index holds them as their texts say
    STATE = "state"  # how many passages the index holds, and how far it is behind the documents


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One request. Whoever serves takes it when nobody waits for an answer."""

    id: str
    tenant: str
    kind: ProbeKind
    texts: tuple[str, ...] = ()  # questions, passages' texts, or passages' ids
    k: int = 0  # most passages for each
    asked_at: datetime = field(default_factory=utcnow)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeAnswer:
    """What came of it."""

    release: str  # digest of the live release
    replica: str  # who answered; empty: nobody that serves
    result: Mapping[str, Any] = field(default_factory=dict)  # JSON values, by what was asked
    error: str = ""  # why there is no result
