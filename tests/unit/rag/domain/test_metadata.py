"""What of a record's fields is kept as metadata."""

import math
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from rag.domain import metadata_of, written


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"a": "x", "b": 1, "c": 1.5, "d": False}, {"a": "x", "b": 1, "c": 1.5, "d": False}),
        ({"a": ["x", 1, [2], None, {"b": 1}]}, {"a": ("x", 1)}),
        ({"a": None, "b": {"c": 1}, "d": math.nan, "e": math.inf, "f": object()}, {}),
        ({"a": date(2024, 5, 1)}, {"a": "2024-05-01"}),
        ({"a": [datetime(2024, 5, 1, 10, tzinfo=UTC)]}, {"a": ("2024-05-01T10:00:00+00:00",)}),
        ({"a": time(10, 30)}, {"a": "10:30:00"}),
        ({"a": 2**63 - 1, "b": -(2**63)}, {"a": 2**63 - 1, "b": -(2**63)}),
        ({"a": 2**63, "b": -(2**63) - 1}, {"a": "9223372036854775808", "b": "-9223372036854775809"}),
        ({"a": 1 << 100_000}, {}),
    ],
)
def test_fields_become_values(given: dict[str, Any], kept: dict[str, Any]) -> None:
    """Text, numbers, truth values and lists of them stay; dates are text; what has no value is left out."""
    found = metadata_of(given)

    assert found == kept
    assert list(map(type, found.values())) == list(map(type, kept.values()))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4, "4"),
        (4.0, "4"),
        ("4", "4"),
        ("4.0", "4.0"),
        (4.5, "4.5"),
        (-0.0, "0"),
        (True, "true"),
        (1e22, "1" + "0" * 22),
    ],
)
def test_values_are_written(value: Any, text: str) -> None:
    """A whole number has no point, a truth value is a word, text stays as it is."""
    assert written(value) == text
