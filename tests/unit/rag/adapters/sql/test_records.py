"""Dataclasses as JSON values and back."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.adapters.sql.records import from_json, to_json
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
