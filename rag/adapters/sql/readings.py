"""What files were when they were last read."""

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import Column, ColumnElement, delete, func, or_, select
from typing_extensions import override

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import batches, upsert_all
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.documents import readings
from rag.domain import Reading
from rag.ports import ReadingStore


class SqlReadings(SqlStore, ReadingStore):
    """A `ReadingStore` in SQL."""

    @override
    def below(self, root: str, *, tenant: str) -> dict[str, Reading]:
        query = select(readings).where(readings.c.tenant == tenant, at_or_below(readings.c.uri, root))
        return {each.uri: each for each in self._all(query, partial(from_json, Reading))}

    @override
    def put(self, given: Sequence[Reading]) -> None:
        if not given:
            return
        with writing(self._engine) as connection:
            upsert_all(connection, readings, [to_row(each) for each in given])

    @override
    def forget(self, uris: Collection[str], *, tenant: str) -> None:
        if not uris:
            return
        with writing(self._engine) as connection:
            for some in batches(uris):
                connection.execute(
                    delete(readings).where(readings.c.tenant == tenant, readings.c.uri.in_(some))
                )


def at_or_below(uri: Column[str], root: str) -> ColumnElement[bool]:
    """Return the condition that a uri is `root`, or begins with it and ``/`` or ``#``."""
    # Not LIKE: SQLite's takes upper and lower case for the same, and "%" and "_" stand in uris.
    begins = [func.substr(uri, 1, len(start)) == start for start in (f"{root.rstrip('/')}/", f"{root}#")]
    return or_(uri == root, *begins)
