"""How a record lies in a spool: one JSON object of its fields. Knows nothing of what it says."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")


def packed(record: "DataclassInstance") -> bytes:
    """Return a record as bytes without a newline."""
    return json.dumps(asdict(record), default=_moment, ensure_ascii=True, separators=(",", ":")).encode()


def unpacked(kind: type[Record], data: bytes, readers: Mapping[str, Callable[[Any], Any]]) -> Record | None:
    """Read a record, of a version with other fields too; None where that cannot be done.

    Args:
        kind: what it is.
        data: from `packed`.
        readers: field -> what makes its value of the JSON one, where that is not the value itself.
    """
    known = {each.name for each in fields(kind)}
    try:
        given = {name: value for name, value in json.loads(data).items() if name in known}
        return kind(**given | {name: read(given[name]) for name, read in readers.items() if name in given})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"expected JSON values and datetimes, got {type(value).__name__}")
