"""Connections and transactions: what SQLite and PostgreSQL each need, hidden behind two context managers."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, exc, func, make_url, select
from sqlalchemy.pool import ConnectionPoolEntry

from rag.breaker import Breaker
from rag.errors import Conflict, IntegrityError, InvalidInput, MissingExtra, SettingInvalid, Unavailable

BUSY_TIMEOUT_S = 15.0
"""How long a SQLite writer waits for another process's transaction, in seconds."""

CONNECT_TIMEOUT_S = 3
"""How long connecting to PostgreSQL may take, in seconds."""

_PING_S = 1.5
"""How long PostgreSQL may take to prove that a connection still lives, in seconds."""

_AWAY_S = 1.0
"""How long nobody asks PostgreSQL anything after it was found away, in seconds."""

_POOL_TIMEOUT_S = 5.0
"""How long a caller waits for one of the connections to come free, in seconds."""

_WRITES = {"whetstone_writes": True}


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long PostgreSQL may say nothing during a statement before it is given up, in seconds."""

    reading_s: float = 60.0
    writing_s: float = 60.0  # a writer may have to wait for another one's transaction


PATIENT = Patience()
"""Where nobody waits for an answer."""


def make_engine(url: str, *, patience: Patience = PATIENT, create: bool = True) -> Engine:
    """Make an engine for a SQLite or PostgreSQL URL; nothing is opened yet.

    Args:
        url: SQLAlchemy's.
        patience: with PostgreSQL.
        create: whether a SQLite file that is not there is made. Where it was taken away while it was in use,
            an empty one in its place would be written to, and its journal would harm the one that comes back.

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
        return _sqlite(parsed, create)
    if dialect in ("postgresql", "postgres"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"), patience)
    raise SettingInvalid(f"expected a sqlite or postgresql database URL, got one of {dialect!r}")


def _sqlite(url: URL, create: bool) -> Engine:
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
    if not create:
        event.listen(engine, "do_connect", _open_existing)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_existing(
    _: Dialect, __: ConnectionPoolEntry, given: list[Any], named: dict[str, Any]
) -> sqlite3.Connection:
    opened: sqlite3.Connection = sqlite3.connect(f"file:{quote(str(given[0]))}?mode=rw", uri=True, **named)
    return opened


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


def _postgresql(url: URL, patience: Patience) -> Engine:
    try:
        from rag.adapters.sql.database.impatient import ImpatientConnection

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
        connection.silence_s = _PING_S
        return connection

    def rest(connection: Any, _: ConnectionPoolEntry) -> None:
        # The next thing it is asked is whether it still lives.
        if connection is not None:
            connection.silence_s = _PING_S

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkin", rest)
    engine.update_execution_options(
        whetstone_patience=patience, whetstone_gate=Breaker(failures=1, pause_s=_AWAY_S)
    )
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection to read with.

    Raises:
        Unavailable: the database cannot be reached, or stays locked.
        IntegrityError: the database file is damaged.
    """
    with _translated(engine), _gated(engine) as answered, engine.connect() as connection:
        answered()
        _be_patient(connection)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection inside one writing transaction: committed at the end, rolled back by an exception.

    Raises:
        Conflict: a row contradicts what is there, e.g. an id that is taken.
        Unavailable: the database cannot be reached, or stays locked.
        IntegrityError: the database file is damaged.
    """
    writer = engine.execution_options(**_WRITES)
    with _translated(engine), _gated(engine) as answered, writer.begin() as connection:
        answered()
        _be_patient(connection)
        yield connection


def now(connection: Connection) -> datetime:
    """Return the database's clock, aware, in UTC: the one clock that several machines share."""
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
    except exc.DataError as error:
        # PostgreSQL's word for text with NUL and numbers too large, in whatever a request asked for.
        raise InvalidInput(f"the database takes no such value: {_first_line(error.orig)}") from error
    except exc.TimeoutError as error:
        raise Unavailable(f"{place(engine)}: every connection is in use; try again") from error
    except exc.DatabaseError as error:
        if engine.dialect.name == "sqlite" and type(error.orig) is sqlite3.DatabaseError:
            raise IntegrityError(
                f"{place(engine)} is damaged or no database: {_first_line(error.orig)}; restore a copy"
            ) from error
        raise


@contextmanager
def _gated(engine: Engine) -> Iterator[Callable[[], None]]:
    """Refuse at once while PostgreSQL was found away a moment ago; else everybody would find out by waiting.

    What is given is to be called once the server has answered, so that a long transaction keeps nobody out.
    """
    gate: Breaker | None = engine.get_execution_options().get("whetstone_gate")
    if gate is None:
        yield lambda: None
        return
    call = gate.call()
    if call is None:
        raise Unavailable(f"{place(engine)} does not work now; it is tried again in a moment")
    try:
        yield call.succeeded
    except (exc.OperationalError, exc.InterfaceError) as error:
        # Without a state of SQL it was no answer of the server's; 57P and 08: it says that it ends, or has to.
        state = getattr(error.orig, "sqlstate", None) or ""
        if not state or state.startswith(("57P", "08")):
            call.failed()
            # It had answered, and fell silent later: that is news.
            if (again := gate.call()) is not None:
                again.failed()
        raise
    finally:
        call.abandoned()


def _be_patient(connection: Connection) -> None:
    options = connection.get_execution_options()
    patience: Patience | None = options.get("whetstone_patience")
    driver: Any = connection.connection.driver_connection
    if patience is not None and driver is not None:
        writes = options.get("whetstone_writes", False)
        driver.silence_s = patience.writing_s if writes else patience.reading_s


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]
