"""How far each index has come."""

from sqlalchemy import Engine, delete, select

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import upsert
from rag.adapters.sql.schema.documents import index_cursors


class SqlCursors:
    """How far each index has come: the last change applied, and the backfill's checkpoint."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cursor(self, index: str) -> int | None:
        """Last change applied to the index; None where the index is not known."""
        query = select(index_cursors.c.seq).where(index_cursors.c.index_name == index)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one_or_none()

    def set_cursor(self, index: str, seq: int) -> None:
        """Remember that changes up to `seq` are applied."""
        with writing(self._engine) as connection:
            upsert(connection, index_cursors, {"index_name": index, "seq": seq})

    def backfill(self, index: str) -> str | None:
        """Id of the last passage backfilled; None where none is under way or it is done."""
        query = select(index_cursors.c.backfill).where(index_cursors.c.index_name == index)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one_or_none()

    def set_backfill(self, index: str, passage_id: str | None) -> None:
        """Remember the last passage backfilled; None ends it."""
        with writing(self._engine) as connection:
            upsert(connection, index_cursors, {"index_name": index, "backfill": passage_id})

    def forget(self, index: str) -> None:
        """Drop what is known of an index."""
        with writing(self._engine) as connection:
            connection.execute(delete(index_cursors).where(index_cursors.c.index_name == index))
