"""The OpenAI generator against a real HTTP server: streams, limits, and failures in words a person can act on."""

import asyncio
import gc
import logging
import socket
import time
import traceback
from typing import Any, cast

import anyio
import pytest
from doubles.scripted_llm import ScriptedLLM
from doubles.waiting import until

from rag.adapters.openai import Endpoint, OpenAIGenerator, TimeLimits
from rag.domain import Ending, Message, Prompt
from rag.errors import UpstreamFailed, UpstreamRefused, UpstreamTimeout
from rag.ports import Encoder

KEY = "sk-very-secret-key"
UNUSED = cast(Encoder, None)
"""A language model has no need of the encoder."""


def prompt(**more: Any) -> Prompt:
    """Return a prompt of three messages."""
    messages = (
        Message(role="system", content="Rules."),
        Message(role="assistant", content="Earlier."),
        Message(role="user", content="Why?"),
    )
    return Prompt(question="Why?", hits=(), messages=messages, **more)


def made(base_url: str, *, connect_timeout_s: float = 2, **limits: float) -> OpenAIGenerator:
    """Return a generator with limits that fit a test."""
    endpoint = Endpoint(base_url=base_url, model="m", api_key=KEY, connect_timeout_s=connect_timeout_s)
    return OpenAIGenerator(endpoint, limits=TimeLimits(**{"first_token_s": 5.0, "between_s": 5.0} | limits))


async def collected(generator: OpenAIGenerator, asked: Prompt | None = None) -> list[str | Ending]:
    """Return all that an answer consists of."""
    return [piece async for piece in generator.stream(asked or prompt(), encoder=UNUSED)]


def pieces(base_url: str, asked: Prompt | None = None, **more: Any) -> list[str | Ending]:
    """Return what the generator yields."""
    return asyncio.run(collected(made(base_url, **more), asked))


def text(given: list[str | Ending]) -> str:
    """Return an answer's text."""
    return "".join(piece for piece in given if isinstance(piece, str))


def test_streams_the_answer_and_passes_everything_on(scripted_llm: ScriptedLLM) -> None:
    """Pieces come as the server sends them, then its own count; messages, limits, stops and key arrive there."""
    scripted_llm.script("Because it is so [1].")

    actual = pieces(scripted_llm.url, prompt(max_tokens=7, temperature=0.5, stop=("END",)))

    assert len(actual) > 2
    assert text(actual) == "Because it is so [1]."
    assert actual[-1] == Ending(prompt_tokens=11, completion_tokens=5)
    (body,) = scripted_llm.requests
    assert [message["role"] for message in body["messages"]] == ["system", "assistant", "user"]
    assert (body["max_tokens"], body["temperature"], body["stop"]) == (7, 0.5, ["END"])
    assert scripted_llm.authorizations == [f"Bearer {KEY}"]


def test_an_answer_cut_by_the_limit_says_so(scripted_llm: ScriptedLLM) -> None:
    """`finish_reason: length` becomes `cut`."""
    scripted_llm.script(type(scripted_llm).reply(text="one two", finish="length"))

    assert pieces(scripted_llm.url)[-1] == Ending(cut=True, prompt_tokens=11, completion_tokens=2)


def test_an_endpoint_that_counts_no_tokens_is_asked_without(scripted_llm: ScriptedLLM) -> None:
    """`stream_options` that are refused are left out, at once for this answer and for good for the next."""
    scripted_llm.knows_usage = False

    async def twice() -> list[list[str | Ending]]:
        generator = made(scripted_llm.url)
        return [await collected(generator), await collected(generator)]

    first, second = asyncio.run(twice())

    assert text(first) == text(second) == "The documents say so [1]."
    assert first[-1] == Ending()
    assert ["stream_options" in body for body in scripted_llm.requests] == [True, False, False]


def test_a_prompt_that_is_refused_is_not_repeated(scripted_llm: ScriptedLLM) -> None:
    """A status that blames the prompt is a refusal; once the endpoint is known, one request is all it costs."""
    reply = type(scripted_llm).reply

    async def ask() -> None:
        generator = made(scripted_llm.url)
        await collected(generator)
        scripted_llm.script(reply(status=400, text="too long"))
        with pytest.raises(UpstreamRefused, match="too long"):
            await collected(generator)

    asyncio.run(ask())
    assert 2 == len(scripted_llm.requests)


