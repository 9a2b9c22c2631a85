"""What monitoring needs from the outside, as Protocols."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import (
    Alarm,
    Delivery,
    DriftReport,
    GoldenWatch,
    Judgement,
    Kept,
    Known,
    Look,
    MonitoringState,
    PassageSample,
    Reply,
    Sampled,
    Shown,
    Unread,
    Watch,
)


class ReportRenderer(Protocol):
    """Keeps a comparison as a snapshot, and shows it."""

    def snapshot(self, report: DriftReport, look: Look | None, *, past: Sequence[DriftReport] = ()) -> str:
        """Return a snapshot, JSON text, of a report that has none yet; it holds no question's text.

        Args:
            report: what was found.
            look: what it was found in; None: there is nothing to draw.
            past: the tenant's reports before it, the newest first, without snapshots.
        """
        ...

    def html(self, snapshot: str) -> str:
        """Return a snapshot as one self-contained page; IntegrityError where it is none."""
        ...


class DriftReportStore(Protocol):
    """Drift reports."""

    def add(self, report: DriftReport) -> None:
        """Write one."""
        ...

    def get(self, report_id: str) -> DriftReport:
        """Return one by its id or a prefix that fits one alone.

        Raises:
            NotFound: none fits.
            InvalidInput: several fit.
        """
        ...

    def newest(
        self, limit: int = 50, *, tenant: str | None = None, since: datetime | None = None
    ) -> list[DriftReport]:
        """Return the newest first, without their snapshots, which are large; of one tenant, made from then on."""
        ...


class AskedLog(Protocol):
    """The log of questions, read thinned: what is asked again and again costs one row a check."""

    def unread(self, *, tenant: str, after: datetime | None, since: datetime, limit: int) -> Unread:
        """Return what was logged after `after` and asked since `since`; of more than `limit`, the newest.

        Chores of chat front ends and blank texts are left out. A little of what was logged before `after` is given
        again, because another process may have committed it only since. Where `after` is None, also what was logged
        before texts had keys, as far as `limit` reaches.

        Args:
            tenant: "*": all tenants together.
            after: moment of logging up to which all was read.
            since: moment of asking; what was asked earlier is of no concern.
            limit: most rows.
        """
        ...

    def known(self, interaction_ids: Collection[str]) -> dict[str, Known]:
        """Return id -> what is known of it, of those that exist."""
        ...


class PassageFiles(Protocol):
    """Where samples of passages are kept; rebuildable, so never the truth."""

    def load(self, *, tenant: str | None, encoder: str) -> PassageSample | None:
        """Return the sample of a tenant's passages, None: of all, in this encoder; None where there is none."""
        ...

    def save(self, sample: PassageSample, *, tenant: str | None) -> None:
        """Write one in the place of what is there; whoever reads meanwhile sees one or the other whole."""
        ...


class WatchStore(Protocol):
    """Watches, and the questions that they keep."""

    def get(self, tenant: str) -> Watch | None:
        """Return a tenant's; None where it was never watched."""
        ...

    def questions(self, tenant: str) -> list[Kept]:
        """Return what it keeps, by position."""
        ...

    def put(
        self,
        watch: Watch,
        *,
        before: Watch | None,
        added: Sequence[Kept] = (),
        referenced: Collection[int] | None = None,
        removed: Collection[int] = (),
    ) -> None:
        """Write its new state and what changed, in one transaction; of `looked` the greater one stays.

        Args:
            watch: its new state.
            before: as it was read; None: there was none.
            added: questions; one whose interaction was erased meanwhile is left out.
            referenced: positions of all that are in the reference now; None: as before.
            removed: positions of those that are not needed any more.

        Raises:
            Conflict: another process has moved it since it was read.
        """
        ...

    def completed(self, tenant: str, *, position: int) -> None:
        """Write that a check has looked at all up to `position` and stored its report."""
        ...


