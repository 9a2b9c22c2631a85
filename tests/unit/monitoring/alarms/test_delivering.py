"""What is told of an alarm, when it is tried again, and when it is given up."""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from doubles.drift_report import drift_report
from doubles.standing_alarm import OPENED, standing_alarm
from doubles.waiting import until
from typing_extensions import override

from monitoring.alarms.delivering import (
    AT_ONCE,
    PAUSES,
    UNWANTED_AFTER,
    Deliveries,
    DeliveryThread,
    content,
    of_report,
    pause,
)
from monitoring.domain import AlarmEnd, AlarmEvent, Delivery, Reply, Topic, alarm_events
from monitoring.ports import DeliveryStore, Webhook
from rag.errors import LeaseHeld, Unavailable, UpstreamFailed
from rag.ports import Leases

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Rows(DeliveryStore):
    """A store in memory, of deliveries of alarms of their own."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self.rows = {each.id: each for each in deliveries}

    @override
    def due(self, now: datetime, limit: int) -> list[Delivery]:
        waiting = [e for e in self.rows.values() if not e.delivered_at and not e.dropped_at]
        return sorted((e for e in waiting if e.next_at <= now), key=lambda e: (e.next_at, e.id))[:limit]

    @override
    def delivered(self, delivery_id: str, at: datetime) -> None:
        self.rows[delivery_id] = replace(self.rows[delivery_id], delivered_at=at)

    @override
    def failed(self, delivery_id: str, *, error: str, next_at: datetime) -> None:
        row = self.rows[delivery_id]
        self.rows[delivery_id] = replace(row, attempts=row.attempts + 1, error=error, next_at=next_at)

    @override
    def dropped(self, delivery_id: str, *, error: str, at: datetime) -> None:
        self.rows[delivery_id] = replace(self.rows[delivery_id], error=error, dropped_at=at)

    @override
    def undelivered(self, *, dropped_since: datetime) -> int:
        return sum(not e.delivered_at for e in self.rows.values())


class Receiver(Webhook):
    """Answers as it is told to, and keeps what came."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.answers = list(answers)
        self.came: list[str] = []

    @override
    def send(self, delivery: Delivery) -> Reply:
        self.came.append(delivery.id)
        answer = self.answers.pop(0) if self.answers else Reply.TAKEN
        if isinstance(answer, Exception):
            raise answer
        return answer


class OneAtATime(Leases):
    """Leases that somebody else holds or not; lost after so many checks."""

    def __init__(self, *, taken: bool = False, lost_after: int = 1_000) -> None:
        self.taken = taken
        self.left = lost_after
        self.names: list[str] = []

    @override
    def held(self, name: str) -> bool:
        return self.taken

    @override
    @contextmanager
    def hold(self, name: str, *, ttl_s: float = 30.0) -> Iterator[Any]:
        if self.taken:
            raise LeaseHeld
        self.names.append(name)

        def check() -> None:
            self.left -= 1
            if self.left < 0:
                raise LeaseHeld

        yield SimpleNamespace(token=1, check=check)


def waiting(number: int = 0, **values: Any) -> Delivery:
    """Return a delivery that is due."""
    at = NOW - timedelta(minutes=60 - number)
    made = Delivery(
        id=f"d{number:03}", alarm_id=f"a{number}", event=AlarmEvent.OPENED, payload={}, at=at, next_at=at
    )
    return replace(made, **values)


def sending(rows: Rows, webhook: Webhook | None, leases: OneAtATime | None = None) -> Deliveries:
    """Return a sender over these."""
    return Deliveries(store=rows, webhook=webhook, leases=leases or OneAtATime())


def test_what_is_told() -> None:
    """The kind, when it happened, and what a person needs to act; JSON, with the words of topics and no question."""
    told = content(standing_alarm(), AlarmEvent.OPENED, OPENED)
    assert json.loads(json.dumps(told)) == {
        "type": "alarm.opened",
        "timestamp": "2026-03-01T12:30:00+00:00",
        "data": {
            "id": "aaaaaaaa-1111-4111-8111-111111111111",
            "tenant": "default",
            "cause": "documents_missing",
            "remedy": "write_documents",
            "sentence": "41 of the newest 200 questions are about something that no document is about.",
            "action": "Write documents on: parental leave.",
            "signals": ["topics", "fit"],
            "since": "2026-02-27T00:00:00+00:00",
            "opened_at": "2026-03-01T12:30:00+00:00",
            "acknowledged_by": None,
            "acknowledged_at": None,
            "ended_at": None,
            "ended_by": None,
            "topics": [{"words": ["leave", "parental"], "count": 41}],
            "path": "/v1/ops/alarms/aaaaaaaa-1111-4111-8111-111111111111",
        },
    }


