"""What is known of a document beside its text: names with values that questions may be confined by."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from rag.errors import UnreadableDocument

Scalar = str | int | float | bool
"""One value. A date is text as ISO 8601 writes it."""

Value = Scalar | tuple[Scalar, ...]
"""What a name stands for: one value, or several."""

Metadata = Mapping[str, Value]
"""Name -> value."""

# Metadata is kept, and searched by, with each of a document's passages.
MAX_NAMES = 100
"""Names in the metadata of a document."""

MAX_NAME = 200
"""Longest name in metadata, characters."""

MAX_VALUE = 4_000
"""Longest value in metadata, characters; of several together."""

MAX_METADATA = 16_000
"""Names and values of metadata together, characters."""

_MOST = 2**63  # whole numbers from here on are kept as text: no index takes them


def metadata_of(given: Mapping[str, Any]) -> dict[str, Value]:
    """Return a record's fields as metadata: lists as tuples, dates as text, whatever else has no value left out.

    Left out are null, records, and numbers that are none (nan, infinity); also inside lists. Whole numbers of more
    than 64 bits are kept as text.
    """
    found = {name: _value(value) for name, value in given.items()}
    return {name: value for name, value in found.items() if value is not None}


def _value(value: Any) -> Value | None:
    if isinstance(value, Sequence) and not isinstance(value, str):
        several = (_value(each) for each in value)
        return tuple(each for each in several if each is not None and not isinstance(each, tuple))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int) and not -_MOST <= value < _MOST:
        # Python writes no number of more digits than some thousands, and none is kept.
        return str(value) if value.bit_length() < 3 * MAX_VALUE else None
    return value if isinstance(value, str | int | float | bool) else None


def written(value: Scalar) -> str:
    """Return one value as text: a truth value as true or false, a whole number without a point.

    What is written alike is equal to a filter: 4, 4.0 and "4".
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def scalars(value: Value) -> tuple[Scalar, ...]:
    """Return the values that a name stands for."""
    return value if isinstance(value, tuple) else (value,)


def text_of(metadata: Metadata, name: str) -> str:
    """Return what a name stands for as text, several values with commas between; empty where there is none."""
    return ", ".join(written(each) for each in scalars(metadata.get(name, ())))


def check_metadata(metadata: Metadata) -> None:
    """Raise UnreadableDocument where a name is empty, or there are more or longer names or values than are kept."""
    if any(not name.strip() for name in metadata):
        raise UnreadableDocument("has metadata without a name; name every field")
    lengths = [sum(len(written(each)) for each in scalars(value)) for value in metadata.values()]
    for what, found, most in (
        ("names", len(metadata), MAX_NAMES),
        ("characters in a name", max(map(len, metadata), default=0), MAX_NAME),
        ("characters in a value", max(lengths, default=0), MAX_VALUE),
        ("characters", sum(map(len, metadata)) + sum(lengths), MAX_METADATA),
    ):
        if found > most:
            raise UnreadableDocument(
                f"has {found:,} {what} of metadata, more than the {most:,} that are kept"
            )
