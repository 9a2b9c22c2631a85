"""Dataclasses as rows, and as JSON values for JSON columns and files, and back again exactly."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from rag.errors import IntegrityError

Record = TypeVar("Record")

_FLOAT = "$float"
"""Key that stands for a number JSON has no name for: {"$float": "nan"}."""


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(kind: Any, value: object) -> Any:
    """Return a value of that type as JSON values; a diverged run's nan and infinity included."""
    # Not straight to JSON values: where a field may be anything, infinity would become None.
    return _finite(to_jsonable_python(_adapter(kind).dump_python(value), inf_nan_mode="constants"))


def to_row(record: Any) -> dict[str, Any]:
    """Return a record's fields as columns take them: enums by value, sets sorted, records inside as JSON values."""
    return {each.name: _column(getattr(record, each.name)) for each in fields(record)}


def _column(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | frozenset):
        return [_column(each) for each in (sorted(value) if isinstance(value, frozenset) else value)]
    return to_json(type(value), value) if is_dataclass(value) else value


def from_json(kind: type[Record], value: object) -> Record:
    """Return what `to_json` was given, or `to_row`; columns that the record has not are passed over.

    Raises:
        IntegrityError: the value is no record of that type.
    """
    try:
        record: Record = _adapter(cast(Any, kind)).validate_python(_restored(value))
    except ValidationError as error:
        first = error.errors()[0]
        spot = ".".join(str(part) for part in first["loc"])
        raise IntegrityError(
            f"expected a stored {kind.__name__}, got another at {spot!r}: {first['msg']}"
        ) from error
    return record


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _restored(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {_FLOAT}:
            return float(value[_FLOAT])
        return {key: _restored(item) for key, item in value.items()}
    return [_restored(item) for item in value] if isinstance(value, list) else value
