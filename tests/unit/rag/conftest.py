"""What the tests of serving share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rag.domain import Interaction, InteractionStatus, LoggedHit


def _an_interaction(**fields: Any) -> Interaction:
    """Make an answered question; name what is to differ."""
    given: dict[str, Any] = {
        "id": "i1",
        "tenant": "default",
        "principal": "local",
        "asked_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "question": "What is a whetstone?",
        "hits": (LoggedHit(passage_id="p1", document_id="d1", rank=1, score=0.62),),
        "answer": "A stone that sharpens [1].",
        "cited": ("p1",),
        "release": "r" * 64,
        "epoch": 3,
        "generator": "openai:small",
        "status": InteractionStatus.ANSWERED,
        "prompt_tokens": 120,
        "completion_tokens": 9,
        "embed_ms": 3.0,
        "search_ms": 2.0,
        "retrieve_ms": 6.0,
        "first_token_ms": 50.0,
        "generate_ms": 94.0,
        "total_ms": 100.0,
    }
    return Interaction(**(given | fields))


@pytest.fixture
def an_interaction() -> Callable[..., Interaction]:
    """Makes an answered question; name the fields that are to differ."""
    return _an_interaction