@pytest.mark.parametrize("status", [401, 500])
def test_server_error_is_told_without_the_key(scripted_llm: ScriptedLLM, status: int, caplog: Any) -> None:
    """A refusal names status and reason, never the key, even where the server repeats it; nor does its traceback."""
    reply = type(scripted_llm).reply
    scripted_llm.script(*[reply(status=status, text=f"Incorrect API key: {KEY}")] * 2)

    with caplog.at_level(logging.INFO), pytest.raises(UpstreamFailed) as caught:
        pieces(scripted_llm.url)

    assert str(status) in str(caught.value)
    assert ("WHETSTONE_LLM_API_KEY" in str(caught.value)) == (status == 401)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_retry_then_failure(scripted_llm: ScriptedLLM, status: int) -> None:
    """What may pass is tried once more; then it fails."""
    reply = type(scripted_llm).reply
    scripted_llm.script(reply(status=status), "Fine now.")

    assert text(pieces(scripted_llm.url)) == "Fine now."
    scripted_llm.script(reply(status=status), reply(status=status), "Never sent.")
    with pytest.raises(UpstreamFailed, match=str(status)):
        pieces(scripted_llm.url)
    assert 1 == len(scripted_llm.replies)


def test_retry_after_is_honoured_if_short_and_passed_on_if_long(scripted_llm: ScriptedLLM) -> None:
    """One second is waited for; a minute is the asker's to wait, who hears of it."""
    reply = type(scripted_llm).reply
    scripted_llm.script(reply(status=429, headers={"Retry-After": "1"}), "Fine now.")
    began = time.perf_counter()

    assert text(pieces(scripted_llm.url)) == "Fine now."
    assert time.perf_counter() - began >= 1

    scripted_llm.script(reply(status=429, headers={"Retry-After": "60"}), "Never sent.")
    with pytest.raises(UpstreamFailed) as caught:
        pieces(scripted_llm.url)
    assert 60 == caught.value.retry_after_s
    assert 1 == len(scripted_llm.replies)


def test_silence_before_the_first_piece_is_tried_once_more(scripted_llm: ScriptedLLM) -> None:
    """Until the first piece one limit holds, whether or not the head of the answer is there; twice is too often."""
    reply = type(scripted_llm).reply
    limits: dict[str, Any] = {"first_token_s": 0.3, "between_s": 5}
    scripted_llm.script(reply(text="late", delay_s=3), "In time.")
    assert text(pieces(scripted_llm.url, **limits)) == "In time."

    scripted_llm.script(reply(text="late", delay_s=3), reply(text="late", first_s=3))
    began = time.perf_counter()
    with pytest.raises(UpstreamTimeout, match=r"in time \(0.3 s\).*FIRST_TOKEN_TIMEOUT_S"):
        pieces(scripted_llm.url, **limits)
    assert time.perf_counter() - began < 2.5


def test_silence_after_the_first_piece_ends_it(scripted_llm: ScriptedLLM) -> None:
    """An answer that has begun is never asked for again."""
    scripted_llm.script(type(scripted_llm).reply(text="one two", pause_s=3))

    with pytest.raises(UpstreamTimeout, match=r"in time \(0.3 s\).*LLM_TIMEOUT_S"):
        pieces(scripted_llm.url, between_s=0.3)
    assert 1 == len(scripted_llm.requests)


def test_a_drip_ends_at_the_limit_of_the_whole(scripted_llm: ScriptedLLM) -> None:
    """Pieces that come in time each may not go on for ever."""
    scripted_llm.script(type(scripted_llm).reply(text="drip " * 100, pause_s=0.05))
    began = time.perf_counter()

    with pytest.raises(UpstreamTimeout, match="LLM_TOTAL_TIMEOUT_S"):
        pieces(scripted_llm.url, total_s=0.5)
    assert time.perf_counter() - began < 2


def test_thinking_aloud_counts_as_a_sign_of_life(scripted_llm: ScriptedLLM) -> None:
    """A model that reasons first has begun; its reasoning is no part of the answer."""
    scripted_llm.script(type(scripted_llm).reply(text="So.", thoughts=4, pause_s=0.2))

    assert text(pieces(scripted_llm.url, first_token_s=0.5)) == "So."


def test_cut_connection_is_a_failure_not_an_end(scripted_llm: ScriptedLLM) -> None:
    """An answer that was cut off is never taken for a whole one; before its first piece it is asked for again."""
    reply = type(scripted_llm).reply
    scripted_llm.script(reply(text="one two three", break_after=2))
    with pytest.raises(UpstreamFailed):
        pieces(scripted_llm.url)
    assert 1 == len(scripted_llm.requests)

    scripted_llm.script(reply(text="one two three", break_after=0), "Whole.")
    assert text(pieces(scripted_llm.url)) == "Whole."


