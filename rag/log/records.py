"""How a record lies in a spool: one JSON object of its fields."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from rag.domain import Feedback, Interaction, InteractionStatus, LoggedHit

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")

_READERS: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    Interaction: {
        "asked_at": datetime.fromisoformat,
        "hits": lambda hits: tuple(LoggedHit(**hit) for hit in hits),
        "cited": tuple,
        "status": InteractionStatus,
    },
    Feedback: {"given_at": datetime.fromisoformat},
}
"""Kind of record -> field -> what makes its value of the JSON one, where that is not the value itself."""


def packed(record: "DataclassInstance") -> bytes:
    """Return a record as bytes without a newline."""
    return json.dumps(asdict(record), default=_moment, ensure_ascii=True, separators=(",", ":")).encode()


def unpacked(kind: type[Record], data: bytes) -> Record | None:
    """Read a record, of a version with other fields too; None where that cannot be done."""
    known = {each.name for each in fields(kind)}
    try:
        given = {name: value for name, value in json.loads(data).items() if name in known}
        readers = _READERS[kind].items()
        return kind(**given | {name: read(given[name]) for name, read in readers if name in given})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"expected JSON values and datetimes, got {type(value).__name__}")
