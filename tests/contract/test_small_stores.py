"""Index cursors, labelled questions, readings of files, replicas and the audit log, on every database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rag.adapters.sql.stores import Stores
from rag.domain import AuditEntry, LabelledQuestion, Purpose, Reading, Replica, utcnow


def test_cursor_and_backfill_are_kept_apart(any_stores: Stores) -> None:
    """Neither overwrites the other, in whatever order they are written."""
    cursors = any_stores.cursors
    assert (cursors.cursor("a"), cursors.backfill("a")) == (None, None)
    cursors.set_backfill("a", "p1")
    assert (cursors.cursor("a"), cursors.backfill("a")) == (None, "p1")
    cursors.set_cursor("a", 0)
    cursors.set_backfill("a", "p2")
    assert (cursors.cursor("a"), cursors.backfill("a")) == (0, "p2")
    cursors.set_cursor("a", 5)
    cursors.set_backfill("a", None)
    assert (cursors.cursor("a"), cursors.backfill("a")) == (5, None)


def test_an_index_is_forgotten_alone(any_stores: Stores) -> None:
    """Forgetting one index leaves the others."""
    any_stores.cursors.set_cursor("a", 1)
    any_stores.cursors.set_cursor("b", 2)
    any_stores.cursors.forget("a")
    any_stores.cursors.forget("a")
    assert (any_stores.cursors.cursor("a"), any_stores.cursors.cursor("b")) == (None, 2)


def test_readings_are_found_below_their_root(any_stores: Stores) -> None:
    """Of one tenant: the root itself and what is below it, and nothing whose name only begins alike."""
    uris = [f"file:///docs{name}" for name in ("", "/a%20_b.txt", "/c/d.txt", "2/e.txt", ".txt")]
    reading = Reading(tenant="a", uri="", digest="d", reader="1", options="", documents="s")
    readings = [replace(reading, uri=uri) for uri in uris]
    any_stores.readings.put([*readings, replace(reading, tenant="b", uri=uris[1])])

    assert any_stores.readings.below("file:///docs", tenant="a") == {each.uri: each for each in readings[:3]}
    assert any_stores.readings.below("file:///docs/c/", tenant="a").keys() == {uris[2]}
    assert any_stores.readings.below(uris[4], tenant="a").keys() == {uris[4]}
    assert any_stores.readings.below("file:///", tenant="a").keys() == set(uris)
    assert any_stores.readings.below("file:///DOCS", tenant="a") == {}


def test_a_reading_stands_for_the_earlier_one_until_it_is_forgotten(any_stores: Stores) -> None:
    """Written again it is replaced; forgetting leaves those of other files and tenants."""
    first = Reading(tenant="a", uri="file:///x", digest="d", reader="1", options="", documents="s")
    second = replace(first, digest="e", reader="2", options="id='key'", documents="t")
    other, foreign = replace(first, uri="file:///y"), replace(first, tenant="b")
    any_stores.readings.put([first, other, foreign])
    any_stores.readings.put([second])
    any_stores.readings.put([])
    assert any_stores.readings.below("file:///x", tenant="a") == {"file:///x": second}

    any_stores.readings.forget(["file:///x", "file:///never"], tenant="a")
    any_stores.readings.forget([], tenant="a")
    assert any_stores.readings.below("file:///", tenant="a") == {other.uri: other}
    assert any_stores.readings.below("file:///", tenant="b") == {foreign.uri: foreign}


def question(text: str, purpose: Purpose = Purpose.DEV, tenant: str = "default") -> LabelledQuestion:
    """Make a labelled question."""
    return LabelledQuestion.create(
        tenant=tenant, text=text, documents=frozenset({"d2", "d1"}), purpose=purpose, source="file.jsonl"
    )


def test_questions_come_back_in_the_order_of_their_ids(any_stores: Stores) -> None:
    """Of the tenant and purpose asked for; the number of new ones leaves out those that were known."""
    dev = [question(f"What is {number}?") for number in range(5)]
    golden = question("Why ö?", Purpose.GOLDEN)
    foreign = question("What is 0?", tenant="other")
    assert any_stores.questions.put([*dev, golden, foreign, dev[0]]) == 7
    assert any_stores.questions.put([]) == 0

    def in_order(some: list[LabelledQuestion]) -> list[LabelledQuestion]:
        return sorted(some, key=lambda each: each.id)

    assert any_stores.questions.all(tenant="default") == in_order([*dev, golden])
    assert any_stores.questions.all(tenant="default", purpose=Purpose.DEV) == in_order(dev)
    assert any_stores.questions.all(tenant="default", purpose=Purpose.TRAIN) == []
    assert any_stores.questions.all(tenant="other") == [foreign]


def test_a_question_written_again_is_replaced(any_stores: Stores) -> None:
    """A second import corrects labels, and holds back further."""
    first = question("Why?", Purpose.TRAIN)
    any_stores.questions.put([first])
    second = replace(first, documents=frozenset({"d9"}), purpose=Purpose.DEV, source="other.jsonl")
    assert any_stores.questions.put([second, question("How?")]) == 1
    assert second in any_stores.questions.all(tenant="default", purpose=Purpose.DEV)
    third = replace(second, documents=frozenset({"d8"}))
    assert any_stores.questions.put([third]) == 0
    assert third in any_stores.questions.all(tenant="default", purpose=Purpose.DEV)


@pytest.mark.parametrize(
    ("before", "after"),
    [(Purpose.DEV, Purpose.TRAIN), (Purpose.GOLDEN, Purpose.TRAIN), (Purpose.GOLDEN, Purpose.DEV)],
)
def test_a_question_that_is_held_back_stays_so(any_stores: Stores, before: Purpose, after: Purpose) -> None:
    """Whatever comes later leaves it as it is, its labels as well."""
    first = question("Why?", before)
    any_stores.questions.put([first])
    assert any_stores.questions.put([replace(first, purpose=after, documents=frozenset({"d9"}))]) == 0
    assert any_stores.questions.all(tenant="default") == [first]


def test_replicas_live_while_they_beat(any_stores: Stores) -> None:
    """A heartbeat renews the row; one that left or is too old is not alive."""
    now = datetime(2024, 5, 1, tzinfo=UTC)
    first = Replica(id="a", heartbeat_at=now, epoch=1, ready=frozenset())
    second = Replica(id="b", heartbeat_at=now - timedelta(seconds=30), epoch=1, ready=frozenset({"r1"}))
    any_stores.replicas.beat(first)
    any_stores.replicas.beat(second)
    assert any_stores.replicas.alive(since=now - timedelta(seconds=30)) == [first, second]
    assert any_stores.replicas.alive(since=now - timedelta(seconds=29)) == [first]
    renewed = replace(second, heartbeat_at=now, epoch=2, ready=frozenset({"r1", "r2"}))
    any_stores.replicas.beat(renewed)
    assert any_stores.replicas.alive(since=now) == [first, renewed]
    any_stores.replicas.leave("a")
    any_stores.replicas.leave("a")
    assert any_stores.replicas.alive(since=now) == [renewed]


def test_replicas_that_died_long_ago_are_forgotten(any_stores: Stores) -> None:
    """Rows of processes that were killed do not pile up."""
    now = datetime(2024, 5, 1, tzinfo=UTC)
    dead = Replica(id="dead", heartbeat_at=now - timedelta(days=2), epoch=1, ready=frozenset())
    fresh = replace(dead, id="fresh", heartbeat_at=now)
    any_stores.replicas.beat(dead)
    any_stores.replicas.beat(fresh)
    assert any_stores.replicas.alive(since=now - timedelta(days=9)) == [fresh]


def test_the_audit_log_gives_the_newest_first(any_stores: Stores) -> None:
    """In the order in which they were written, whatever their clocks said."""
    entries = [
        AuditEntry(
            at=utcnow() - timedelta(minutes=number),
            principal="ann",
            action="approve",
            subject=f"candidate {number}",
            detail={"comment": "gut", "nested": {"list": [1, 2.5, None, True]}},
        )
        for number in range(4)
    ]
    for entry in entries:
        any_stores.audit.add(entry)
    assert any_stores.audit.newest() == entries[::-1]
    assert any_stores.audit.newest(2) == entries[:1:-1]
