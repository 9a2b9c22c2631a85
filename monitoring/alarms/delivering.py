"""Deliveries: what is told of an alarm, when it is tried again, and when it is given up.

Each event is delivered at least once: a sender that ends between the receiver's word and its own note sends it again,
under the same id.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.domain import Alarm, AlarmEnd, AlarmEvent, Delivery, DriftReport, Reply
from monitoring.ports import DeliveryStore, Webhook
from rag.domain import utcnow
from rag.errors import LeaseHeld, UpstreamFailed
from rag.ports import Lease, Leases
from rag.troubles import Troubles

log = logging.getLogger(__name__)

PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 15 * 3600)
)
"""After each try that failed; together a day. The try after the last one is the last."""

UNWANTED_AFTER = timedelta(days=2)
"""Where no webhook is set, deliveries are kept as long, so that one that is set by then hears of them."""

AT_ONCE = 50
"""Most deliveries of one run."""

DELIVERY_LEASE = "alarm deliveries"
"""Held by whoever sends."""

_PATIENCE_S = 3.0
"""How long a service that stops waits for a receiver, in seconds."""

_MOST_TOPICS = 10
_MOST_WORDS = 10
_LONGEST = 1_000
"""Characters of a sentence that is told."""


def content(alarm: Alarm, event: AlarmEvent, at: datetime) -> dict[str, Any]:
    """Return what is told of an alarm, as JSON values. No text of a question is in it: topics are words and counts."""
    return {
        "type": f"alarm.{event.value}",
        "timestamp": at.isoformat(),
        "data": {
            "id": alarm.id,
            "tenant": alarm.tenant,
            "cause": alarm.cause.value,
            "remedy": alarm.remedy.value,
            "sentence": alarm.sentence[:_LONGEST],
            "action": alarm.action[:_LONGEST],
            "signals": list(alarm.signals),
            "since": alarm.since.isoformat(),
            "opened_at": alarm.opened_at.isoformat(),
            "acknowledged_by": alarm.acknowledged_by or None,
            "acknowledged_at": _moment(alarm.acknowledged_at),
            "ended_at": _moment(alarm.ended_at),
            "ended_by": alarm.ended_by.value if alarm.ended_by else None,
            "topics": [
                {"words": list(topic.words[:_MOST_WORDS]), "count": topic.count}
                for topic in alarm.diagnosis.topics[:_MOST_TOPICS]
            ],
            "path": f"/v1/ops/alarms/{alarm.id}",
        },
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def of_report(report: DriftReport, alarms: Sequence[Alarm]) -> list[tuple[Alarm, AlarmEvent]]:
    """Return which of the alarms a report opened, and which ended by it."""
    found = [(each, AlarmEvent.OPENED) for each in alarms if each.report == report.id]
    by_report = [each for each in alarms if each.ended_by not in (None, AlarmEnd.PERSON)]
    return found + [(each, AlarmEvent.ENDED) for each in by_report if each.ended_at == report.created_at]


def pause(failed: int, asked_s: float | None = None) -> timedelta | None:
    """Return how long to wait after so many failed tries; None: give it up.

    Args:
        failed: tries, 1 or more.
        asked_s: how long the receiver asks to be left alone, in seconds; kept up to the longest pause.
    """
    if failed > len(PAUSES):
        return None
    return max(PAUSES[failed - 1], min(timedelta(seconds=min(asked_s or 0.0, 1e9)), PAUSES[-1]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliveries:
    """Sends what is due."""

    store: DeliveryStore
    webhook: Webhook | None  # None: nobody wants to hear of alarms
    leases: Leases

    def deliver(
        self,
        *,
        clock: Callable[[], datetime] = utcnow,
        stopping: Callable[[], bool] = lambda: False,
    ) -> int:
        """Send what is due, one sender at a time; return how much was taken.

        A receiver that fails ends the run: it is away for the others too. Nothing happens where another one sends.

        Raises:
            Unavailable: the database does not answer.
        """
        due = self.store.due(clock(), 1)
        if not due or (self.webhook is None and not _unwanted(due[0], clock())):
            return 0
        try:
            with self.leases.hold(DELIVERY_LEASE) as lease:
                return self._sent(lease, clock, stopping)
        except LeaseHeld:
            return 0

    def _sent(self, lease: Lease, clock: Callable[[], datetime], stopping: Callable[[], bool]) -> int:
        taken = tried = 0
        while tried < AT_ONCE:
            # Asked anew each time: the next one of an alarm is due when the one before is through.
            due = next(iter(self.store.due(clock(), 1)), None)
            if due is None or stopping():
                break
            tried += 1
            lease.check()
            if self.webhook is not None:
                if not self._send(self.webhook, due, clock):
                    break
                taken += 1
            elif _unwanted(due, clock()):
                self.store.dropped(due.id, error="no webhook is set", at=clock())
            else:
                break
        return taken

    def _send(self, webhook: Webhook, delivery: Delivery, clock: Callable[[], datetime]) -> bool:
        """Try one; True where the receiver took it."""
        try:
            reply = webhook.send(delivery)
        except UpstreamFailed as error:
            wait = pause(delivery.attempts + 1, error.retry_after_s)
            if wait is None:
                self._drop(delivery, str(error), clock())
            else:
                log.warning("%s; it is tried again in %s", error, wait)
                self.store.failed(delivery.id, error=str(error), next_at=clock() + wait)
            return False
        if reply is Reply.GONE:
            self._drop(delivery, "the receiver wants no more (status 410)", clock())
            return False
        self.store.delivered(delivery.id, clock())
        return True

    def _drop(self, delivery: Delivery, error: str, now: datetime) -> None:
        self.store.dropped(delivery.id, error=error, at=now)
        log.error(
            "that alarm %s %s was not delivered and is given up after %d tries: %s",
            delivery.alarm_id,
            delivery.event.value,
            delivery.attempts + 1,
            error,
        )


def _unwanted(delivery: Delivery, now: datetime) -> bool:
    """Tell whether a delivery has waited too long for a webhook to be set."""
    return now - delivery.at >= UNWANTED_AFTER


class DeliveryThread:
    """Sends what is due while the service runs, so that it needs neither a check nor a schedule."""

    def __init__(self, deliveries: Deliveries, *, interval_s: float = 10.0) -> None:
        self._deliveries = deliveries
        self._interval_s = interval_s
        self._troubles = Troubles()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look every `interval_s` seconds, in a thread, until `stop`."""
        if not self._stopping.is_set():
            self._thread = threading.Thread(target=self._follow, name="deliveries", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End it; a try under way is waited for a moment, and repeated after the next start where it takes longer."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def _follow(self) -> None:
        while not self._stopping.wait(self._interval_s):
            with self._troubles.attempt("telling of alarms", unless=self._stopping.is_set):
                self._deliveries.deliver(stopping=self._stopping.is_set)
