"""What all stores do with their database."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine, RowMapping, Select

from rag.adapters.sql.database.engine import reading

Record = TypeVar("Record")
Value = TypeVar("Value")


class SqlStore:
    """A store in a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _all(self, query: Select[Any], make: Callable[[RowMapping], Record]) -> list[Record]:
        """Return what `make` makes of each row, in one reading transaction."""
        with reading(self._engine) as connection:
            return [make(row) for row in connection.execute(query).mappings()]

    def _one(self, query: Select[Any], make: Callable[[RowMapping], Record]) -> Record | None:
        """Return what `make` makes of the one row; None where there is none."""
        return next(iter(self._all(query, make)), None)

    def _value(self, query: Select[tuple[Value]]) -> Value | None:
        """Return the one value of the one row; None where there is none."""
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one_or_none()
