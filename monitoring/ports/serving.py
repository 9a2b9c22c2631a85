"""What serves, asked where it is; and what it is held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import GoldenWatch


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A passage as an asker gets it."""

    passage: str  # id
    documents: tuple[str, ...]  # ids: its own document's, then of those that hold the same text


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest:
    """What the vectors alone find for one question, as it is served and as it should be."""

    served: tuple[str, ...]  # ids of passages, best first
    exact: tuple[str, ...]  # of those that comparing with every stored vector finds
    gone: tuple[
        str, ...
    ] = ()  # of the served, those that no document has any more, whatever was not applied yet


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexState:
    """Where the live index stands beside the documents."""

    release: str  # digest
    replica: str  # who said so; empty: it was opened here
    passages: int  # in the index
    expected: int  # passages that the documents have
    change: int  # newest change of documents that the index holds
    pending: int  # changes beyond that
    pending_since: datetime | None  # of the oldest of them; None: there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the live index holds of passages that documents have."""

    missing: frozenset[str]  # ids of those that are not there
    cosines: Mapping[str, float]  # id -> cosine of its stored vector and its text embedded now
    pending: frozenset[str] = frozenset()  # left out, because a change of their document is not applied yet


class LiveIndex(Protocol):
    """The index that serves, asked where it is: by the service that has it open, else here.

    Every method raises Unavailable where the service did not answer in time, NotReady where nothing is live yet, and
    IndexLocked where no service lives and another process holds the index.
    """

    def state(self) -> IndexState:
        """Return where it stands."""
        ...

    def find(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[Served]]:
        """Return for each question the k passages that an asker gets, best first."""
        ...

    def nearest(self, questions: Sequence[str], *, tenant: str, k: int) -> list[Nearest]:
        """Return for each question the k passages whose vectors are nearest."""
        ...

    def stored(self, passage_ids: Sequence[str]) -> Stored:
        """Return what it holds of these passages."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the questions' vectors as the serving process makes them, shape (n, dimension)."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the passages' vectors as the serving process makes them, shape (n, dimension)."""
        ...


class GoldenStore(Protocol):
    """What golden questions are held against."""

    def get(self, tenant: str, release: str) -> GoldenWatch | None:
        """Return it for a release's digest without calibration; None where there is none."""
        ...

    def newest(self, tenant: str) -> GoldenWatch | None:
        """Return that of the release that was looked at last, whichever it is; None where there is none."""
        ...

    def put(self, watch: GoldenWatch) -> None:
        """Write its new state; the oldest of a tenant's are dropped beyond a few."""
        ...


class CanaryStore(Protocol):
    """Vectors of fixed texts as each encoder gave them at first."""

    def get(self, encoder: str, texts: str) -> NDArray[np.float32] | None:
        """Return them by the encoder's digest and that of the texts, shape (n, dimension); None: not kept yet."""
        ...

    def keep(self, encoder: str, texts: str, vectors: NDArray[np.float32]) -> None:
        """Write them where none are kept; what is kept stays."""
        ...
