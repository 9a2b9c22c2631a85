"""Statements that both databases know but SQLAlchemy writes for each apart."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from rag.errors import InvalidInput, NotFound

BATCH = 1000
"""Values in one statement, far below either database's limit of parameters."""

SHORTEST_PREFIX = 4
"""Fewest characters of an id that may stand for the whole."""


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those rows whose primary key is not taken; return how many were."""
    inserted = 0
    for row in rows:
        statement = _insert(connection, table, row).on_conflict_do_nothing()
        # RETURNING, because the count of rows is not reliable for inserts.
        inserted += len(connection.execute(statement.returning(*table.primary_key)).all())
    return inserted


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or update the columns given where its primary key is taken."""
    key = [column.name for column in table.primary_key]
    values = {name: value for name, value in row.items() if name not in key}
    statement = _insert(connection, table, row)
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values))


def upsert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns, or update these where the primary key is taken; one statement for all."""
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = kind.insert(table)
    values = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values), list(rows))


def _insert(
    connection: Connection, table: Table, row: Mapping[str, Any]
) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).values(row)
    return postgresql.insert(table).values(row)


def batches(values: Collection[str]) -> Iterator[list[str]]:
    """Cut distinct values into lists of at most `BATCH`."""
    ordered = sorted(set(values))
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def by_prefix(connection: Connection, table: Table, prefix: str, what: str) -> RowMapping:
    """Return the row of that id, or of the one id that begins so.

    Raises:
        NotFound: no id fits, or the prefix is shorter than `SHORTEST_PREFIX`.
        InvalidInput: several ids fit.
    """
    rows = connection.execute(select(table).where(table.c.id == prefix)).mappings().all()
    if not rows and len(prefix) >= SHORTEST_PREFIX:
        # Not LIKE: SQLite's takes upper and lower case for the same.
        begins = func.substr(table.c.id, 1, len(prefix)) == prefix
        rows = connection.execute(select(table).where(begins).order_by(table.c.id).limit(2)).mappings().all()
    if len(rows) > 1:
        raise InvalidInput(
            f"{what} {prefix!r} fits {rows[0]['id']} and {rows[1]['id']}; give more characters"
        )
    if not rows:
        short = f"; give at least {SHORTEST_PREFIX} characters" if len(prefix) < SHORTEST_PREFIX else ""
        raise NotFound(f"there is no {what} {prefix!r}{short}")
    return rows[0]
