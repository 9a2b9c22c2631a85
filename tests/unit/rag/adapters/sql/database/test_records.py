"""Dataclasses as JSON values and back."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.adapters.sql.database.records import from_json, to_json
from rag.domain import Chunking, LoggedHit
from rag.errors import IntegrityError


@given(st.floats())
def test_every_float_survives_as_standard_json(score: float) -> None:
    """To the last bit, nan and infinity included, though standard JSON has no word for these."""
    hit = LoggedHit(passage_id="p", document_id="d", rank=1, score=score)
    text = json.dumps(to_json(LoggedHit, hit), allow_nan=False)
    found = from_json(LoggedHit, json.loads(text))
    assert found == hit or (math.isnan(found.score) and math.isnan(score))


def test_what_is_no_such_record_is_refused() -> None:
    """The message says what was expected and where it differs."""
    with pytest.raises(IntegrityError, match=r"expected a stored Chunking.*max_tokens"):
        from_json(Chunking, {"max_tokens": "many"})


@dataclass(frozen=True)
class Anything:
    """A record with a field of no type."""

    content: Mapping[str, Any]


def test_infinity_survives_where_a_field_may_be_anything() -> None:
    """A number comes back as it was, however deep it lies."""
    content = {"best": math.inf, "tried": {"1.0": [-math.inf, 0.5]}}
    text = json.dumps(to_json(Anything, Anything(content)), allow_nan=False)
    assert content == from_json(Anything, json.loads(text)).content
