"""A generator that asks any OpenAI-compatible endpoint."""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.domain import Ending, Prompt
from rag.errors import UpstreamFailed, UpstreamRefused, UpstreamTimeout
from rag.ports import Encoder

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

logger = logging.getLogger(__name__)

_LONGEST_REASON = 300
"""Characters of an endpoint's own error message that are passed on."""

_LONGEST_PAUSE_S = 2.0
"""Longest wait an endpoint may ask for before it is asked once more within the same answer, in seconds."""

_AFTERMATH_S = 2.0
"""How long a count of tokens is waited for once the answer has ended, in seconds."""

_IDLE_S = 60.0
"""How long a connection is kept open that nobody uses, in seconds."""

_THE_PROMPTS_FAULT = (400, 413, 422)
"""Statuses by which an endpoint refuses this prompt, while another may do."""

_PASSING = (408, 409, 425, 429)
"""Statuses below 500 that say: try again."""


def place_of(base_url: str) -> str:
    """Return an endpoint's host and port, which is all of its URL that is ever shown: the rest may hold a password."""
    parts = urlsplit(base_url)
    return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"


def own_words(message: str, api_key: str | None) -> str:
    """Return an endpoint's own error message, cut, and without the key that some of them repeat."""
    shown = message.replace(api_key, "***") if api_key else message
    return shown[:_LONGEST_REASON]


