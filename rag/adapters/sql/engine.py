"""Connections and transactions: what SQLite and PostgreSQL each need, hidden behind two context managers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, exc, func, make_url, select
from sqlalchemy.pool import ConnectionPoolEntry

from rag.errors import Conflict, IntegrityError, MissingExtra, SettingInvalid, Unavailable

BUSY_TIMEOUT_S = 15.0
"""How long a SQLite writer waits for another process's transaction, in seconds."""

CONNECT_TIMEOUT_S = 3
"""How long connecting to PostgreSQL may take, in seconds."""

SILENCE_S = 60.0
"""How long PostgreSQL may say nothing during a statement before it is taken for dead, in seconds."""

_POOL_TIMEOUT_S = 5.0
"""How long a caller waits for one of the connections to come free, in seconds."""

_WRITES = {"whetstone_writes": True}


def make_engine(url: str, *, silence_s: float = SILENCE_S) -> Engine:
    """Make an engine for a SQLite or PostgreSQL URL; nothing is opened yet.

    Args:
        url: SQLAlchemy's.
        silence_s: how long PostgreSQL may say nothing during a statement before it is given up, in seconds.

    Raises:
        SettingInvalid: the URL is malformed or names another database.
        MissingExtra: psycopg is not installed.
    """
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        # The text may hold a password, so it is not repeated.
        raise SettingInvalid(
            "the database URL cannot be read; expected sqlite:///path or "
            "postgresql+psycopg://user:password@host:5432/database"
        ) from None
    dialect = parsed.drivername.partition("+")[0]
    if dialect == "sqlite":
        return _sqlite(parsed)
    if dialect in ("postgresql", "postgres"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"), silence_s)
    raise SettingInvalid(f"expected a sqlite or postgresql database URL, got one of {dialect!r}")


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SettingInvalid(
            "SQLite needs a file, because several processes share it; expected sqlite:///path"
        )
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=8,
        max_overflow=56,
        pool_timeout=_POOL_TIMEOUT_S,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # Python's driver would begin transactions by itself, late and without the write lock.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another writer came in between,
    # whatever the busy timeout; taking the write lock at the start makes it wait its turn instead.
    writes = connection.get_execution_options().get("whetstone_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL, silence_s: float) -> Engine:
    try:
        from rag.adapters.sql.impatient import ImpatientConnection

        engine = create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=24,
            pool_timeout=_POOL_TIMEOUT_S,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "whetstone"},
        )
    except ImportError as error:
        raise MissingExtra(
            f"PostgreSQL needs psycopg ({error}); run: pip install 'whetstone[postgres]'"
        ) from error

    def connect(_: Dialect, __: ConnectionPoolEntry, arguments: Any, named: Any) -> ImpatientConnection:
        connection = ImpatientConnection.connect(*arguments, **named)
        connection.silence_s = silence_s
        return connection

    event.listen(engine, "do_connect", connect)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection to read with.

    Raises:
        Unavailable: the database cannot be reached, or stays locked.
        IntegrityError: the database file is damaged.
    """
    with _translated(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection inside one writing transaction: committed at the end, rolled back by an exception.

    Raises:
        Conflict: a row contradicts what is there, e.g. an id that is taken.
        Unavailable: the database cannot be reached, or stays locked.
        IntegrityError: the database file is damaged.
    """
    with _translated(engine), engine.execution_options(**_WRITES).begin() as connection:
        yield connection


def now(connection: Connection) -> datetime:
    """Give the database's clock, aware, in UTC: the one clock that several machines share."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)


def place(engine: Engine) -> str:
    """Say where the database is, without user and password."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return f"SQLite file {Path(url.database or '').absolute()}"
    host = url.host or url.query.get("host") or "the local socket"
    port = f":{url.port}" if url.port else ""
    return f"PostgreSQL at {host}{port}, database {url.database}"


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except exc.IntegrityError as error:
        raise Conflict(f"the database refused a row: {_first_line(error.orig)}") from error
    except (exc.OperationalError, exc.InterfaceError) as error:
        raise Unavailable(
            f"{place(engine)} does not work now: {_first_line(error.orig)}; see that it is up and try again"
        ) from error
    except exc.TimeoutError as error:
        raise Unavailable(f"{place(engine)}: every connection is in use; try again") from error
    except exc.DatabaseError as error:
        if engine.dialect.name == "sqlite" and type(error.orig) is sqlite3.DatabaseError:
            raise IntegrityError(
                f"{place(engine)} is damaged or no database: {_first_line(error.orig)}; restore a copy"
            ) from error
        raise


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]
