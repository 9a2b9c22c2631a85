"""The log of questions over a real SQLite file that is locked, loses its table, and comes back."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doubles.waiting import until

from rag.adapters.sql.stores import Stores
from rag.domain import Interaction, InteractionStatus, LoggedHit, new_id, utcnow
from rag.errors import Unavailable
from rag.log.logbook import Logbook
from rag.log.records import packed
from rag.log.spool import Spool


def asked(question: str = "When is lunch?", **more: Any) -> Interaction:
    """Return an interaction with something in each kind of field."""
    values: dict[str, Any] = {
        "id": new_id(),
        "tenant": "default",
        "principal": "local",
        "asked_at": utcnow(),
        "question": question,
        "hits": (LoggedHit(passage_id="p", document_id="d", rank=1, score=0.75),),
        "answer": "At noon [1].\nÜber 1 €\u2028.",
        "cited": ("p",),
        "release": "r",
        "epoch": 1,
        "generator": "extractive",
        "status": InteractionStatus.ANSWERED,
        "first_token_ms": 1.5,
        "auxiliary": True,
    }
    return Interaction(**values | more)


Make = Callable[..., Logbook]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool of a megabyte."""
    return Spool(tmp_path / "spool", 1_000_000)


@pytest.fixture
def make(stores: Stores, spool: Spool) -> Iterator[Make]:
    """Makes logs that lose patience and try again soon."""
    made: list[Logbook] = []

    def once(spool: Spool = spool, interactions: Any = stores.interactions, **more: Any) -> Logbook:
        made.append(Logbook(interactions, spool, **{"patience_s": 0.15, "retry_s": 0.05} | more))
        return made[-1]

    yield once
    for log in made:
        log.close()


