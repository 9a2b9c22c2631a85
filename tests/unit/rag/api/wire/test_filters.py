"""Filters over the wire are read with care, and described as they are read."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rag.api.wire.filters import Filter
from rag.domain import fits, range_of

FILTERS: TypeAdapter[Any] = TypeAdapter(Filter)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, {}),
        ({"a": "x"}, {"a": ["x"]}),
        ({"a": 2024, "b": 4.5, "c": True}, {"a": [2024], "b": [4.5], "c": [True]}),
        ({"a": ["x", 1, False]}, {"a": ["x", 1, False]}),
        ({"a": ""}, {"a": [""]}),
        ({"a": {"gte": 2, "lt": "5"}}, {"a": range_of({"gte": 2, "lt": 5})}),
        ({"a": {"lte": "2024-05-01"}}, {"a": range_of({"lte": "2024-05-01"})}),
        ({"a": "x" * 500, "n" * 200: ["x"] * 100}, {"a": ["x" * 500], "n" * 200: ["x"] * 100}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_filters_are_read(given: Any, read: Any) -> None:
    """A value, several values, or a range; each name for itself."""
    assert FILTERS.validate_python(given) == read


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": []}, "1 to 100 values, got 0"),
        ({"a": ["x"] * 101}, "1 to 100 values, got 101"),
        ({"a": None}, "expected a string, a number, true or false"),
        ({"a": [None]}, "expected a string, a number, true or false"),
        ({"a": [["x"]]}, "expected a string, a number, true or false"),
        ({"a": [{"gte": 1}]}, "or a range like"),
        ({"a": "x" * 501}, "at most 500 characters"),
        ({"a": {"gte": "1" * 501}}, "at most 500 characters"),
        ({"a": 10**600}, "fewer digits"),
        ({"a": float("nan")}, "finite"),
        ({"a": {"gte": float("inf")}}, "finite"),
        ({"a": {}}, "at least one of gt, gte, lt and lte"),
        ({"a": {"b": "c"}}, "and no 'b'"),
        ({"a": {"from" * 5_000: 1}}, "and no 'from"),
        ({"a": {"gte": None}}, "numbers or dates"),
        ({"a": {"gte": True}}, "numbers or dates"),
        ({"a": {"gte": [1]}}, "numbers or dates"),
        ({"a": {"gte": "May 1"}}, "gte is neither a number nor a date like 2024-05-01"),
        ({"a": {"gte": 2024, "lt": "2025-01-01"}}, "all numbers or all dates"),
        ({"": "x"}, "at least 1 character"),
        ({"n" * 201: "x"}, "at most 200 characters"),
        ({f"name-{i}": "x" for i in range(21)}, "at most 20 items"),
        (["a"], "dictionary"),
        ("a", "dictionary"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_filter_is_refused(given: Any, said: str) -> None:
    """Nothing is guessed at: the message says what is expected, in a line, and the place names the field."""
    with pytest.raises(ValidationError, match=said) as refused:
        FILTERS.validate_python(given)

    (error, *_) = refused.value.errors()
    assert len(error["msg"]) < 200
    if isinstance(given, dict):
        assert error["loc"][:1] in ((), *((name,) for name in given))


def test_schema_says_what_is_taken() -> None:
    """The OpenAPI description has each form of a condition, with its limits."""
    schema = FILTERS.json_schema()

    scalars = [
        {"type": "string", "maxLength": 500},
        {"type": "integer"},
        {"type": "number"},
        {"type": "boolean"},
    ]
    several = {"type": "array", "items": {"anyOf": scalars}, "minItems": 1, "maxItems": 100}
    assert schema["additionalProperties"]["anyOf"] == [*scalars, several, {"$ref": "#/$defs/RangeBody"}]
    assert (schema["maxProperties"], schema["propertyNames"]) == (20, {"minLength": 1, "maxLength": 200})
    bounds = schema["$defs"]["RangeBody"]
    assert (set(bounds["properties"]), bounds["additionalProperties"], bounds["minProperties"]) == (
        {"gt", "gte", "lt", "lte"},
        False,
        1,
    )
    assert all(each["anyOf"] == scalars[:3] for each in bounds["properties"].values())


def test_a_filter_that_was_read_can_be_judged_by() -> None:
    """What comes over the wire is what `fits` takes."""
    where = FILTERS.validate_json(
        '{"year": 2024, "tags": ["a", "b"], "price": {"gte": 2, "lt": 5}, "open": true}'
    )

    assert fits({"year": "2024", "tags": ("b", "c"), "price": 4.5, "open": True}, where)
    assert not fits({"year": 2024, "tags": ("b", "c"), "price": 5, "open": True}, where)
