"""Requests while the service comes to its end: pure ASGI, around everything else."""

import anyio
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.wire.chat_wire import sse
from rag.api.wire.errors import error_response, whetstone_body
from rag.errors import Stopping
from rag.running.draining import Draining

_STILL_TOLD = frozenset({"/healthz", "/metrics"})
"""Who asks here wants to know of this very process, also at its end."""

_LAST_WORDS_S = 1.0
"""How long the end of a stream may take to be sent to a client that reads slowly, in seconds."""


class Drained:
    """Refuses new requests once the service is told to stop, and ends what takes too long with an error event."""

    def __init__(self, app: ASGIApp, draining: Draining) -> None:
        self._app = app
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in _STILL_TOLD:
            await self._app(scope, receive, self._closing(send))
        elif self._draining.stopping:
            await error_response(Stopping())(scope, receive, self._closing(send))
        else:
            await self._counted(scope, receive, self._closing(send))

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun: Message | None = None
        ended = False

        async def followed(message: Message) -> None:
            nonlocal begun, ended
            if message["type"] == "http.response.start":
                begun = message
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        with anyio.CancelScope() as cut, self._draining.request(cut.cancel):
            await self._app(scope, receive, followed)
        if not cut.cancelled_caught or ended:
            return
        with anyio.move_on_after(_LAST_WORDS_S):
            if begun is None:
                await error_response(Stopping())(scope, receive, send)
            elif MutableHeaders(raw=begun["headers"]).get("content-type", "").startswith("text/event-stream"):
                last = sse(whetstone_body(Stopping())) + b"data: [DONE]\n\n"
                await send({"type": "http.response.body", "body": last, "more_body": False})

    def _closing(self, send: Send) -> Send:
        """Have connections closed behind their last response, so that clients go elsewhere."""

        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start" and self._draining.stopping:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        return closed
