"""A generator that asks any OpenAI-compatible endpoint."""

import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.domain import Prompt
from rag.errors import UpstreamFailed, UpstreamTimeout
from rag.ports import Encoder

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI
    from openai.types.chat import ChatCompletionMessageParam

_LONGEST_REASON = 300
"""Characters of an endpoint's own error message that are passed on."""


def place_of(base_url: str) -> str:
    """Give an endpoint's host and port, which is all of its URL that is ever shown: the rest may hold a password."""
    parts = urlsplit(base_url)
    return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"


def own_words(message: str, api_key: str | None) -> str:
    """Give an endpoint's own error message, cut, and without the key that some of them repeat."""
    shown = message.replace(api_key, "***") if api_key else message
    return shown[:_LONGEST_REASON]


class OpenAIGenerator:
    """Streams answers from an OpenAI-compatible endpoint."""

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str | None = None,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 60.0,
        max_tokens: int = 800,
    ) -> None:
        """Name the endpoint; nothing is connected yet.

        Args:
            base_url: with its version, e.g. ``http://127.0.0.1:8000/v1``.
            model: asked for there.
            api_key: None for an endpoint that wants none.
            connect_timeout_s: limit of connecting, in seconds.
            timeout_s: limit between two pieces of an answer, in seconds.
            max_tokens: longest answer where the prompt sets no limit, in tokens.
        """
        # A second's work that would otherwise hold up every other answer when the first one is asked for.
        import openai  # noqa: F401 loaded for its effect

        self.name = f"openai:{model}"
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._max_tokens = max_tokens
        self._place = place_of(base_url)
        self._tls: ssl.SSLContext | None = None  # reading the certificates is the dear part of a client

    async def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncIterator[str]:  # noqa: ARG002 the port's signature
        """Yield the answer piece by piece.

        Raises:
            UpstreamTimeout: connecting, or the next piece, took too long.
            UpstreamFailed: the endpoint cannot be reached, refused, or broke off.
        """
        from openai import APIError, omit

        finish: str | None = None
        try:
            # A client's connections belong to one event loop; one client an answer is safe in any.
            async with (
                self._client() as client,
                await client.chat.completions.create(
                    model=self._model,
                    messages=_wire(prompt),
                    stream=True,
                    max_tokens=prompt.max_tokens or self._max_tokens,
                    # 0 by default: an answer that rests on its sources gains nothing from chance.
                    temperature=0.0 if prompt.temperature is None else prompt.temperature,
                    stop=list(prompt.stop) or omit,
                ) as chunks,
            ):
                async for chunk in chunks:
                    for choice in chunk.choices[:1]:
                        finish = choice.finish_reason or finish
                        if choice.delta and choice.delta.content:
                            yield choice.delta.content
        except APIError as error:
            raise self._translated(error) from error
        if finish is None:
            raise UpstreamFailed(
                f"The language model at {self._place} broke off in the middle of its answer; try again."
            )

    def _client(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI, DefaultAsyncHttpx2Client, Timeout

        limit = self._timeout_s
        timeout = Timeout(connect=self._connect_timeout_s, read=limit, write=limit, pool=limit)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",
            timeout=timeout,
            max_retries=1,
            http_client=DefaultAsyncHttpx2Client(verify=self._tls, timeout=timeout),
        )

    def _translated(self, error: "APIError") -> UpstreamFailed:
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        if isinstance(error, APITimeoutError):
            return UpstreamTimeout(
                f"The language model at {self._place} did not answer in time ({self._connect_timeout_s:g} s to "
                f"connect, {self._timeout_s:g} s between two pieces). Try again, or raise WHETSTONE_LLM_TIMEOUT_S."
            )
        if isinstance(error, APIConnectionError):
            return UpstreamFailed(
                f"The language model at {self._place} cannot be reached, or the connection broke. "
                "Check that it runs, and WHETSTONE_LLM_BASE_URL."
            )
        reason = own_words(error.message, self._api_key)
        if not isinstance(error, APIStatusError):
            return UpstreamFailed(f"The language model at {self._place} failed while answering: {reason}")
        advice = {
            401: " Check WHETSTONE_LLM_API_KEY.",
            403: " Check WHETSTONE_LLM_API_KEY.",
            404: " Check WHETSTONE_LLM_BASE_URL and WHETSTONE_LLM_MODEL.",
            429: " It is asked too much; try again later.",
        }.get(error.status_code, "")
        return UpstreamFailed(
            f"The language model at {self._place} answered with status {error.status_code}: {reason}.{advice}"
        )


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
