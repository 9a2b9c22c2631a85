"""Filters by metadata, as they come over the wire."""

import math
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from rag.domain import Condition, Range, Scalar, range_of, written
from rag.errors import InvalidInput

MAX_NAMES = 20
MAX_NAME = 200
MAX_VALUES = 100
MAX_VALUE = 500
"""Longest text in a filter, characters."""

_Text = Annotated[str, Field(max_length=MAX_VALUE)]
_Value = _Text | int | float | bool
_Bound = _Text | int | float


class RangeBody(TypedDict, total=False):
    """Bounds between which a value must lie: numbers, or dates as ISO 8601 writes them."""

    __pydantic_config__ = ConfigDict(  # type: ignore[misc] # how pydantic takes a TypedDict's settings
        extra="forbid", json_schema_extra={"minProperties": 1}, title="Range"
    )

    gt: Annotated[_Bound, Field(description="More than; a day: after its end.")]
    gte: Annotated[_Bound, Field(description="At least.")]
    lt: Annotated[_Bound, Field(description="Less than.")]
    lte: Annotated[_Bound, Field(description="At most; a day: to its end.")]


_Shape = _Value | Annotated[list[_Value], Field(min_length=1, max_length=MAX_VALUES)] | RangeBody


def _condition(given: Any) -> Condition:
    """Return what is asked of a name: a list for equality, also of one value, or a range."""
    if isinstance(given, dict):
        return _range(given)
    values = given if isinstance(given, list) else [given]
    if not 0 < len(values) <= MAX_VALUES:
        raise _wrong(f"expected 1 to {MAX_VALUES} values, got {len(values)}")
    return [_value(value) for value in values]


def _range(given: dict[Any, Any]) -> Range:
    for bound in given.values():
        if isinstance(bound, bool) or not isinstance(bound, Scalar):
            raise _wrong("the bounds of a range are numbers or dates")
        _value(bound)
    try:
        return range_of(given)
    except InvalidInput as error:
        raise _wrong(str(error)) from None


def _value(given: Any) -> Scalar:
    if not isinstance(given, Scalar):
        raise _wrong(
            'expected a string, a number, true or false, a list of these, or a range like {"gte": 1, "lt": 5}'
        )
    if isinstance(given, float) and not math.isfinite(given):
        raise _wrong(f"expected a finite number, got {given}")
    if isinstance(given, int) and given.bit_length() > MAX_VALUE:
        raise _wrong("expected a number of fewer digits")
    if len(written(given)) > MAX_VALUE:
        raise _wrong(f"expected at most {MAX_VALUE} characters in a value")
    return given


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("filter", "{message}", {"message": message})


Filter = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=MAX_NAME)],
        Annotated[Condition, PlainValidator(_condition, json_schema_input_type=_Shape)],
    ],
    Field(
        max_length=MAX_NAMES,
        description="Metadata name -> the value, several values one of which it must have, or a range.",
    ),
]
"""Confines passages by their documents' metadata; every name has to fit."""


def filter_of(text: str) -> dict[str, Condition]:
    """Return a filter that is written as JSON; InvalidInput where it is none."""
    try:
        return TypeAdapter(Filter).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        said = f"{where}: {first['msg']}" if where else first["msg"]
        raise InvalidInput(
            f'the filter is not understood: {said}; expected is e.g. {{"site": "Berlin"}}'
        ) from None
