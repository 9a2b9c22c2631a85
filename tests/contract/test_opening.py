"""Opening a database: tables, concurrent openers, and what is said where it cannot be done."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

import monitoring.adapters.sql  # noqa: F401 its table joins the metadata
import retrain.adapters.sql.schema  # noqa: F401 likewise
from rag.adapters.sql.database.migrating import HEAD, MIGRATIONS
from rag.adapters.sql.schema.metadata import metadata
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.errors import IntegrityError, SettingInvalid, Unavailable


@pytest.fixture
def fresh(empty_url: str) -> Iterator[Stores]:
    """Stores whose tables were made by the migrations."""
    stores = open_stores(empty_url)
    yield stores
    stores.close()


def test_the_migrations_give_exactly_the_schema(fresh: Stores) -> None:
    """Tables, columns, types, keys and indexes made by the migrations are those the code works with."""
    with fresh.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": differs})
        assert compare_metadata(context, metadata) == []


def differs(
    _context: Any, _there: Any, _wanted: Any, there: str | None, _default: Any, wanted: str | None
) -> bool:
    """Compare two defaults as text: Alembic asks PostgreSQL, which compares no JSON, and errs over empty text."""

    def plain(default: str | None) -> str | None:
        return None if default is None else default.partition("::")[0].strip("'()")

    return plain(there) != plain(wanted)


def test_head_is_the_newest_revision() -> None:
    """The revision that opening compares with is the newest there is."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_opening_again_keeps_everything_and_is_quick(fresh: Stores, empty_url: str) -> None:
    """A database that is up to date opens in well under 100 ms, and answers."""
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        stores = open_stores(empty_url)
        seconds.append(time.perf_counter() - began)
        stores.ping()
        stores.close()
    assert min(seconds) < 0.1


def test_opening_does_not_load_alembic_where_nothing_is_to_do(fresh: Stores, empty_url: str) -> None:
    """Alembic costs a quarter of a second, so a database that is up to date opens without it."""
    script = (
        "import json, sys; from rag.adapters.sql.stores import open_stores; open_stores(sys.argv[1]).close();"
        "print(json.dumps('alembic' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script, empty_url], capture_output=True, check=True)
    assert json.loads(done.stdout) is False


def test_processes_that_open_a_new_database_at_once_all_succeed(empty_url: str) -> None:
    """Service, builder and CLI may start together on nothing: one makes the tables, the others wait."""
    script = (
        "import sys; from rag.adapters.sql.stores import open_stores; sys.stdin.read();"
        "stores = open_stores(sys.argv[1]); stores.ping(); stores.close()"
    )
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", script, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.close()
        opener.stdin = None
    said = [opener.communicate(timeout=60)[1].decode() for opener in openers]
    assert said == ["", "", "", ""]
    assert [opener.returncode for opener in openers] == [0, 0, 0, 0]


def test_a_database_of_a_newer_version_is_refused(fresh: Stores, empty_url: str) -> None:
    """An older program does not touch tables that a newer one has changed."""
    with fresh.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match=r"revision 9999.*install a newer"):
        open_stores(empty_url)


def test_a_failed_migration_leaves_nothing_behind(empty_url: str) -> None:
    """Tables are made in one transaction: where one of them is in the way, none is made."""
    stores = open_stores(empty_url)
    with stores.engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("CREATE TABLE replicas (id INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        open_stores(empty_url)
    with stores.engine.connect() as connection:
        names = stores.engine.dialect.get_table_names(connection)
    stores.close()
    assert names == ["replicas"]


def test_a_database_that_is_away_is_named_without_its_password() -> None:
    """The message says where it looked, and never gives the password away."""
    with pytest.raises(Unavailable) as raised:
        open_stores("postgresql+psycopg://someone:hush-hush@127.0.0.1:1/whetstone")
    assert "127.0.0.1:1" in str(raised.value)
    assert "hush-hush" not in str(raised.value)


def test_a_malformed_url_is_refused_without_its_password() -> None:
    """A URL that cannot be read is not repeated, because it may hold a password."""
    with pytest.raises(SettingInvalid) as raised:
        open_stores("postgresql//someone:hush-hush@host")
    assert "hush-hush" not in str(raised.value)
    assert "postgresql+psycopg://" in str(raised.value)


@pytest.mark.parametrize("url", ["mysql://host/database", "sqlite://", "sqlite:///:memory:"])
def test_databases_that_cannot_do_it_are_refused(url: str) -> None:
    """Only a SQLite file or PostgreSQL is shared by several processes."""
    with pytest.raises(SettingInvalid):
        open_stores(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_postgresql_goes_through_psycopg_3(postgres_url: str, scheme: str) -> None:
    """Hosting platforms hand out URLs with other schemes."""
    stores = open_stores(postgres_url.replace("postgresql+psycopg", scheme))
    stores.ping()
    stores.close()


def test_ping_says_when_the_database_is_gone(any_url: str, open_any: Callable[[], Stores]) -> None:
    """Readiness learns of a database that went away after it was opened, and of its return."""
    stores = open_any()
    stores.ping()
    with away(any_url):
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"whetstone\.sqlite is gone|does not work now"):
                stores.ping()
    # Nobody asks anew for a second, so that not everybody finds out by waiting.
    time.sleep(1.1)
    stores.ping()


@contextmanager
def away(url: str) -> Iterator[None]:
    """Put a database out of reach for a while, cutting every connection."""
    parsed = make_url(url)
    assert parsed.database is not None
    if parsed.drivername == "sqlite":
        folder = Path(parsed.database).parent
        aside = folder.rename(folder.with_name("aside"))
        yield
        aside.rename(folder)
        return
    with psycopg.connect(
        host=parsed.host, port=parsed.port, user=parsed.username, dbname="postgres", autocommit=True
    ) as admin:
        name = parsed.database.encode()
        admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name.decode()]
        )
        yield
        admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS true")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """A damaged file is an integrity error that says which file it is."""
    (tmp_path / "whetstone.sqlite").write_bytes(b"not a database at all, but long enough to look" * 50)
    with pytest.raises(IntegrityError, match=r"whetstone\.sqlite"):
        open_stores(sqlite_url(tmp_path))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, the message says so."""
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(Unavailable, match="home"):
        open_stores(sqlite_url(tmp_path / "home"))
