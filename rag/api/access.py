"""Who may come in, and with how much: pure ASGI, in front of every route."""

import hmac
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.errors import error_response
from rag.domain import Principal, Role
from rag.errors import BodyTooLarge, Forbidden, Unauthorised, WhetstoneError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Access:
    """Demands the bearer key; without one, that the caller means this machine."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        key: str | None,
        tenant: str,
        hosts: frozenset[str],
        public: Sequence[re.Pattern[str]],
    ) -> None:
        """Guard `app`; `hosts` are names that are accepted beside loopback where there is no key."""
        self._tenant = tenant
        self._public = tuple(public)
        self._app = app
        self._key = key.encode() if key else None
        self._hosts = _LOOPBACK | hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 401 or 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        name = "environment" if self._key else "local"
        state["principal"] = Principal(id=name, tenant=self._tenant, roles=frozenset(Role))
        public = any(pattern.fullmatch(scope["path"]) for pattern in self._public)
        error = None if public else self._refusal(Headers(scope=scope))
        if error is None:
            await self._app(scope, receive, send)
        else:
            await error_response(error)(scope, receive, send)

    def _refusal(self, headers: Headers) -> WhetstoneError | None:
        if self._key is not None:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            known = hmac.compare_digest(given.strip().encode(), self._key)
            if scheme.lower() == "bearer" and known:
                return None
            return Unauthorised("Send the service's key as `Authorization: Bearer <key>`.")
        # Any web page may point its own name at 127.0.0.1 and have the browser ask here as itself.
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if host in self._hosts:
            return None
        return Forbidden(
            f"Without WHETSTONE_API_KEY only requests to loopback are answered, not to {host or 'no host'!r}. "
            "Ask http://127.0.0.1, or name the host in WHETSTONE_PUBLIC_URL."
        )


class BodyLimit:
    """Refuses request bodies above a size, declared or streamed."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        """Guard `app`."""
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then hand it on; or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_bytes:
                await self._refuse(scope, receive, send)
                return
        whole: Message | None = {"type": "http.request", "body": bytes(body), "more_body": False}

        async def replay() -> Message:
            nonlocal whole
            message, whole = whole, None
            return await receive() if message is None else message

        await self._app(scope, replay, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = BodyTooLarge(
            f"The request has more than the {self._max_bytes} bytes that are accepted. "
            "Send less, or raise WHETSTONE_MAX_BODY_BYTES; `whetstone ingest` takes larger files."
        )
        await error_response(error)(scope, receive, send)
