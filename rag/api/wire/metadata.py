"""A document's metadata in requests."""

import math
from typing import Annotated, Any

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from rag.api.wire.texts import Text
from rag.domain import Scalar, Value

TAKEN = "a string, a number, true or false, or a list of these"
"""What a name in metadata may stand for."""


def _value(given: Any) -> Value:
    return tuple(map(_scalar, given)) if isinstance(given, list) else _scalar(given)


def _scalar(given: Any) -> Scalar:
    if isinstance(given, float) and not math.isfinite(given):
        raise _wrong(f"expected a finite number, got {given}")
    if isinstance(given, str):
        return _text(given)
    if isinstance(given, bool | int | float):
        return given
    names = {list: "a list in a list", dict: "a record", type(None): "null"}
    raise _wrong(f"expected {TAKEN}; got {names.get(type(given), type(given).__name__)}")


def _text(given: str) -> str:
    try:
        given.encode()
    except UnicodeEncodeError:
        raise _wrong("holds characters that are not text; send proper Unicode") from None
    return given


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("metadata", "{message}", {"message": message})


MetadataBody = dict[
    Text, Annotated[Value, PlainValidator(_value, json_schema_input_type=Scalar | list[Scalar])]
]
"""Names with typed values; a date is a string as ISO 8601 writes it. How much is kept the domain says."""
