"""Each request has an id, is timed, and leaves a line in the log: pure ASGI, around every route."""

import logging
import re
import time
from collections.abc import Sequence
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.running.observing import Observer, request_id

logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_LEFT = 499
"""Status a request is counted under whose client left before the response began."""
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines every few seconds; a line about each would bury the others."""


class Requests:
    """Gives each request its id (the caller's X-Request-Id where it is a sane one), and tells how it ended."""

    def __init__(self, app: ASGIApp, *, observers: Sequence[Observer] = ()) -> None:
        self._app = app
        self._observers = tuple(observers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the response carries the id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        this = given if _ID.fullmatch(given) else uuid4().hex
        token = request_id.set(this)
        began, status = time.perf_counter(), _LEFT

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = this
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            self._tell(scope, status, time.perf_counter() - began)
            request_id.reset(token)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "")
        for observer in self._observers:
            observer.request(method=scope["method"], route=route, status=status, seconds=seconds)
        if scope["path"] not in _QUIET:
            # The template, not the path: that may hold ids, and a query string may hold a signature.
            logger.info("%s %s %d %.1f ms", scope["method"], route or "(no route)", status, seconds * 1_000)
