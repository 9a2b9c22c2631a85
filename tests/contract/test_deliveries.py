"""Deliveries and the present state of monitoring, on every database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from doubles.drift_report import FINDING, drift_report
from doubles.standing_alarm import standing_alarm
from sqlalchemy import delete, event, insert

from monitoring.adapters.sql import SqlDeliveries, SqlDriftReports, SqlStateReader
from monitoring.adapters.sql.deliveries import enqueue
from monitoring.adapters.sql.schema import alarms
from monitoring.alarms.delivering import content
from monitoring.domain import (
    Alarm,
    AlarmEnd,
    AlarmEvent,
    Cause,
    Delivery,
    DriftVerdict,
    MonitoringState,
    Remedy,
)
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import to_row
from rag.adapters.sql.stores import Stores

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(any_stores: Stores) -> SqlDeliveries:
    """An empty store."""
    return SqlDeliveries(any_stores.engine)


def write(stores: Stores, alarm: Alarm, *events: tuple[AlarmEvent, datetime]) -> None:
    """Write an alarm and what is to be told of it, in one transaction."""
    with writing(stores.engine) as connection:
        connection.execute(insert(alarms).values(to_row(alarm)))
        for each, at in events:
            enqueue(connection, alarm, each, at)


def test_a_delivery_is_written_with_its_alarm_or_not_at_all(any_stores: Stores, store: SqlDeliveries) -> None:
    """Nothing is told that is not so, and nothing that is so is lost."""
    alarm = standing_alarm()
    with pytest.raises(ZeroDivisionError), writing(any_stores.engine) as connection:
        connection.execute(insert(alarms).values(to_row(alarm)))
        enqueue(connection, alarm, AlarmEvent.OPENED, NOW)
        raise ZeroDivisionError
    assert store.due(NOW, 10) == []

    write(any_stores, alarm, (AlarmEvent.OPENED, NOW))
    (due,) = store.due(NOW, 10)
    assert due == Delivery(
        id=due.id,
        alarm_id=alarm.id,
        event=AlarmEvent.OPENED,
        payload=content(alarm, AlarmEvent.OPENED, NOW),
        at=NOW,
        next_at=NOW,
    )


def test_what_is_due_the_longest_due_first(any_stores: Stores, store: SqlDeliveries) -> None:
    """What was delivered, given up or is put off is not; a limit is kept."""
    for number in range(5):
        write(
            any_stores,
            standing_alarm(id=f"a{number}", cause=list(Cause)[number]),
            (AlarmEvent.OPENED, NOW + number * MINUTE),
        )
    later = NOW + 10 * MINUTE
    ids = [each.id for each in store.due(later, 10)]
    assert [each.alarm_id for each in store.due(later, 10)] == ["a0", "a1", "a2", "a3", "a4"]
    assert [each.alarm_id for each in store.due(later, 2)] == ["a0", "a1"]
    assert [each.alarm_id for each in store.due(NOW + MINUTE, 10)] == ["a0", "a1"]

    store.delivered(ids[0], later)
    store.dropped(ids[1], error="gone", at=later)
    store.failed(ids[2], error="status 500", next_at=later + MINUTE)
    store.failed(ids[3], error="status 500", next_at=later)
    assert [each.alarm_id for each in store.due(later, 10)] == ["a4", "a3"]
    put_off = store.due(later + MINUTE, 10)[-1]
    assert (put_off.alarm_id, put_off.attempts, put_off.error) == ("a2", 1, "status 500")
    store.failed(ids[2], error="status 502", next_at=later)
    assert [(e.attempts, e.error) for e in store.due(later, 10) if e.id == ids[2]] == [(2, "status 502")]


def test_an_alarm_is_told_in_order(any_stores: Stores, store: SqlDeliveries) -> None:
    """That it ended is not told before that it opened was, or was given up; another alarm does not wait."""
    write(
        any_stores,
        standing_alarm(id="first"),
        (AlarmEvent.ENDED, NOW),
        (AlarmEvent.ACKNOWLEDGED, NOW),
        (AlarmEvent.OPENED, NOW - MINUTE),
    )
    write(any_stores, standing_alarm(id="second", cause=Cause.UNKNOWN), (AlarmEvent.ENDED, NOW))
    opened, other = store.due(NOW, 10)
    assert [(opened.alarm_id, opened.event), (other.alarm_id, other.event)] == [
        ("first", "opened"),
        ("second", "ended"),
    ]
    store.delivered(other.id, NOW)
    store.failed(opened.id, error="status 500", next_at=NOW + MINUTE)
    assert store.due(NOW, 10) == []
    store.dropped(opened.id, error="status 500", at=NOW)
    told = []
    while due := store.due(NOW, 10):
        (each,) = due
        told.append(each.event.value)
        store.delivered(each.id, NOW)
    assert told == ["acknowledged", "ended"]


def test_what_did_not_arrive_is_counted(any_stores: Stores, store: SqlDeliveries) -> None:
    """What waits, put off or not, and what was given up lately; an alarm that is removed takes its own along."""
    for number in range(4):
        write(
            any_stores, standing_alarm(id=f"a{number}", cause=list(Cause)[number]), (AlarmEvent.OPENED, NOW)
        )
    due = store.due(NOW, 10)
    store.delivered(due[0].id, NOW)
    store.dropped(due[1].id, error="gone", at=NOW)
    store.failed(due[2].id, error="status 500", next_at=NOW + MINUTE)
    assert store.undelivered(dropped_since=NOW) == 3
    assert store.undelivered(dropped_since=NOW + MINUTE) == 2
    with writing(any_stores.engine) as connection:
        connection.execute(delete(alarms).where(alarms.c.id == due[3].alarm_id))
    assert store.undelivered(dropped_since=NOW + MINUTE) == 1


def test_nothing_was_checked_yet(any_stores: Stores) -> None:
    """An empty database has a state too."""
    assert SqlStateReader(any_stores.engine).state(tenant="default", now=NOW) == MonitoringState()


def test_the_present_state(any_stores: Stores) -> None:
    """Alarms of every tenant that stand, the newest report's findings, and what was not delivered."""
    reports = SqlDriftReports(any_stores.engine)
    calm = replace(FINDING, verdict=DriftVerdict.CALM)
    reports.add(drift_report(id="older", created_at=NOW - MINUTE, findings=(calm,)))
    reports.add(drift_report(id="newest", created_at=NOW))
    reports.add(drift_report(id="theirs", tenant="theirs", created_at=NOW + MINUTE, findings=()))
    write(any_stores, standing_alarm(id="ours", opened_at=NOW), (AlarmEvent.OPENED, NOW))
    write(
        any_stores,
        standing_alarm(
            id="theirs",
            tenant="theirs",
            cause=Cause.NOT_FOUND,
            remedy=Remedy.RETRAIN,
            opened_at=NOW + MINUTE,
            acknowledged_by="ann",
        ),
    )
    write(any_stores, standing_alarm(id="over", ended_at=NOW, ended_by=AlarmEnd.PERSON))

    state = SqlStateReader(any_stores.engine).state(tenant="default", now=NOW)
    assert [
        (each.cause.value, each.remedy.value, each.opened_at, each.acknowledged) for each in state.alarms
    ] == [
        ("documents_missing", "write_documents", NOW, False),
        ("not_found", "retrain", NOW + MINUTE, True),
    ]
    assert (state.checked_at, state.findings, state.undelivered) == (NOW, (FINDING,), 1)


