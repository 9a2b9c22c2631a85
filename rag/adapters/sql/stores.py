"""All stores of serving over one database."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect, select

from rag.adapters.sql.audit import SqlAudit
from rag.adapters.sql.cursors import SqlCursors
from rag.adapters.sql.database.engine import PATIENT, Patience, make_engine, place, reading
from rag.adapters.sql.database.migrating import is_new, migrate
from rag.adapters.sql.documents import SqlDocuments
from rag.adapters.sql.documents.census import SqlCensus
from rag.adapters.sql.documents.changes import last_change
from rag.adapters.sql.ingestions import SqlIngestions
from rag.adapters.sql.interactions import SqlFeedback, SqlInteractions
from rag.adapters.sql.keys import SqlKeys
from rag.adapters.sql.leases import SqlLeases
from rag.adapters.sql.probes import SqlProbes
from rag.adapters.sql.questions import SqlQuestions
from rag.adapters.sql.readings import SqlReadings
from rag.adapters.sql.releases import SqlReleases
from rag.adapters.sql.replicas import SqlReplicas
from rag.adapters.sql.schema.access import keys
from rag.adapters.sql.schema.documents import documents
from rag.adapters.sql.schema.releases import releases
from rag.errors import IntegrityError, SettingInvalid, Unavailable
from rag.ports import IndexCursors

_MIGRATION = Patience(reading_s=60.0, writing_s=3600.0)
"""Bringing the tables up to date may take its time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftovers:
    """What earlier databases left in a home folder, by name."""

    home: Path
    of_tables: tuple[str, ...]  # left even by a database that holds nothing yet
    of_rows: tuple[str, ...]  # left by one that holds a document, a release or a key


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """The stores of serving, over one database."""

    engine: Engine
    documents: SqlDocuments
    census: SqlCensus
    cursors: IndexCursors
    interactions: SqlInteractions
    feedback: SqlFeedback
    questions: SqlQuestions
    releases: SqlReleases
    replicas: SqlReplicas
    probes: SqlProbes
    leases: SqlLeases
    ingestions: SqlIngestions
    readings: SqlReadings
    audit: SqlAudit
    keys: SqlKeys

    def ping(self) -> None:
        """Ask the database something.

        Raises:
            Unavailable: it does not answer, or its file was removed below an open connection.
        """
        if self.engine.dialect.name == "sqlite" and not Path(self.engine.url.database or "").exists():
            raise Unavailable(f"{place(self.engine)} is gone; restore it, or start again on a fresh one")
        with reading(self.engine) as connection:
            last_change(connection)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self.engine.dispose()


def sqlite_url(home: Path) -> str:
    """Return the URL of the embedded database in the home folder.

    Raises:
        SettingInvalid: the folder's name holds a question mark, which ends the path in a URL.
    """
    if "?" in str(home):
        raise SettingInvalid(f"expected a home folder without a question mark in its name, got {home}")
    return f"sqlite:///{home}/whetstone.sqlite"


def open_stores(url: str, *, patience: Patience = PATIENT, leftovers: Leftovers | None = None) -> Stores:
    """Open the database, bringing its tables up to date; a SQLite file and its folder are made.

    Processes that open a new database at the same time wait for the one that makes the tables.

    Args:
        url: SQLAlchemy's.
        patience: with PostgreSQL.
        leftovers: looked up before this call; beside them an empty database is one that was lost.

    Raises:
        SettingInvalid: the URL is malformed or names another kind of database.
        MissingExtra: psycopg is not installed.
        Unavailable: the database cannot be reached, or was written by a newer version.
        IntegrityError: the SQLite file is damaged, or the database was lost.
    """
    # Making an index of a large table takes its time, and so does whoever is at it already.
    patient = make_engine(url, patience=_MIGRATION)
    try:
        if leftovers is not None:
            _check_kept(patient, leftovers)
        migrate(patient)
    finally:
        patient.dispose()
    engine = make_engine(url, patience=patience, create=False)
    return Stores(
        engine=engine,
        documents=SqlDocuments(engine),
        census=SqlCensus(engine),
        cursors=SqlCursors(engine),
        interactions=SqlInteractions(engine),
        feedback=SqlFeedback(engine),
        questions=SqlQuestions(engine),
        releases=SqlReleases(engine),
        replicas=SqlReplicas(engine),
        probes=SqlProbes(engine),
        leases=SqlLeases(engine),
        ingestions=SqlIngestions(engine),
        readings=SqlReadings(engine),
        audit=SqlAudit(engine),
        keys=SqlKeys(engine),
    )


def _check_kept(engine: Engine, leftovers: Leftovers) -> None:
    """Raise IntegrityError where this database cannot be the one that left them: that one was lost."""
    found = leftovers.of_tables + leftovers.of_rows
    if (found and is_new(engine)) or (leftovers.of_rows and _holds_nothing(engine)):
        raise IntegrityError(
            f"{place(engine)} holds no documents, releases or keys, but {leftovers.home} holds what an earlier "
            f"database left there: {', '.join(found)}. Restore that database, or start afresh in another "
            "WHETSTONE_HOME."
        )


def _holds_nothing(engine: Engine) -> bool:
    with reading(engine) as connection:
        return not any(
            connection.execute(select(select(table).exists())).scalar_one()
            for table in (documents, releases, keys)
            if inspect(connection).has_table(table.name)
        )
