"""The OpenAI generator against a real HTTP server: streams, and failures in words a person can act on."""

import asyncio
import socket
import time
from typing import Any, cast

import pytest

from rag.adapters.openai import OpenAIGenerator
from rag.domain import Message, Prompt
from rag.errors import UpstreamFailed, UpstreamTimeout
from rag.ports import Encoder

KEY = "sk-very-secret-key"
UNUSED = cast(Encoder, None)
"""A language model has no need of the encoder."""


def prompt(**more: Any) -> Prompt:
    """Give a prompt of three messages."""
    messages = (
        Message(role="system", content="Rules."),
        Message(role="assistant", content="Earlier."),
        Message(role="user", content="Why?"),
    )
    return Prompt(question="Why?", hits=(), messages=messages, **more)


def pieces(base_url: str, asked: Prompt | None = None, **more: Any) -> list[str]:
    """Give what the generator yields."""
    options: dict[str, Any] = {"model": "m", "api_key": KEY, "connect_timeout_s": 2, "timeout_s": 5} | more
    generator = OpenAIGenerator(base_url=base_url, **options)

    async def collect() -> list[str]:
        return [piece async for piece in generator.stream(asked or prompt(), encoder=UNUSED)]

    return asyncio.run(collect())


def test_streams_the_answer_and_passes_everything_on(scripted_llm: Any) -> None:
    """Pieces come as the server sends them; messages, limits, stops and key arrive there."""
    scripted_llm.script("Because it is so [1].")

    actual = pieces(scripted_llm.url, prompt(max_tokens=7, temperature=0.5, stop=("END",)))

    assert len(actual) > 1
    assert "".join(actual) == "Because it is so [1]."
    (body,) = scripted_llm.requests
    assert [message["role"] for message in body["messages"]] == ["system", "assistant", "user"]
    assert (body["max_tokens"], body["temperature"], body["stop"]) == (7, 0.5, ["END"])
    assert scripted_llm.authorizations == [f"Bearer {KEY}"]


def test_server_error_is_told_without_the_key(scripted_llm: Any) -> None:
    """A refusal names status and reason, never the key, even where the server repeats it."""
    reply = type(scripted_llm).reply
    scripted_llm.script(reply(status=401, text=f"Incorrect API key: {KEY}"))

    with pytest.raises(UpstreamFailed) as caught:
        pieces(scripted_llm.url)

    assert "401" in str(caught.value)
    assert "WHETSTONE_LLM_API_KEY" in str(caught.value)
    assert KEY not in str(caught.value)


def test_one_retry_then_failure(scripted_llm: Any) -> None:
    """A server error is tried once more; then it fails."""
    reply = type(scripted_llm).reply
    scripted_llm.script(reply(status=500), "Fine now.")

    assert "".join(pieces(scripted_llm.url)) == "Fine now."
    scripted_llm.script(reply(status=500), reply(status=500))
    with pytest.raises(UpstreamFailed, match="500"):
        pieces(scripted_llm.url)


def test_slow_server_times_out(scripted_llm: Any) -> None:
    """Silence longer than the limit is an UpstreamTimeout, also between two pieces, after one retry at most."""
    reply = type(scripted_llm).reply
    scripted_llm.script(reply(text="late", delay_s=3), reply(text="late", delay_s=3))
    began = time.perf_counter()

    with pytest.raises(UpstreamTimeout, match="in time"):
        pieces(scripted_llm.url, timeout_s=0.3)
    assert time.perf_counter() - began < 2.5

    scripted_llm.script(reply(text="one two", pause_s=2))
    with pytest.raises(UpstreamTimeout, match="in time"):
        pieces(scripted_llm.url, timeout_s=0.3)


def test_cut_connection_is_a_failure_not_an_end(scripted_llm: Any) -> None:
    """An answer that was cut off is never taken for a whole one."""
    scripted_llm.script(type(scripted_llm).reply(text="one two three", break_after=2))

    with pytest.raises(UpstreamFailed):
        pieces(scripted_llm.url)


def test_nobody_listening() -> None:
    """Where nothing listens, the message says where it looked and which setting to check."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(UpstreamFailed, match=f"127.0.0.1:{port} cannot be reached.*WHETSTONE_LLM_BASE_URL"):
        pieces(f"http://user:secret@127.0.0.1:{port}/v1")