class OpenAIGenerator:
    """Streams answers from an OpenAI-compatible endpoint.

    It keeps one client, and with it open connections, for each event loop that asks; the loop's own shutdown closes it.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str | None = None,
        connect_timeout_s: float = 5.0,
        first_token_timeout_s: float = 30.0,
        timeout_s: float = 60.0,
        total_timeout_s: float = 300.0,
        max_tokens: int = 800,
    ) -> None:
        """Name the endpoint; nothing is connected yet.

        Args:
            base_url: with its version, e.g. ``http://127.0.0.1:8000/v1``.
            model: asked for there.
            api_key: None for an endpoint that wants none.
            connect_timeout_s: limit of connecting, in seconds.
            first_token_timeout_s: limit until the first piece, of each try, in seconds.
            timeout_s: limit between two pieces of an answer, in seconds.
            total_timeout_s: limit of the whole answer, a second try included, in seconds.
            max_tokens: longest answer where the prompt sets no limit, in tokens.
        """
        # A second's work that would otherwise hold up every other answer when the first one is asked for.
        import openai  # noqa: F401 loaded for its effect

        self.name = f"openai:{model}"
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._connect_timeout_s = connect_timeout_s
        self._first_token_timeout_s = first_token_timeout_s
        self._timeout_s = timeout_s
        self._total_timeout_s = total_timeout_s
        self._max_tokens = max_tokens
        self._place = place_of(base_url)
        # Reading the certificates is the dear part of a client, and would hold up the event loop.
        self._tls = ssl.create_default_context()
        self._clients: dict[asyncio.AbstractEventLoop, AsyncGenerator[AsyncOpenAI, None]] = {}
        self._tells_usage: bool | None = None  # None: nobody has asked yet

    async def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncIterator[str | Ending]:  # noqa: ARG002 the port's signature
        """Yield the answer piece by piece, then how it ended.

        A failure that may pass (no connection, status 429 or 5xx, silence) is tried once more, unless the answer
        has begun.

        Raises:
            UpstreamTimeout: connecting, the first piece, the next piece or the whole took too long.
            UpstreamRefused: the endpoint does not take this prompt.
            UpstreamFailed: the endpoint cannot be reached, refused, talked nonsense, or broke off.
        """
        until = time.monotonic() + self._total_timeout_s
        tried = False
        while True:
            try:
                async with aclosing(self._try(prompt, until)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except _Failure as failure:
                pause_s = failure.pause_s
                if tried or pause_s is None or time.monotonic() + pause_s >= until:
                    raise failure.error from failure.__cause__
                logger.warning("%s; it is asked once more", failure.error)
            tried = True
            await asyncio.sleep(pause_s)

    async def _try(self, prompt: Prompt, until: float) -> AsyncGenerator[str | Ending, None]:
        """Ask once; every failure is a `_Failure`."""
        from httpx2 import HTTPError
        from openai import APIError

        progress = _Progress(until=until, first_until=time.monotonic() + self._first_token_timeout_s)
        try:
            async with self._within(progress):
                chunks = await self._open(prompt)
            async with chunks:
                while (chunk := await self._next(chunks, progress)) is not None:
                    text = progress.heed(chunk)
                    if text:
                        yield text
        except (APIError, HTTPError, TimeoutError, ValueError) as error:
            # What comes after the last piece (usage, the end of the connection) is not worth an answer.
            if progress.finish is None:
                raise self._failure(error, progress) from _harmless(error)
        if progress.finish is None:
            raise _Failure(
                UpstreamFailed(
                    f"The language model at {self._place} broke off in the middle of its answer; try again."
                ),
                pause_s=None if progress.begun else _jittered(),
            )
        yield Ending(
            cut=progress.finish == "length",
            prompt_tokens=progress.prompt_tokens,
            completion_tokens=progress.completion_tokens,
        )

    async def _open(self, prompt: Prompt) -> "AsyncStream[ChatCompletionChunk]":
        """Send the prompt; ask for the count of tokens too, unless the endpoint is known to refuse that."""
        from openai import APIStatusError

        client = await self._client()
        if self._tells_usage is not False:
            try:
                chunks = await self._send(client, prompt, usage=True)
            except APIStatusError as error:
                if self._tells_usage or error.status_code not in (400, 422):
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
            model=self._model,
            messages=_wire(prompt),
            stream=True,
            stream_options={"include_usage": True} if usage else omit,
            max_tokens=prompt.max_tokens or self._max_tokens,
            # 0 by default: an answer that rests on its sources gains nothing from chance.
            temperature=0.0 if prompt.temperature is None else prompt.temperature,
            stop=list(prompt.stop) or omit,
        )

    async def _next(
        self, chunks: "AsyncStream[ChatCompletionChunk]", progress: "_Progress"
    ) -> "ChatCompletionChunk | None":
        async with self._within(progress):
            return await anext(chunks, None)

    def _within(self, progress: "_Progress") -> asyncio.Timeout:
        """Return the limit of what is waited for now."""
        now = time.monotonic()
        if progress.finish is not None:
            due = now + _AFTERMATH_S
        elif progress.begun:
            due = now + self._timeout_s
        else:
            due = progress.first_until
        return asyncio.timeout(max(0.0, min(due, progress.until) - now))

    async def _client(self) -> "AsyncOpenAI":
        loop = asyncio.get_running_loop()
        kept = self._clients.get(loop)
        if kept is None:
            # A loop that ends closes the generators that were begun in it, and so this client.
            kept = self._clients[loop] = self._keep(loop)
        return await anext(kept)

    async def _keep(self, loop: asyncio.AbstractEventLoop) -> "AsyncGenerator[AsyncOpenAI, None]":
        from httpx2 import Limits
        from openai import AsyncOpenAI, DefaultAsyncHttpx2Client, Timeout

        # All other limits are kept by `_within`, which knows how far the answer has come.
        timeout = Timeout(None, connect=self._connect_timeout_s)
        limits = Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=_IDLE_S)
        client = AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",
            timeout=timeout,
            max_retries=0,
            http_client=DefaultAsyncHttpx2Client(verify=self._tls, timeout=timeout, limits=limits),
        )
        try:
            while True:
                yield client
        finally:
            self._clients.pop(loop, None)
            await client.close()

    def _failure(self, error: Exception, progress: "_Progress") -> "_Failure":
        from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

        pause_s = None if progress.begun else _jittered()
        if isinstance(error, APITimeoutError):
            return _Failure(
                UpstreamTimeout(
                    f"The language model at {self._place} took no connection in time "
                    f"({self._connect_timeout_s:g} s). Check that it runs, or raise "
                    "WHETSTONE_LLM_CONNECT_TIMEOUT_S."
                ),
                pause_s=pause_s,
            )
        if isinstance(error, TimeoutError):
            return _Failure(self._too_slow(progress), pause_s=pause_s)
        if isinstance(error, APIConnectionError):
            return _Failure(
                UpstreamFailed(
                    f"The language model at {self._place} cannot be reached, or the connection broke. "
                    "Check that it runs, and WHETSTONE_LLM_BASE_URL."
                ),
                pause_s=pause_s,
            )
        if isinstance(error, APIStatusError):
            return self._refusal(error)
        if isinstance(error, APIError):
            reason = own_words(error.message, self._api_key)
            return _Failure(
                UpstreamFailed(f"The language model at {self._place} failed while answering: {reason}"),
                pause_s=pause_s,
            )
        if isinstance(error, ValueError):
            return _Failure(
                UpstreamFailed(
                    f"The language model at {self._place} sent what is no chat completion. Check that "
                    "WHETSTONE_LLM_BASE_URL is an OpenAI-compatible endpoint, with its version (…/v1)."
                ),
                pause_s=None,
            )
        return _Failure(
            UpstreamFailed(f"The connection to the language model at {self._place} broke; try again."),
            pause_s=pause_s,
        )

    def _too_slow(self, progress: "_Progress") -> UpstreamTimeout:
        if time.monotonic() >= progress.until:
            what, limit_s, setting = "end its answer", self._total_timeout_s, "TOTAL_TIMEOUT_S"
        elif progress.begun:
            what, limit_s, setting = "go on with its answer", self._timeout_s, "TIMEOUT_S"
        else:
            what, limit_s, setting = "begin its answer", self._first_token_timeout_s, "FIRST_TOKEN_TIMEOUT_S"
        return UpstreamTimeout(
            f"The language model at {self._place} did not {what} in time ({limit_s:g} s). Try again, or raise "
            f"WHETSTONE_LLM_{setting}."
        )

    def _refusal(self, error: "APIStatusError") -> "_Failure":
        status = error.status_code
        advice = {
            401: " Check WHETSTONE_LLM_API_KEY.",
            403: " Check WHETSTONE_LLM_API_KEY.",
            404: " Check WHETSTONE_LLM_BASE_URL and WHETSTONE_LLM_MODEL.",
            429: " It is asked too much; try again later.",
        }.get(status, "")
        kind = UpstreamRefused if status in _THE_PROMPTS_FAULT else UpstreamFailed
        failed = kind(
            f"The language model at {self._place} answered with status {status}: "
            f"{own_words(error.message, self._api_key)}.{advice}"
        )
        passing = status in _PASSING or status >= 500
        asked = _seconds(error.response.headers.get("retry-after"))
        if passing:
            failed.retry_after_s = asked
        if not passing or (asked is not None and asked > _LONGEST_PAUSE_S):
            return _Failure(failed, pause_s=None)
        return _Failure(failed, pause_s=max(asked or 0.0, _jittered()))


class _Failure(Exception):
    """One try failed."""

    def __init__(self, error: UpstreamFailed, *, pause_s: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause_s = pause_s  # before another try, seconds; None: another try is of no use


@dataclass(kw_only=True)
class _Progress:
    """How far an answer has come."""

    until: float  # monotonic clock, seconds: end of the whole
    first_until: float  # likewise: end of waiting for the first piece
    begun: bool = False  # the model has said something, aloud or to itself
    finish: str | None = None  # why it ended, in the endpoint's word
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def heed(self, chunk: "ChatCompletionChunk") -> str:
        """Note what a chunk tells, and give its text, which may be empty.

        Raises:
            ValueError: it is no chunk of a chat completion. The client library checks nothing of what it reads.
        """
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self.prompt_tokens = _count(getattr(usage, "prompt_tokens", None))
            self.completion_tokens = _count(getattr(usage, "completion_tokens", None))
        choices = getattr(chunk, "choices", None)
        if not isinstance(choices, list):
            raise ValueError("a chunk without choices")
        if not choices:
            return ""
        finish = getattr(choices[0], "finish_reason", None)
        self.finish = str(finish) if finish else self.finish
        delta = getattr(choices[0], "delta", None)
        content = getattr(delta, "content", None) or ""
        if not isinstance(content, str):
            raise ValueError("a piece that is no text")
        thought = any((getattr(delta, "model_extra", None) or {}).values())
        self.begun = self.begun or bool(content) or thought
        return content


def _count(tokens: object) -> int | None:
    return tokens if isinstance(tokens, int) and tokens >= 0 else None


def _jittered() -> float:
    """A short pause, in seconds, never the same: those who failed together shall not come back together."""
    return random.uniform(0.1, 0.4)


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header that holds seconds; one that holds a date is as good as none."""
    try:
        asked = float(retry_after or "")
    except ValueError:
        return None
    return asked if 0 <= asked < 86_400 else None


def _harmless(error: Exception) -> Exception | None:
    """Return the cause to be shown in tracebacks, unless it has an endpoint's own words: these may hold the key."""
    from openai import APIConnectionError

    return error if isinstance(error, APIConnectionError) else None


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
