"""Alarms, on every database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from doubles.watched import AT, alarm, diagnosis, report

from monitoring.adapters.sql import SqlAlarms, SqlDeliveries
from monitoring.alarms.alarming import ASKED_FOR, Alarms
from monitoring.domain import Alarm, AlarmEnd, AlarmEvent, Cause, Remedy
from rag.adapters.sql.stores import Stores
from rag.domain import utcnow
from rag.errors import Conflict, InvalidInput, NotFound


@pytest.fixture
def store(any_stores: Stores) -> SqlAlarms:
    """An empty store."""
    return SqlAlarms(any_stores.engine)


@pytest.fixture
def alarms(any_stores: Stores, store: SqlAlarms) -> Alarms:
    """Alarms over it; one release serves."""
    return Alarms(store=store, audit=any_stores.audit, alike=lambda digest: digest == "live")


def test_an_alarm_comes_back_as_it_was_written(store: SqlAlarms) -> None:
    """Its diagnosis with topics included."""
    written = alarm(
        was=(Cause.UNKNOWN,), acknowledged_by="ann", acknowledged_at=AT, retraining="c1", retraining_at=AT
    )
    store.add(written)
    assert written == store.get(written.id)
    assert written == store.get(written.id[:7], tenant="default")
    with pytest.raises(NotFound):
        store.get(written.id, tenant="other")


def test_one_stands_for_one_cause_of_a_tenant(store: SqlAlarms) -> None:
    """Another tenant, another cause, or one that ended, is no conflict."""
    first = alarm(id="a1aa")
    store.add(first)
    with pytest.raises(Conflict):
        store.add(alarm(id="a2aa"))
    store.add(alarm(id="a3aa", tenant="other"))
    store.add(alarm(Cause.UNKNOWN, id="a4aa"))
    store.change(first.id, lambda each: replace(each, ended_at=AT, ended_by=AlarmEnd.PERSON))
    store.add(alarm(id="a5aa", opened_at=AT + timedelta(hours=1)))

    assert ["a4aa", "a5aa"] == [each.id for each in store.standing(tenant="default")]
    assert ["a5aa", "a1aa", "a4aa"] == [each.id for each in store.newest(tenant="default")]
    assert 3 == len(store.standing())


def test_of_checks_at_once_one_opens_it(store: SqlAlarms) -> None:
    """The database holds it, whatever each of them has read before."""

    def open_one(number: int) -> bool:
        try:
            store.add(alarm(id=f"alarm{number}"))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert 1 == sum(pool.map(open_one, range(8)))


def test_what_people_say_while_a_check_runs_is_kept(store: SqlAlarms, alarms: Alarms) -> None:
    """The check read the alarm before somebody acknowledged it, and writes it after."""
    store.add(alarm())
    stale = store.standing()
    alarms.acknowledge(alarm().id, tenant="default", principal="ann", comment="on it")
    read = store.standing
    store.standing = lambda **_: stale  # type: ignore[method-assign]  # as read before
    store.newest = lambda *_, **__: stale  # type: ignore[method-assign]
    alarms.follow(report(diagnosis(Cause.NOT_FOUND), says=("fit",)), None)
    store.standing = read  # type: ignore[method-assign]

    (kept,) = store.standing()
    assert ("ann", "on it", ("topics", "fit")) == (kept.acknowledged_by, kept.comment, kept.signals)


def test_a_report_that_is_followed_twice_changes_nothing_more(store: SqlAlarms, alarms: Alarms) -> None:
    """A check that was killed after it wrote the alarm is made again."""
    said = report(diagnosis(Cause.NOT_FOUND))
    alarms.follow(said, None)
    once = store.newest()
    alarms.follow(said, None)
    assert once == store.newest()


def test_who_knows_and_who_ended_it_is_audited(any_stores: Stores, store: SqlAlarms, alarms: Alarms) -> None:
    """An end takes a comment; what has ended ends no second time."""
    store.add(alarm())
    alarms.acknowledge("alarm-not", tenant="default", principal="ann")
    with pytest.raises(InvalidInput):
        alarms.end("alarm-not", tenant="default", principal="ann", comment=" ")
    done = alarms.end("alarm-not", tenant="default", principal="bob", comment="a fair, for a week")

    assert (AlarmEnd.PERSON, "bob", "a fair, for a week", "ann") == (
        done.ended_by,
        done.ended_who,
        done.comment,
        done.acknowledged_by,
    )
    with pytest.raises(Conflict):
        alarms.end("alarm-not", tenant="default", principal="bob", comment="again")
    with pytest.raises(Conflict):
        alarms.acknowledge("alarm-not", tenant="default", principal="bob")
    with pytest.raises(NotFound):
        alarms.acknowledge("alarm-not", tenant="other", principal="eve")
    assert [("bob", "end alarm"), ("ann", "acknowledge alarm")] == [
        (each.principal, each.action) for each in any_stores.audit.newest()
    ]


def test_a_retraining_is_written_onto_its_alarm(store: SqlAlarms, alarms: Alarms) -> None:
    """First that one was asked for, then which candidate came of it; the moment stays the first."""
    store.add(alarm())
    alarms.retraining([alarm().id])
    first: Alarm = store.get(alarm().id)
    alarms.retraining([alarm().id], "c1")
    then = store.get(alarm().id)

    assert (ASKED_FOR, "c1") == (first.retraining, then.retraining)
    assert first.retraining_at == then.retraining_at is not None
    assert not then.wants_retraining


def test_a_promotion_ends_what_stood_before_it(store: SqlAlarms, alarms: Alarms) -> None:
    """The next report closes it, and may open one of the same cause under the new release."""
    store.add(alarm(release="before"))
    changes = alarms.follow(report(diagnosis(Cause.NOT_FOUND)), None)
    assert [AlarmEnd.PROMOTION] == [each.ended_by for each in changes.ended]
    assert [Remedy.RETRAIN] == [each.remedy for each in changes.opened]
    assert 1 == len(store.standing())


def test_the_webhook_hears_of_what_happened_and_of_nothing_else(
    any_stores: Stores, store: SqlAlarms, alarms: Alarms
) -> None:
    """Each event is written with the alarm; a check that confirms it, or a retraining, is no event."""
    told = SqlDeliveries(any_stores.engine)

    def heard() -> list[str]:
        found = []
        while due := told.due(utcnow() + timedelta(days=1), 10):
            found += [each.payload["type"] for each in due]
            for each in due:
                told.delivered(each.id, utcnow())
        return found

    alarms.follow(report(diagnosis(Cause.NOT_FOUND)), None)
    assert ["alarm.opened"] == heard()
    alarms.follow(report(diagnosis(Cause.NOT_FOUND), id="r3"), None)
    (standing,) = store.standing()
    alarms.retraining([standing.id])
    assert [] == heard()
    alarms.acknowledge(standing.id, tenant="default", principal="ann")
    alarms.acknowledge(standing.id, tenant="default", principal="bob")
    assert ["alarm.acknowledged"] == heard()
    alarms.end(standing.id, tenant="default", principal="bob", comment="a fair")
    assert ["alarm.ended"] == heard()


def test_an_alarm_that_could_not_be_written_is_not_told(any_stores: Stores, store: SqlAlarms) -> None:
    """Both are in one transaction: of two checks at once one opens it, and one is told."""
    store.add(alarm(id="a1aa"))
    with pytest.raises(Conflict):
        store.add(alarm(id="a2aa"))
    with pytest.raises(Conflict):
        store.change("a1aa", _refused)
    due = SqlDeliveries(any_stores.engine).due(utcnow() + timedelta(days=1), 10)
    assert [("a1aa", AlarmEvent.OPENED)] == [(each.alarm_id, each.event) for each in due]


def _refused(_alarm: Alarm) -> Alarm:
    raise Conflict("no")
