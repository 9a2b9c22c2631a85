"""The database goes away under load and comes back: questions are answered on, and none that was answered is lost."""

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from doubles.waiting import until


def rows(url: str) -> set[str]:
    """Return the ids of the logged interactions."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = [row[0] for row in connection.execute("SELECT id FROM interactions").fetchall()]
    assert len(found) == len(set(found))
    return set(found)


def judged(url: str) -> list[tuple[str, int]]:
    """Return the ratings with the id of what they are about."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT interaction_id, rating FROM feedback ORDER BY rating").fetchall()
    return [(row[0], row[1]) for row in found]


def spooled(home: Path) -> list[Path]:
    """Return the files of the spools, of questions and of feedback."""
    return sorted((home / "spool").rglob("*.spool"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of the service."""
    return tmp_path / "var"


@pytest.mark.heavy
@pytest.mark.parametrize("way", ["freeze", "kill"])
def test_postgresql_away_under_load(
    mortal_postgres: Any, make_service: Any, load: Any, home: Path, way: str
) -> None:
    """Frozen or killed: answers go on, none takes long, readyz says what is; back again, every one is in SQL once.

    So is the feedback that was given meanwhile, on an answer that SQL has and on one that it does not have yet.
    """
    url = mortal_postgres.url(mortal_postgres.create())
    service = make_service(database_url=url)
    asking = load(service)
    asking.goes_on(10)
    early = asking.acknowledged[0]

    getattr(mortal_postgres, way)()
    asking.goes_on(40)
    ready = service.ready()
    assert (200, True) == (ready["code"], ready["parts"]["sql"]["ready"])
    assert "database away" in ready["parts"]["sql"]["detail"]
    assert spooled(home)
    began = time.monotonic()
    late = asking.acknowledged[-1]
    for interaction, rating in ((early, -1), (late, 1)):
        body = {"interaction_id": interaction, "rating": rating}
        assert 202 == httpx.post(f"{service.url}/v1/feedback", json=body, timeout=60).status_code
    assert time.monotonic() - began < 5

    mortal_postgres.thaw() if way == "freeze" else mortal_postgres.restart()
    until(lambda: service.ready()["parts"]["sql"]["detail"] == "answers")
    asking.goes_on(10)
    asking.stop()
    assert {200} == set(asking.statuses)
    assert asking.slowest_s < 10
    # A server that has just been away may be slow once more; what it is late for waits in the spool, and comes.
    until(lambda: set(asking.acknowledged) <= rows(url))
    until(lambda: judged(url) == [(early, -1), (late, 1)])
    assert 0 == service.end()
    assert [] == spooled(home)


@pytest.mark.heavy
def test_kill_9_with_a_spool(mortal_postgres: Any, make_service: Any, load: Any, home: Path) -> None:
    """A service that is killed while the database is away has its questions brought there by the next one."""
    url = mortal_postgres.url(mortal_postgres.create())
    service = make_service(database_url=url)
    asking = load(service)
    asking.goes_on(5)
    mortal_postgres.kill()
    asking.goes_on(30)
    body = {"interaction_id": asking.acknowledged[-1], "rating": 1}
    assert 202 == httpx.post(f"{service.url}/v1/feedback", json=body, timeout=60).status_code
    service.end(signal.SIGKILL)
    asking.stop()
    assert spooled(home)

    mortal_postgres.restart()
    missing = set(asking.acknowledged) - rows(url)
    assert len(missing) > 10
    make_service(fill=False, database_url=url)
    until(lambda: set(asking.acknowledged) <= rows(url))
    until(lambda: judged(url) == [(body["interaction_id"], 1)])
    until(lambda: not spooled(home))


def test_sqlite_locked_for_long(make_service: Any, load: Any, home: Path) -> None:
    """Another process that holds the write lock delays nobody's answer; let go, every question is in the file."""
    service = make_service()
    asking = load(service, threads=2)
    asking.goes_on(5)
    with closing(sqlite3.connect(home / "whetstone.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asking.goes_on(20)
        assert spooled(home)
        body = {"interaction_id": asking.acknowledged[-1], "rating": 1}
        assert 202 == httpx.post(f"{service.url}/v1/feedback", json=body, timeout=60).status_code
        other.execute("ROLLBACK")
    until(lambda: not service.ready()["parts"]["sql"]["detail"].endswith("on their way to it"))
    asking.stop()
    assert 0 == service.end()

    with closing(sqlite3.connect(home / "whetstone.sqlite")) as file:
        found = {row[0] for row in file.execute("SELECT id FROM interactions")}
        assert [(body["interaction_id"], 1)] == file.execute(
            "SELECT interaction_id, rating FROM feedback"
        ).fetchall()
    assert {200} == set(asking.statuses)
    assert asking.slowest_s < 5
    assert set(asking.acknowledged) <= found
    assert [] == spooled(home)


def test_a_spool_that_is_full_refuses_before_answering(make_service: Any, home: Path) -> None:
    """Then readyz says so and questions get 503; with the database back they are answered again."""
    service = make_service(spool_bytes=10_000)
    with closing(sqlite3.connect(home / "whetstone.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        statuses = [service.ask().status_code for _ in range(20)]
        assert 200 == statuses[0]
        assert [503] * 3 == statuses[-3:]
        refused = service.ask().json()["error"]
        assert "WHETSTONE_SPOOL_BYTES" in refused["message"]
        assert sum(path.stat().st_size for path in spooled(home)) <= 10_000
        other.execute("ROLLBACK")
    until(lambda: service.ask().status_code == 200)
    until(lambda: service.ready()["parts"]["sql"]["detail"] == "answers")
    assert 0 == service.end()
    with closing(sqlite3.connect(home / "whetstone.sqlite")) as file:
        answered = statuses.count(200)
        assert answered + 1 <= file.execute("SELECT count(*) FROM interactions").fetchone()[0]
