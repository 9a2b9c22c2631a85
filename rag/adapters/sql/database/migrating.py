"""Brings a database's tables up to date."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from rag.adapters.sql.database.engine import BUSY_TIMEOUT_S, place, reading, writing
from rag.errors import IntegrityError, Unavailable

HEAD = "0008_watching"
"""The newest revision; known here so that opening a database that is up to date does not load Alembic."""

MIGRATIONS = Path(__file__).parents[1] / "migrations"

_ADVISORY_LOCK = 0x57686574
"""A number of our own for PostgreSQL's advisory lock around migrations."""


def migrate(engine: Engine) -> None:
    """Bring the tables to `HEAD`, making them where there are none.

    Raises:
        Unavailable: the database cannot be reached, or was written by a newer version.
        IntegrityError: the SQLite file is damaged.
    """
    if engine.dialect.name == "sqlite":
        _prepare_file(engine)
    with reading(engine) as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        if _revision(connection) != HEAD:
            _upgrade(connection, place(engine))


def is_new(engine: Engine) -> bool:
    """Tell whether the database has no tables yet; a SQLite file is not made by asking."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return True
    with reading(engine) as connection:
        return _revision(connection) is None


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: Connection, where: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # Alembic reads % as the start of a variable.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    revision = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise Unavailable(
            f"{where} is at revision {revision}, and this version knows {HEAD}; install a newer Whetstone"
        )
    command.upgrade(config, "head")


def _prepare_file(engine: Engine) -> None:
    """Make the folder, and the file one with a write-ahead log."""
    path = Path(engine.url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
            _use_write_ahead_log(connection)
    except (OSError, sqlite3.OperationalError) as error:
        raise Unavailable(f"{place(engine)} cannot be opened: {error}; check its folder") from error
    except sqlite3.DatabaseError as error:
        raise IntegrityError(f"{place(engine)} is damaged or no database: {error}; restore a copy") from error


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # Changing the mode does not wait for another process that is doing the same, so it is tried again.
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