def test_where_nothing_was_new_the_findings_before_stand(any_stores: Stores) -> None:
    """A check without questions reads a few signals only; what it reads is newer."""
    reports = SqlDriftReports(any_stores.engine)
    golden = replace(FINDING, name="golden_recall@10", current=0.5)
    topics = replace(FINDING, name="topics")
    reports.add(drift_report(id="asked", created_at=NOW, findings=(topics, replace(golden, current=0.7))))
    for number in range(1, 4):
        reports.add(
            drift_report(
                id=f"quiet{number}",
                created_at=NOW + number * MINUTE,
                verdict=DriftVerdict.NOTHING_NEW,
                findings=(golden,),
            )
        )
    state = SqlStateReader(any_stores.engine).state(tenant="default", now=NOW)
    assert (state.checked_at, state.findings) == (NOW + 3 * MINUTE, (golden, topics))


def test_reports_over_all_tenants_stand_in_for_those_of_one(any_stores: Stores) -> None:
    """Where only all tenants together are checked, that is shown."""
    SqlDriftReports(any_stores.engine).add(drift_report(id="all", tenant="*", created_at=NOW))
    state = SqlStateReader(any_stores.engine).state(tenant="default", now=NOW)
    assert (state.checked_at, state.findings) == (NOW, (FINDING,))


def test_the_state_costs_the_same_however_much_is_kept(any_stores: Stores) -> None:
    """A handful of statements, none of which reads a snapshot or the findings of more than two reports."""
    reports = SqlDriftReports(any_stores.engine)
    for number in range(60):
        reports.add(
            drift_report(
                id=f"{number}",
                created_at=NOW + number * MINUTE,
                verdict=DriftVerdict.NOTHING_NEW,
                findings=(),
            )
        )
    statements: list[str] = []
    event.listen(
        any_stores.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_rest: statements.append(sql)
    )
    SqlStateReader(any_stores.engine).state(tenant="default", now=NOW)
    assert len([each for each in statements if "SELECT" in each]) <= 5
    assert not any("snapshot" in each for each in statements)
