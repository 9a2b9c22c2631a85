"""What a chat completion asks for is read with care."""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from rag.api.wire.chat_request import ChatRequest
from rag.domain import Message
from rag.questions.events import Wishes


def asked(*messages: dict[str, Any], **more: Any) -> tuple[str, Wishes]:
    """Return what is asked."""
    return ChatRequest.model_validate({"messages": messages, **more}).asked()


def test_wishes_are_read_from_everywhere() -> None:
    """Instructions may stand anywhere; the longer name of the limit wins; one stop is a list of one."""
    question, wishes = asked(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "When is lunch?"},
        {"role": "developer", "content": [{"type": "text", "text": "In German."}]},
        max_tokens=9,
        max_completion_tokens=7,
        stop="x",
        temperature=0,
        whetstone={"filter": {"site": "Berlin"}, "limit": 3},
    )

    assert question == "When is lunch?"
    assert wishes == Wishes(
        instructions=("Be brief.", "In German."),
        where={"site": ["Berlin"]},
        limit=3,
        max_tokens=7,
        temperature=0,
        stop=("x",),
        patient=True,
    )


def test_list_of_sources_is_left_out_of_the_conversation() -> None:
    """What was added to an answer for people to read is not taken for something the assistant said."""
    _, wishes = asked(
        {"role": "user", "content": "When is lunch?\n\n**Sources**\n\n1. [mine](x)"},
        {
            "role": "assistant",
            "content": "At noon [1].\n\n**Sources**\n\n1. [Cafeteria](http://x/a)\n2. [B](http://x/b)",
        },
        {"role": "user", "content": "Why?"},
    )

    assert wishes.history == (
        Message(role="user", content="When is lunch?\n\n**Sources**\n\n1. [mine](x)"),
        Message(role="assistant", content="At noon [1]."),
    )


def test_no_turn_keeps_the_service_busy() -> None:
    """A turn that looks like a list of sources and is none is read in a moment."""
    began = time.process_time()

    asked(
        {"role": "assistant", "content": "\n\n**Sources**\n\n" + "1. [" * 5_000 + "\n\n"},
        {"role": "user", "content": "Why?"},
    )

    assert time.process_time() - began < 1.0


def test_a_filter_that_is_none_is_refused() -> None:
    """A question is never answered without the filter it came with."""
    with pytest.raises(ValidationError, match="numbers or dates"):
        asked({"role": "user", "content": "x"}, whetstone={"filter": {"year": {"gte": None}}})