@contextmanager
def locked(stores: Stores) -> Iterator[None]:
    """Hold SQLite's write lock, as another process may."""
    with closing(sqlite3.connect(stores.engine.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def write(log: Logbook, *interactions: Interaction) -> list[BaseException | None]:
    """Write them all at once; give what each raised."""

    async def all_of_them() -> list[BaseException | None]:
        return await asyncio.gather(*map(log.write, interactions), return_exceptions=True)

    return asyncio.run(all_of_them())


def test_what_was_written_is_in_the_database(make: Make, stores: Stores, tmp_path: Path) -> None:
    """On return the row is there, as it was given, seen by another connection; the spool is not touched."""
    interaction = asked()
    log = make()

    assert [None] == write(log, interaction)
    assert interaction == stores.interactions.get(interaction.id, tenant="default")
    assert not (tmp_path / "spool").exists()
    assert ("", 0) == (log.state().away, log.state().spooled)


def test_many_at_once_share_transactions(make: Make, stores: Stores) -> None:
    """Two hundred that come together are all there, and took far fewer commits."""
    commits: list[int] = []
    add_all = stores.interactions.add_all

    class Counting:
        """The store, counting."""

        def add_all(self, given: Any) -> None:
            commits.append(len(given))
            add_all(given)

    log = make(interactions=Counting())
    assert [None] * 200 == write(log, *(asked() for _ in range(200)))
    assert 200 == stores.interactions.count() == sum(commits)
    assert len(commits) < 50


def test_a_locked_database_does_not_hold_up_answers(make: Make, stores: Stores) -> None:
    """Past its patience the log spools, without waiting anew for each; once the lock is gone all is in the database."""
    log = make(patience_s=1.0)
    given = [asked(f"question {number}") for number in range(12)]
    assert [None] == write(log, given[0])
    with locked(stores):
        began = time.perf_counter()
        assert [None] == write(log, given[1])
        assert 0.9 < time.perf_counter() - began < 5
        began = time.perf_counter()
        assert [None] * 10 == write(log, *given[2:])
        assert time.perf_counter() - began < 1
        state = log.state()
        assert "did not answer within 1 s" in state.away
        assert (11, False) == (state.spooled, state.full)
        log.check()

    until(lambda: not log.state().away)
    assert 0 == log.state().spooled
    assert 12 == stores.interactions.count()
    for interaction in given:
        assert interaction == stores.interactions.get(interaction.id, tenant="default")
    assert [None] == write(log, asked())
    assert 13 == stores.interactions.count()


def test_a_full_spool_refuses_beforehand(make: Make, stores: Stores, tmp_path: Path) -> None:
    """Near the limit `check` refuses new questions, while those under way still fit; beyond it `write` refuses."""
    log = make(Spool(tmp_path / "small", 8_000))
    refused = []
    with locked(stores):
        log.check()
        for _ in range(40):
            try:
                log.check()
            except Unavailable as error:
                refused.append(error)
            (outcome,) = write(log, asked())
            if outcome is not None:
                break
        assert isinstance(outcome, Unavailable)
        assert len(refused) > 2
        assert "WHETSTONE_SPOOL_BYTES" in str(refused[0])
        assert log.state().full
        kept = log.state().spooled

    until(lambda: not log.state().away)
    log.check()
    assert kept <= stores.interactions.count() <= kept + 1


def test_without_a_spool_a_database_that_is_away_is_an_error(
    make: Make, stores: Stores, tmp_path: Path
) -> None:
    """Nothing is acknowledged that is not durable; when the database is back questions are taken again."""
    log = make(Spool(tmp_path / "none", 0))
    with locked(stores):
        assert isinstance(write(log, asked())[0], Unavailable)
        with pytest.raises(Unavailable):
            log.check()
    until(lambda: not log.state().away)
    log.check()
    assert [None] == write(log, asked())


def test_one_that_the_database_does_not_want_spoils_no_other(make: Make, stores: Stores) -> None:
    """Its asker hears of it, the others are written, and the database is not taken for away."""
    unwanted = asked(epoch=None)
    log = make()
    outcomes = write(log, asked(), unwanted, asked())

    assert [None, None] == [outcomes[0], outcomes[2]]
    assert isinstance(outcomes[1], Exception)
    assert 2 == stores.interactions.count()
    assert "" == log.state().away


def test_spooled_records_that_nobody_wants_are_put_aside(make: Make, stores: Stores, tmp_path: Path) -> None:
    """What SQL refuses or nobody can read does not hold up the rest, and is kept for a person."""
    log = make()
    good, unwanted = asked(), asked(epoch=None)
    with locked(stores):
        assert [None] * 3 == write(log, asked(), unwanted, good)
    until(lambda: not log.state().away)

    assert good == stores.interactions.get(good.id, tenant="default")
    (kept,) = (tmp_path / "spool" / "refused.jsonl").read_text().splitlines()
    assert unwanted.id == json.loads(kept)["id"]


def test_a_table_that_is_gone_is_waited_for(make: Make, stores: Stores) -> None:
    """A database in no state to take anything is no reason to throw questions away."""
    log = make()
    with stores.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("ALTER TABLE interactions RENAME TO elsewhere")
        connection.commit()
    assert [None] == write(log, asked())
    assert log.state().away
    with stores.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO interactions")
        connection.commit()
    until(lambda: not log.state().away)
    assert 1 == stores.interactions.count()


def test_what_a_dead_process_left_is_brought_to_the_database(
    make: Make, stores: Stores, tmp_path: Path
) -> None:
    """At the start, before any question; what the database has already stays one row, as it is there."""
    known, new = asked(), asked()
    stores.interactions.add_all([known])
    dead = Spool(tmp_path / "spool", 1_000_000)
    dead.append([packed(replace(known, answer="another")), packed(new)])
    dead.close()

    log = make()
    log.start()
    until(lambda: stores.interactions.count() == 2)
    assert known == stores.interactions.get(known.id, tenant="default")
    assert new == stores.interactions.get(new.id, tenant="default")
    until(lambda: not list((tmp_path / "spool").iterdir()))


def test_closing_writes_what_came(stores: Stores, spool: Spool) -> None:
    """A closed log has everything in the database, and takes nothing more."""
    log = Logbook(stores.interactions, spool)
    given = [asked() for _ in range(50)]
    assert [None] * 50 == write(log, *given)
    log.close()
    log.close()

    assert isinstance(write(log, asked())[0], Unavailable)
    assert 50 == stores.interactions.count()


def test_closing_does_not_wait_long_for_a_database_that_hangs(stores: Stores, tmp_path: Path) -> None:
    """What the database did not take is in the spool, and the next start brings it there."""
    log = Logbook(stores.interactions, Spool(tmp_path / "spool", 1_000_000), patience_s=30)
    outcome: list[Any] = []
    writing = threading.Thread(target=lambda: outcome.extend(write(log, asked(), asked())))
    with locked(stores):
        writing.start()
        until(lambda: bool(log._in_hand))
        began = time.perf_counter()
        log.close(timeout_s=0.2)
        assert time.perf_counter() - began < 2
        writing.join()
        assert [None, None] == outcome
        heir = Spool(tmp_path / "spool", 1_000_000)
        assert 2 == heir.adopt()
        heir.close()


def test_a_writer_that_is_cancelled_is_written_nevertheless(make: Make, stores: Stores) -> None:
    """A client that leaves at the last moment leaves a row."""
    log = make(patience_s=5)

    async def leave() -> None:
        writing = asyncio.create_task(log.write(asked()))
        await asyncio.to_thread(until, lambda: bool(log._in_hand))
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing

    with locked(stores):
        asyncio.run(leave())
    until(lambda: stores.interactions.count() == 1)
