"""The log, read thinned, on every database."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from doubles.asked import NOON, asked
from sqlalchemy import Engine, null, update

from monitoring.adapters.sql import SqlAskedLog
from monitoring.adapters.sql.asked import LATE, OVERLAP, PAGE
from monitoring.domain import Unread
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.schema.log import interactions
from rag.adapters.sql.stores import Stores
from rag.domain import Interaction, InteractionStatus, utcnow

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def log(any_stores: Stores) -> SqlAskedLog:
    """The log of a fresh database."""
    return SqlAskedLog(any_stores.engine)


def read(
    log: SqlAskedLog,
    *,
    tenant: str = "default",
    after: datetime | None = None,
    since: datetime = BEGINNING,
    limit: int = 1_000,
) -> Unread:
    """Return what is new."""
    return log.unread(tenant=tenant, after=after, since=since, limit=limit)


def ids(unread: Unread) -> list[str]:
    """Return which interactions it has."""
    return [each.id for each in unread.asked]


def logged(engine: Engine, given: Interaction, at: datetime) -> None:
    """Make it one that was written at that moment."""
    with writing(engine) as connection:
        mine = interactions.c.id == given.id
        connection.execute(update(interactions).where(mine).values(logged_at=at))


def unkeyed(engine: Engine) -> None:
    """Make the whole log one from before texts had keys."""
    with writing(engine) as connection:
        connection.execute(update(interactions).values(logged_at=null(), text_key=null()))


def test_an_empty_log(log: SqlAskedLog) -> None:
    """Has nothing new; what comes is read from here on."""
    assert () == read(log).asked
    assert abs(utcnow() - read(log).until) < timedelta(minutes=1)
    assert Unread(asked=(), until=NOON) == read(log, after=NOON)


def test_questions_in_the_order_of_asking(any_stores: Stores, log: SqlAskedLog) -> None:
    """In whatever order they were written."""
    late, early = asked("b", 5), asked("a", 1)
    any_stores.interactions.add_all([late, early])
    unread = read(log)
    assert [early.id, late.id] == ids(unread)
    assert [early.asked_at, late.asked_at] == [each.asked_at for each in unread.asked]
    assert [early.text_key, late.text_key] == [each.text_key for each in unread.asked]


def test_a_probe_is_one_row(any_stores: Stores, log: SqlAskedLog) -> None:
    """However often it asks between two checks, whoever asks the same, whatever case and blanks."""
    probe = [asked("Are you  there?" if at % 2 else " are YOU there?", at / 2) for at in range(PAGE - 10)]
    others = [asked(f"question {at}", 30 * at, principal=f"p{at}") for at in range(5)]
    any_stores.interactions.add_all([*probe, *others])
    unread = read(log)
    assert 6 == len(unread.asked)
    assert {each.id for each in others} <= set(ids(unread))
    assert 1 == len({each.id for each in probe} & set(ids(unread)))


def test_a_page_of_repeats_is_a_row(any_stores: Stores, log: SqlAskedLog) -> None:
    """What is repeated beyond the reach of a repeat may count again, so it is given again."""
    any_stores.interactions.add_all([asked("again", at) for at in range(2 * PAGE + 1)])
    assert 3 == len(read(log).asked)


@pytest.mark.parametrize(
    "nobodys",
    [
        asked(" \n\t"),
        asked("", rewritten=" "),
        asked("Title of this chat?", auxiliary=True),
        asked("### Task: suggest three follow-ups"),
    ],
)
def test_what_nobody_asked_is_left_out(any_stores: Stores, log: SqlAskedLog, nobodys: Interaction) -> None:
    """Blank texts and a chat front end's chores, also from before these were marked and before texts had keys."""
    somebodys = asked("Why?", 3)
    any_stores.interactions.add_all([nobodys, somebodys])
    assert [somebodys.id] == ids(read(log))
    unkeyed(any_stores.engine)
    assert [somebodys.id] == ids(read(log))


@pytest.mark.parametrize("status", InteractionStatus)
def test_how_a_question_ended_does_not_matter(
    any_stores: Stores, log: SqlAskedLog, status: InteractionStatus
) -> None:
    """Somebody asked it."""
    one = asked("Why?", status=status)
    any_stores.interactions.add_all([one])
    assert [one.id] == ids(read(log))


def test_of_one_tenant_or_of_all(any_stores: Stores, log: SqlAskedLog) -> None:
    """All together are a star; there the same text in two tenants is one text."""
    ours, theirs = asked("Why?"), asked("why?", 1, tenant="theirs")
    other = asked("How?", 2, tenant="theirs")
    any_stores.interactions.add_all([ours, theirs, other])
    assert [ours.id] == ids(read(log))
    assert [theirs.id, other.id] == ids(read(log, tenant="theirs"))
    assert [] == ids(read(log, tenant="nobody"))
    assert {ours.text_key, other.text_key} == {each.text_key for each in read(log, tenant="*").asked}
    assert 2 == len(read(log, tenant="*").asked)


def test_only_what_was_written_since(any_stores: Stores, log: SqlAskedLog) -> None:
    """A check goes on where the last one was."""
    before, now = asked("before", 0), asked("now", 60)
    any_stores.interactions.add_all([before, now])
    logged(any_stores.engine, before, NOON)
    logged(any_stores.engine, now, NOON + timedelta(hours=1))
    first = read(log)
    assert NOON + timedelta(hours=1) == first.until
    assert [now.id] == ids(read(log, after=NOON + timedelta(minutes=1)))
    assert [] == ids(read(log, after=NOON + timedelta(hours=1, minutes=1)))