def test_what_is_told_of_an_end_and_of_many_topics() -> None:
    """Who knew of it and what ended it; a receiver never gets more than some kilobytes."""
    topic = Topic(words=("word",) * 50, share=0.01, count=3, examples=(), interactions=())
    alarm = standing_alarm()
    alarm = replace(
        alarm,
        sentence="s" * 10_000,
        diagnosis=replace(alarm.diagnosis, topics=(topic,) * 100),
        acknowledged_by="ann",
        acknowledged_at=NOW,
        ended_at=NOW,
        ended_by=AlarmEnd.REMEDY,
    )
    told = content(alarm, AlarmEvent.ENDED, NOW)
    assert told["type"] == "alarm.ended"
    assert (told["data"]["acknowledged_by"], told["data"]["ended_by"]) == ("ann", "remedy")
    assert (len(told["data"]["topics"]), len(told["data"]["topics"][0]["words"])) == (10, 10)
    assert len(json.dumps(told)) < 8_000


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, {}, ["opened"]),
        ({}, {}, []),
        ({}, {"comment": "looked at"}, []),
        ({}, {"acknowledged_by": "ann"}, ["acknowledged"]),
        ({"acknowledged_by": "ann"}, {"acknowledged_by": "bob"}, []),
        ({}, {"ended_at": NOW}, ["ended"]),
        ({}, {"acknowledged_by": "ann", "ended_at": NOW}, ["acknowledged", "ended"]),
        ({"ended_at": NOW}, {"ended_at": NOW}, []),
        (None, {"ended_at": NOW}, ["opened", "ended"]),
    ],
)
def test_what_happened_to_an_alarm(
    before: dict[str, Any] | None, after: dict[str, Any], expected: list[str]
) -> None:
    """A change of anything else is no event."""
    was = None if before is None else standing_alarm(**before)
    assert list(alarm_events(was, standing_alarm(**after))) == expected


def test_what_a_report_did_to_alarms() -> None:
    """Those that it opened, and those that ended by it; what a person ended at that moment is no doing of its."""
    report = drift_report()
    opened = standing_alarm(id="1", report=report.id)
    confirmed = standing_alarm(id="2", report="earlier")
    ended = replace(confirmed, id="3", ended_at=report.created_at, ended_by=AlarmEnd.PROMOTION)
    by_hand = replace(ended, id="4", ended_by=AlarmEnd.PERSON)
    long_ago = replace(ended, id="5", ended_at=NOW)
    assert of_report(report, [opened, confirmed, ended, by_hand, long_ago]) == [
        (opened, AlarmEvent.OPENED),
        (ended, AlarmEvent.ENDED),
    ]


def test_pauses_grow_for_a_day_and_end() -> None:
    """Soon at first, then seldom; a receiver that is away overnight misses nothing."""
    pauses = [pause(failed) for failed in range(1, len(PAUSES) + 2)]
    assert pauses[:3] == [timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5)]
    assert pauses[-1] is None
    assert sorted(PAUSES) == list(PAUSES)
    assert timedelta(hours=20) < sum(PAUSES, timedelta()) < timedelta(hours=30)


@pytest.mark.parametrize(
    ("asked_s", "expected"),
    [
        (None, timedelta(seconds=10)),
        (0.0, timedelta(seconds=10)),
        (5.0, timedelta(seconds=10)),
        (600.0, timedelta(minutes=10)),
        (1e300, PAUSES[-1]),
        (float("inf"), PAUSES[-1]),
    ],
)
def test_a_receiver_may_ask_for_a_longer_pause(asked_s: float | None, expected: timedelta) -> None:
    """Not for a shorter one, and not for one that never ends."""
    assert pause(1, asked_s) == expected


def test_everything_due_is_sent_in_turn() -> None:
    """The longest due first; what is not due is left."""
    rows = Rows([waiting(2), waiting(1), waiting(3, next_at=NOW + timedelta(seconds=1))])
    receiver, leases = Receiver(), OneAtATime()
    assert sending(rows, receiver, leases).deliver(clock=lambda: NOW) == 2
    assert receiver.came == ["d001", "d002"]
    assert {each.id: each.delivered_at for each in rows.rows.values()} == {
        "d001": NOW,
        "d002": NOW,
        "d003": None,
    }
    assert len(leases.names) == 1


def test_a_failure_is_put_off_and_ends_the_run() -> None:
    """It is away for the others too; the next run takes the next one first."""
    rows = Rows([waiting(1), waiting(2)])
    receiver = Receiver(UpstreamFailed("status 500"))
    sender = sending(rows, receiver)
    assert sender.deliver(clock=lambda: NOW) == 0
    put_off = rows.rows["d001"]
    assert (put_off.attempts, put_off.error, put_off.next_at) == (1, "status 500", NOW + PAUSES[0])
    assert sender.deliver(clock=lambda: NOW) == 1
    assert sender.deliver(clock=lambda: NOW + PAUSES[0]) == 1
    assert receiver.came == ["d001", "d002", "d001"]


