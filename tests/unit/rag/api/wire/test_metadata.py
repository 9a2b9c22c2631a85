"""A document's metadata in requests is typed, and nothing of it is dropped silently."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rag.api.wire.metadata import MetadataBody

BODIES: TypeAdapter[Any] = TypeAdapter(MetadataBody)


def test_values_keep_their_types() -> None:
    """Text, whole and other numbers, truth values, and lists of them, also empty ones."""
    body = BODIES.validate_json(
        '{"a": "1", "b": 1, "c": 1.5, "d": true, "e": ["x", 2, false], "f": [], "g": ""}'
    )

    assert body == {"a": "1", "b": 1, "c": 1.5, "d": True, "e": ("x", 2, False), "f": (), "g": ""}
    assert [type(value) for value in body.values()] == [str, int, float, bool, tuple, tuple, str]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"a": null}', "a string, a number, true or false, or a list of these; got null"),
        ('{"a": {"b": 1}}', "got a record"),
        ('{"a": ["x", null]}', "got null"),
        ('{"a": [["x"]]}', "got a list in a list"),
        ('{"a": [{"b": 1}]}', "got a record"),
        ('{"a": NaN}', "finite number"),
        ('{"a": [1e999]}', "finite number"),
    ],
)
def test_other_values_are_refused(body: str, said: str) -> None:
    """The place names the field, the message what is taken and what came."""
    with pytest.raises(ValidationError, match=said) as refused:
        BODIES.validate_json(body)

    assert [error["loc"] for error in refused.value.errors()] == [("a",)]


def test_text_has_to_be_text() -> None:
    """Half a character, which JSON can carry and no database holds, is refused in names and in values."""
    for body in ({"a": "\ud800"}, {"a": ["\ud800"]}, {"\ud800": "a"}):
        with pytest.raises(ValidationError, match="proper Unicode"):
            BODIES.validate_python(body)


def test_schema_says_what_is_taken() -> None:
    """The OpenAPI description has each type of a value."""
    scalars = [{"type": kind} for kind in ("string", "integer", "number", "boolean")]

    assert BODIES.json_schema()["additionalProperties"]["anyOf"] == [
        *scalars,
        {"type": "array", "items": {"anyOf": scalars}},
    ]
