"""What monitoring needs from the outside, as Protocols."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import (
    Alarm,
    Delivery,
    DriftReport,
    Look,
    MonitoringState,
    PastRecall,
    Reply,
    Sampled,
)


class ReportRenderer(Protocol):
    """Keeps a comparison as a snapshot, and shows it."""

    def snapshot(self, report: DriftReport, look: Look) -> str:
        """Return a snapshot, JSON text, of a report that has none yet; it holds no question's text."""
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

    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[DriftReport]:
        """Return the newest first."""
        ...

    def recalls(
        self, *, tenant: str, releases: Collection[str] | None = None, newest_first: bool = False
    ) -> Iterator[PastRecall]:
        """Yield the golden recall of every report that has any, oldest first unless said otherwise.

        Nothing else of a report is read, and no more reports than are taken.

        Args:
            tenant: whose reports.
            releases: digests, one of which was the live release's; None: any.
            newest_first: the other way round.
        """
        ...


class AlarmStore(Protocol):
    """Alarms, standing and ended."""

    def add(self, alarm: Alarm) -> None:
        """Write one; Conflict where one of that tenant and cause stands already."""
        ...

    def put(self, alarm: Alarm) -> None:
        """Write its new state; NotFound where there is none of that id."""
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
    """Live questions that were drawn to be judged."""

    def add(self, sampled: Sequence[Sampled]) -> None:
        """Write those whose interaction was not drawn yet."""
        ...

    def put(self, sampled: Sampled) -> None:
        """Write its new state; NotFound where there is none of that id."""
        ...

    def get(self, sampled_id: str, *, tenant: str) -> Sampled:
        """Return one; NotFound where there is none."""
        ...

    def since(self, *, tenant: str, since: datetime, release: Collection[str] | None = None) -> list[Sampled]:
        """Return those drawn from then on, oldest first; of these releases where they are named."""
        ...

    def queue(self, *, tenant: str, limit: int) -> list[Sampled]:
        """Return those that wait for a person's word, in the order in which they should be looked at."""
        ...


class LiveIndex(Protocol):
    """The index that serves, asked where it is: by the service that has it open, else here."""

    def ask(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:
        """Return for each question the ids of the k passages that an asker gets, best first.

        Raises:
            Unavailable: the service that has the index open did not answer in time.
            NotReady: nothing is live yet.
        """
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the questions' vectors as the serving process makes them, shape (n, dimension)."""
        ...