@pytest.mark.parametrize("hours", [0.01, 1, 48])
def test_what_was_logged_late_is_not_lost(any_stores: Stores, log: SqlAskedLog, hours: float) -> None:
    """It waited beside the database while later ones were written, and read."""
    prompt = asked("prompt", 60 * hours)
    any_stores.interactions.add_all([prompt])
    first = read(log)
    late = asked("late", 0)
    any_stores.interactions.add_all([late])
    assert late.id in ids(read(log, after=first.until))


def test_what_another_process_committed_late_is_not_lost(any_stores: Stores, log: SqlAskedLog) -> None:
    """Its moment lies a little before what was read meanwhile."""
    one, other = asked("one"), asked("other", 1)
    any_stores.interactions.add_all([one])
    logged(any_stores.engine, one, NOON)
    assert NOON == read(log).until
    any_stores.interactions.add_all([other])
    overlap = OVERLAP[any_stores.engine.dialect.name]
    logged(any_stores.engine, other, NOON - overlap / 2)
    # SQLite's writers come one after the other.
    assert bool(overlap) == (other.id in ids(read(log, after=NOON)))


def test_nothing_is_logged_before_what_is_there(any_stores: Stores, log: SqlAskedLog) -> None:
    """Also where a clock was set back, as far as one process writes at a time."""
    if not OVERLAP[any_stores.engine.dialect.name]:
        one, other = asked("one"), asked("other", 1)
        any_stores.interactions.add_all([one])
        ahead = datetime(2100, 1, 1, tzinfo=UTC)
        logged(any_stores.engine, one, ahead)
        any_stores.interactions.add_all([other])
        assert [other.id] == ids(read(log, after=ahead))


def test_what_was_asked_before_is_of_no_concern(any_stores: Stores, log: SqlAskedLog) -> None:
    """A promotion begins anew; with keys or without."""
    before, after = asked("before", 0), asked("after", 2)
    any_stores.interactions.add_all([before, after])
    assert [after.id] == ids(read(log, since=NOON + timedelta(minutes=1)))
    unkeyed(any_stores.engine)
    assert [after.id] == ids(read(log, since=NOON + timedelta(minutes=1)))


def test_of_too_many_the_newest(any_stores: Stores, log: SqlAskedLog) -> None:
    """With keys or without."""
    many = [asked(f"question {at}", at) for at in range(30)]
    any_stores.interactions.add_all(many)
    assert [each.id for each in many[-10:]] == ids(read(log, limit=10))
    unkeyed(any_stores.engine)
    assert [each.id for each in many[-10:]] == ids(read(log, limit=10))


def test_what_people_ask_is_found_behind_a_probe(any_stores: Stores, log: SqlAskedLog) -> None:
    """However much of the end of the log is the probe's: repeats are dropped before anything is limited."""
    people = [asked(f"question {at}", at) for at in range(8)]
    any_stores.interactions.add_all(people)
    for start in range(0, 300, 20):
        any_stores.interactions.add_all([asked("Are you there?", 60 + start + at) for at in range(20)])
    found = ids(read(log, limit=10))
    assert {each.id for each in people} <= set(found)
    assert len(found) <= 10


def test_a_log_of_before_there_were_keys_is_read_once(any_stores: Stores, log: SqlAskedLog) -> None:
    """No row of it is written anew; what came since goes on from it."""
    old = [asked("Why?", 0), asked("How?", 1)]
    any_stores.interactions.add_all(old)
    keys = [each.text_key for each in old]
    unkeyed(any_stores.engine)
    assert keys == [each.text_key for each in read(log).asked]
    new = asked("Where?", 9)
    any_stores.interactions.add_all([new])
    logged(any_stores.engine, new, new.asked_at)
    assert [*(each.id for each in old), new.id] == ids(read(log))
    assert [new.id] == ids(read(log, after=NOON))


def test_rows_without_a_key_are_looked_for_where_they_are(any_stores: Stores, log: SqlAskedLog) -> None:
    """Before the first with one, and a little beyond: else years of the log would be read for nothing."""
    first, old, stray = asked("first"), asked("old", -60), asked("stray", 60 * 24 * 30)
    any_stores.interactions.add_all([old, stray])
    unkeyed(any_stores.engine)
    any_stores.interactions.add_all([first])
    logged(any_stores.engine, first, NOON)
    assert LATE < stray.asked_at - NOON
    assert [old.id, first.id] == ids(read(log))


def test_what_is_known_of_a_question(any_stores: Stores, log: SqlAskedLog) -> None:
    """As it was searched for; what was not judged, and what was neither answered nor refused, is not a number."""
    plain = asked("Why?", support=0.25, language_unknown=True, principal="anna")
    follow_up = asked("And there?", 1, rewritten="Why in Bonn?", status=InteractionStatus.ABSTAINED)
    failed = asked("How?", 2, status=InteractionStatus.FAILED)
    any_stores.interactions.add_all([plain, follow_up, failed])
    known = log.known([plain.id, follow_up.id, failed.id, "unknown"])
    assert {plain.id, follow_up.id, failed.id} == set(known)
    one = known[plain.id]
    assert ("Why?", 0.25, 0.0, True) == (one.text, one.support, one.refused, one.language_unknown)
    assert ("default", "anna", plain.asked_at) == (one.tenant, one.principal, one.asked_at)
    other = known[follow_up.id]
    assert ("Why in Bonn?", 1.0, False) == (other.text, other.refused, other.language_unknown)
    assert np.isnan(other.support)
    assert np.isnan(known[failed.id].refused)
