"""A generator that asks any OpenAI-compatible endpoint."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from rag.adapters.openai.connections import Connections
from rag.adapters.openai.endpoint import Endpoint
from rag.adapters.openai.failures import Failure, broken_off, failure, harmless
from rag.adapters.openai.streaming import StreamedAnswer, TimeLimits
from rag.domain import Ending, ModelOptions, Prompt
from rag.ports import Encoder, Generator

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

logger = logging.getLogger(__name__)

_PATIENT = TimeLimits()
_REFUSED = (400, 422)


class OpenAIGenerator(Generator):
    """Streams answers from an OpenAI-compatible endpoint."""

    def __init__(self, endpoint: Endpoint, *, limits: TimeLimits = _PATIENT, max_tokens: int = 800) -> None:
        """Connect to nothing yet; where a prompt sets no limit, an answer has `max_tokens` at most."""
        self.name = f"openai:{endpoint.model}"
        self._endpoint = endpoint
        self._limits = limits
        self._max_tokens = max_tokens
        self._connections = Connections(endpoint)
        self._tells_usage: bool | None = None  # None: nobody has asked yet
        self._takes_choice_alone: bool | None = None  # a choice among no tools

    @override
    async def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield the answer piece by piece, then how it ended.

        A failure that may pass (no connection, status 429 or 5xx, silence) is tried once more, unless the answer
        has begun.

        Raises:
            UpstreamTimeout: connecting, the first piece, the next piece or the whole took too long.
            UpstreamRefused: the endpoint does not take this prompt.
            UpstreamFailed: the endpoint cannot be reached, refused, talked nonsense, or broke off.
        """
        until = time.monotonic() + self._limits.total_s
        tried = False
        while True:
            try:
                async with aclosing(self._try(prompt, until)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except Failure as failed:
                pause_s = failed.pause_s
                if tried or pause_s is None or time.monotonic() + pause_s >= until:
                    raise failed.error from failed.__cause__
                logger.warning("%s; it is asked once more", failed.error)
            tried = True
            await asyncio.sleep(pause_s)

    async def _try(self, prompt: Prompt, until: float) -> AsyncGenerator[str | Ending, None]:
        """Ask once; every failure is a `Failure`."""
        from httpx2 import HTTPError
        from openai import APIError

        answer = StreamedAnswer(self._limits, until=until)
        try:
            async with answer.within():
                chunks = await self._open(prompt)
            async with chunks:
                while (chunk := await self._next(chunks, answer)) is not None:
                    text = answer.heed(chunk)
                    if text:
                        yield text
        except (APIError, HTTPError, TimeoutError, ValueError) as error:
            # What comes after the last piece (usage, the end of the connection) is not worth an answer.
            if answer.finish is None:
                raise failure(error, self._endpoint, answer) from harmless(error)
        if answer.finish is None:
            raise broken_off(self._endpoint, answer)
        yield Ending(
            cut=answer.finish == "length",
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
        )

    async def _open(self, prompt: Prompt) -> "AsyncStream[ChatCompletionChunk]":
        """Send the prompt; ask for the count of tokens too, unless the endpoint is known to refuse that."""
        from openai import APIStatusError

        client = await self._connections.client()
        alone = prompt.options.tool_choice is not None and not prompt.options.tools
        if alone and self._takes_choice_alone is not False:
            # Some endpoints refuse a choice among no tools, which says nothing there anyway.
            try:
                chunks = await self._with_usage(client, prompt)
            except APIStatusError as error:
                if self._takes_choice_alone or error.status_code not in _REFUSED or "tool" not in str(error):
                    raise
            else:
                self._takes_choice_alone = True
                return chunks
        if alone:
            self._takes_choice_alone = False
            prompt = replace(prompt, options=replace(prompt.options, tool_choice=None))
        return await self._with_usage(client, prompt)

    async def _with_usage(self, client: "AsyncOpenAI", prompt: Prompt) -> "AsyncStream[ChatCompletionChunk]":
        from openai import APIStatusError

        if self._tells_usage is not False:
            try:
                chunks = await self._send(client, prompt, usage=True)
            except APIStatusError as error:
                if self._tells_usage or error.status_code not in _REFUSED:
                    raise
            else:
                self._tells_usage = True
                return chunks
        chunks = await self._send(client, prompt, usage=False)
        self._tells_usage = False
        return chunks

    async def _send(
        self, client: "AsyncOpenAI", prompt: Prompt, *, usage: bool
    ) -> "AsyncStream[ChatCompletionChunk]":
        from openai import omit

        return await client.chat.completions.create(
            model=self._endpoint.model,
            messages=_wire(prompt),
            stream=True,
            stream_options={"include_usage": True} if usage else omit,
            max_tokens=prompt.max_tokens or self._max_tokens,
            # 0 by default: an answer that rests on its sources gains nothing from chance.
            temperature=0.0 if prompt.temperature is None else prompt.temperature,
            stop=list(prompt.stop) or omit,
            n=omit if prompt.options.n is None else prompt.options.n,
            extra_body=_extra(prompt.options),
        )

    async def _next(
        self, chunks: "AsyncStream[ChatCompletionChunk]", answer: StreamedAnswer
    ) -> "ChatCompletionChunk | None":
        async with answer.within():
            return await anext(chunks, None)


def _extra(options: ModelOptions) -> dict[str, Any] | None:
    """Return what is handed on as it came."""
    given = {
        "response_format": options.response_format,
        "tools": list(options.tools) or None,
        "tool_choice": options.tool_choice,
    }
    return {name: value for name, value in given.items() if value is not None} or None


def _wire(prompt: Prompt) -> "list[ChatCompletionMessageParam]":
    from openai.types.chat import (
        ChatCompletionAssistantMessageParam,
        ChatCompletionSystemMessageParam,
        ChatCompletionUserMessageParam,
    )

    wire: list[ChatCompletionMessageParam] = []
    for message in prompt.messages:
        if message.role == "system":
            wire.append(ChatCompletionSystemMessageParam(role="system", content=message.content))
        elif message.role == "assistant":
            wire.append(ChatCompletionAssistantMessageParam(role="assistant", content=message.content))
        else:
            wire.append(ChatCompletionUserMessageParam(role="user", content=message.content))
    return wire