class AlarmStore(Protocol):
    """Alarms, standing and ended."""

    def add(self, alarm: Alarm) -> None:
        """Write one; Conflict where one of that tenant and cause stands already."""
        ...

    def change(self, alarm_id: str, to: Callable[[Alarm], Alarm]) -> Alarm:
        """Write what `to` makes of an alarm, and return it; nobody else writes to it meanwhile.

        What `to` raises is raised, and nothing written; NotFound where there is none of that id.
        """
        ...

    def get(self, alarm_id: str, *, tenant: str | None = None) -> Alarm:
        """Return one by its id or a prefix that fits one alone; NotFound, InvalidInput as for reports."""
        ...

    def standing(self, *, tenant: str | None = None) -> list[Alarm]:
        """Return those that have not ended, the oldest first."""
        ...

    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[Alarm]:
        """Return the newest first, ended ones too."""
        ...


class DeliveryStore(Protocol):
    """What the webhook is to hear of. It is written with the alarm, in one transaction, by the alarms' store."""

    def due(self, now: datetime, limit: int) -> list[Delivery]:
        """Return what waits and may be tried now, the longest due first.

        Of one alarm the earliest alone, so that it is told in order.
        """
        ...

    def delivered(self, delivery_id: str, at: datetime) -> None:
        """Write that it was taken."""
        ...

    def failed(self, delivery_id: str, *, error: str, next_at: datetime) -> None:
        """Write that a try failed, and from when on the next one may be made."""
        ...

    def dropped(self, delivery_id: str, *, error: str, at: datetime) -> None:
        """Write that it was given up."""
        ...

    def undelivered(self, *, dropped_since: datetime) -> int:
        """Return how many wait, or were given up from then on."""
        ...


class Webhook(Protocol):
    """The program that wants to hear of alarms."""

    def send(self, delivery: Delivery) -> Reply:
        """Hand it over, once.

        Raises:
            UpstreamFailed: it could not be reached or did not take it; a later try may help. The text holds nothing
                secret; `retry_after_s` is set where the receiver named a time.
        """
        ...


class StateReader(Protocol):
    """Looks at what monitoring keeps, for those who draw it."""

    def state(self, *, tenant: str, now: datetime) -> MonitoringState:
        """Return the present state, at a cost that does not grow with what is kept.

        Reports are the tenant's; where it has none, those over all tenants.
        """
        ...


class SampleStore(Protocol):
    """Live questions that were drawn to be judged. Their order is that in which they were drawn."""

    def add(self, sampled: Sequence[Sampled]) -> int:
        """Write those whose interaction was not drawn yet; return how many these are."""
        ...

    def judge(self, sampled: Sampled) -> None:
        """Write what a machine says of one, `judged`, `judge` and `signs`, and nothing else of it.

        Raises:
            NotFound: there is none of that id.
        """
        ...

    def label(self, sampled: Sampled) -> None:
        """Write what a person says of one, `found`, `answerable`, who and when, and nothing else; NotFound as above."""
        ...

    def get(self, sampled_id: str, *, tenant: str) -> Sampled:
        """Return one; NotFound where there is none."""
        ...

    def since(
        self,
        *,
        tenant: str,
        since: datetime,
        releases: Collection[str] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Sampled]:
        """Return those asked from then on, in their order unless said otherwise; of these releases where named."""
        ...

    def unjudged(self, *, tenant: str, since: datetime, limit: int) -> list[Sampled]:
        """Return those drawn from then on that no machine has judged yet, in their order."""
        ...

    def queue(self, *, tenant: str, since: datetime, limit: int) -> list[Sampled]:
        """Return those drawn from then on that wait for a person's word, in their order."""
        ...


class WordSearch(Protocol):
    """The index that serves, searched by words alone."""

    def by_words(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:
        """Return for each question the ids of the k passages that hold its words best (BM25), best first.

        Raises:
            Unavailable: the index did not answer.
            NotReady: nothing is live yet.
        """
        ...


class RecallJudge(Protocol):
    """Says of live questions whether a right passage is among those found."""

    name: str  # which one, for people

    def learn(self, known: Sequence[Sampled]) -> None:
        """Take in what people said of questions that it judged; `found` of each is set."""
        ...

    def judge(self, shown: Sequence[Shown]) -> list[Judgement]:
        """Return what it says of each question, in their order. One that fails is one without a probability."""
        ...


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

    def ask(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:
        """Return the ids of the passages that `find` gives."""
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