@pytest.mark.parametrize(
    "raw",
    [
        b"data: {not json\n\n",
        b"data: 7\n\n",
        b"data: []\n\n",
        b'data: {"object": "something else"}\n\n',
        b'data: {"choices": "none"}\n\n',
        b'data: {"choices": [{"delta": {"content": 5}}]}\n\n',
        b'data: {"choices": [7]}\n\n',
        b"data: \xff\xfe\n\n",
        b"<html>Welcome to nginx</html>",
        b'data: {"error": {"message": "out of memory"}}\n\n',
    ],
)
def test_nonsense_is_a_failure_of_the_endpoint(scripted_llm: ScriptedLLM, raw: bytes) -> None:
    """Whatever an endpoint sends that is no chat completion, it is the upstream that failed."""
    scripted_llm.script(*[type(scripted_llm).reply(raw=raw)] * 2)

    with pytest.raises(UpstreamFailed, match=r"language model at 127\.0\.0\.1"):
        pieces(scripted_llm.url)


def test_trouble_after_the_end_spoils_nothing(scripted_llm: ScriptedLLM) -> None:
    """Once the endpoint has said why it ended, the answer is whole, whatever comes after."""
    end = b'data: {"choices": [{"delta": {"content": "Whole."}, "finish_reason": "stop"}]}\n\ndata: {nonsense\n\n'
    scripted_llm.script(type(scripted_llm).reply(raw=end))

    assert [*pieces(scripted_llm.url)] == ["Whole.", Ending()]


def test_nobody_listening() -> None:
    """Where nothing listens, the message says where it looked and which setting to check."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(UpstreamFailed, match=f"127.0.0.1:{port} cannot be reached.*WHETSTONE_LLM_BASE_URL"):
        pieces(f"http://user:secret@127.0.0.1:{port}/v1")


def test_connecting_has_a_limit_of_its_own() -> None:
    """An address that never answers is given up after the limit of connecting, not that of answering."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = []
        # A backlog that is full drops further connections: nobody answers them at all.
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            waiting.append(filler)
        began = time.perf_counter()
        with pytest.raises(UpstreamTimeout, match="LLM_CONNECT_TIMEOUT_S"):
            pieces(f"http://127.0.0.1:{port}/v1", connect_timeout_s=0.3)
        assert time.perf_counter() - began < 3
        for filler in waiting:
            filler.close()


def test_one_connection_serves_answer_after_answer(scripted_llm: ScriptedLLM) -> None:
    """Connections are kept: connecting anew would cost each answer's first piece time."""

    async def five() -> None:
        generator = made(scripted_llm.url)
        for _ in range(5):
            await collected(generator)

    asyncio.run(five())
    assert 1 == scripted_llm.connections


def test_each_event_loop_has_its_own_client_and_closes_it(scripted_llm: ScriptedLLM) -> None:
    """The same generator works in one loop after the other, and leaves nothing open behind."""
    generator = made(scripted_llm.url)
    for _ in range(3):
        assert text(asyncio.run(collected(generator))) == "The documents say so [1]."
    assert {} == generator._connections._clients
    gc.collect()  # a connection left open would be a warning, and so an error


def test_leaving_closes_the_connection_within_a_second(scripted_llm: ScriptedLLM) -> None:
    """Whoever stops listening or is cancelled, before or after the first piece, stops the model too."""
    reply = type(scripted_llm).reply

    async def leave() -> list[float]:
        generator = made(scripted_llm.url)
        times = []
        scripted_llm.script(reply(text="one two three", pause_s=20))
        stream = generator.stream(prompt(), encoder=UNUSED)
        assert "one" == await anext(stream)
        times.append(time.monotonic())
        await stream.aclose()
        scripted_llm.script(reply(text="one two three", pause_s=20), reply(text="late", delay_s=20))
        for _ in range(2):
            with anyio.move_on_after(0.3):
                await collected(generator)
            times.append(time.monotonic())
        await asyncio.to_thread(until, lambda: len(scripted_llm.left) == 3, "all to be left")
        return times

    times = asyncio.run(leave())
    assert 3 == len(scripted_llm.left)
    assert all(left - at < 1 for left, at in zip(scripted_llm.left, times, strict=True))