def test_after_the_last_pause_it_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """The log names it, so that somebody can see that nobody was told."""
    rows = Rows([waiting(1)])
    sender = sending(rows, Receiver(*(UpstreamFailed("status 500") for _ in range(20))))
    moments = [NOW]
    with caplog.at_level(logging.ERROR):
        while rows.due(moments[-1], 1):
            sender.deliver(clock=lambda: moments[-1])
            moments.append(max(moments[-1], rows.rows["d001"].next_at))
    assert len(moments) - 1 == len(PAUSES) + 1
    assert rows.rows["d001"].dropped_at == moments[-1]
    (line,) = caplog.messages
    assert line == "that alarm a1 opened was not delivered and is given up after 8 tries: status 500"


def test_a_receiver_that_wants_no_more_is_not_asked_again() -> None:
    """A 410 drops the delivery at once."""
    rows = Rows([waiting(1)])
    receiver = Receiver(Reply.GONE)
    sender = sending(rows, receiver)
    assert sender.deliver(clock=lambda: NOW) == 0
    assert rows.rows["d001"].dropped_at == NOW
    assert sender.deliver(clock=lambda: NOW) == 0
    assert receiver.came == ["d001"]


def test_a_receiver_asks_for_time() -> None:
    """What a refusal names is kept to."""
    rows = Rows([waiting(1)])
    sending(rows, Receiver(UpstreamFailed("busy", retry_after_s=300))).deliver(clock=lambda: NOW)
    assert rows.rows["d001"].next_at == NOW + timedelta(seconds=300)


def test_a_run_is_bounded() -> None:
    """However much waits, the lease is given back now and then."""
    rows = Rows([waiting(number) for number in range(AT_ONCE + 5)])
    sender = sending(rows, Receiver())
    assert [sender.deliver(clock=lambda: NOW) for _ in range(3)] == [AT_ONCE, 5, 0]


def test_one_sender_at_a_time() -> None:
    """Where another one sends, or where the lease was lost meanwhile, nothing is sent twice."""
    rows = Rows([waiting(1), waiting(2)])
    receiver = Receiver()
    assert sending(rows, receiver, OneAtATime(taken=True)).deliver(clock=lambda: NOW) == 0
    assert receiver.came == []
    sending(rows, receiver, OneAtATime(lost_after=1)).deliver(clock=lambda: NOW)
    assert receiver.came == ["d001"]


def test_nothing_due_takes_no_lease() -> None:
    """A service that looks every ten seconds writes nothing for it."""
    leases = OneAtATime()
    assert sending(Rows([]), Receiver(), leases).deliver(clock=lambda: NOW) == 0
    assert sending(Rows([waiting(1)]), None, leases).deliver(clock=lambda: NOW) == 0
    assert leases.names == []


def test_without_a_webhook_deliveries_wait_for_one_and_are_dropped_in_the_end() -> None:
    """One that is set within two days hears of them; a check by hand without the setting loses nothing."""
    rows = Rows([waiting(1), waiting(2, at=NOW - UNWANTED_AFTER, next_at=NOW - UNWANTED_AFTER)])
    assert sending(rows, None).deliver(clock=lambda: NOW) == 0
    assert [each.dropped_at for each in rows.rows.values()] == [None, NOW]
    assert sending(rows, Receiver()).deliver(clock=lambda: NOW) == 1


def test_being_told_to_stop_ends_a_run_between_two() -> None:
    """The service does not wait for everything that is due."""
    rows = Rows([waiting(1), waiting(2)])
    receiver = Receiver()
    sending(rows, receiver).deliver(clock=lambda: NOW, stopping=lambda: len(receiver.came) == 1)
    assert receiver.came == ["d001"]


def test_the_thread_sends_until_it_is_stopped() -> None:
    """Also after the database was away."""

    class Shaky(Rows):
        """Away at first."""

        asked = 0

        @override
        def due(self, now: datetime, limit: int) -> list[Delivery]:
            self.asked += 1
            if self.asked == 1:
                raise Unavailable("the database does not work now")
            return super().due(now, limit)

    receiver = Receiver()
    thread = DeliveryThread(sending(Shaky([waiting(1)]), receiver), interval_s=0.01)
    thread.start()
    until(lambda: receiver.came)
    began = time.monotonic()
    thread.stop()
    thread.stop()
    assert time.monotonic() - began < 5
    assert receiver.came == ["d001"]
