"""How much each key, and all together, may have under way: pure ASGI around `rag.access.limits`."""

import math

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.access.limits import KeyLimits, Standing, Turns
from rag.api.wire.answers import unless_left
from rag.api.wire.errors import error_response
from rag.domain import Principal
from rag.errors import Overloaded, RateLimited

QUESTIONS = frozenset({"/v1/chat/completions", "/v1/retrieve", "/v1/embeddings"})
"""Paths whose work is heavy enough to be done in turns."""

_UNLIMITED = frozenset({"", "local"})
"""Nobody, who gets to public routes only, and whoever uses this machine while there are no keys."""


class PerKey:
    """Holds each key to its limits until the response, a stream too, has ended or the client has left."""

    def __init__(self, app: ASGIApp, *, limits: KeyLimits) -> None:
        """Guard `app`; the principal has to be in the request's state."""
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 429; either way the headers say what is left."""
        if scope["type"] != "http" or scope["state"]["principal"].id in _UNLIMITED:
            await self._app(scope, receive, send)
            return
        principal: Principal = scope["state"]["principal"]
        try:
            standing = self._limits.begin(principal)
        except RateLimited as error:
            told = _telling(send, self._limits.standing(principal))
            await error_response(error)(scope, receive, told)
            return
        try:
            await self._app(scope, receive, _telling(send, standing))
        finally:
            self._limits.end(principal)


class InTurn:
    """Has questions wait for their turn, first come, first served; a client that leaves gives up its place."""

    def __init__(self, app: ASGIApp, *, turns: Turns) -> None:
        """Guard `app`. Stands behind what reads the body, so that after it only a disconnect can come."""
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a question through when it is its turn, or answer 503; other requests pass."""
        if scope["type"] != "http" or scope["path"] not in QUESTIONS:
            await self._app(scope, receive, send)
            return
        body: Message | None = await receive()

        async def replay() -> Message:
            nonlocal body
            message, body = body, None
            return await receive() if message is None else message

        try:
            turn = self._turns.ask()
        except Overloaded as error:
            await error_response(error)(scope, receive, send)
            return
        with turn:
            if not turn.come.is_set():
                async with unless_left(receive):
                    await turn.come.wait()
            if turn.come.is_set():
                await self._app(scope, replay, send)


def _telling(send: Send, standing: Standing) -> Send:
    """Add OpenAI's headers about limits to the response."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-ratelimit-limit-requests"] = str(standing.limit)
            headers["x-ratelimit-remaining-requests"] = str(standing.remaining)
            headers["x-ratelimit-reset-requests"] = duration(standing.reset_s)
        await send(message)

    return told


def duration(seconds: float) -> str:
    """Write a time the way OpenAI's headers do: ``120ms``, ``1s``, ``6m0s``; rounded up."""
    milliseconds = math.ceil(seconds * 1_000)
    if milliseconds < 1_000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(math.ceil(milliseconds / 1_000), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
