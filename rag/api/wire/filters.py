"""Filters by metadata, as they come over the wire."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_Value = Annotated[str, Field(max_length=500)]


def _lists(value: Any) -> Any:
    """Make a single value a list of one; everything else is left for the checks that follow."""
    if not isinstance(value, Mapping):
        return value
    return {name: [values] if isinstance(values, str) else values for name, values in value.items()}


Filter = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=200)],
        Annotated[list[_Value], Field(min_length=1, max_length=100)],
    ],
    Field(max_length=20, description="Metadata name -> the value, or the values one of which it must have."),
    BeforeValidator(_lists),
]
"""Confines passages by their documents' metadata; every name has to fit."""
