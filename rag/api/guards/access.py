"""Who may come in, and with how much: pure ASGI, in front of every route."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.access.authentication import Keyring, local_principal
from rag.access.source_links import PARAMETERS, SIGNATURE, SourceLinks
from rag.api.pages.source import page_wanted, refusal_page
from rag.api.serving import SignedLink
from rag.api.wire.errors import error_response
from rag.domain import Principal, Role
from rag.errors import BodyTooLarge, Forbidden, Unauthorised, WhetstoneError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NOBODY = Principal(id="", tenant="", roles=frozenset())
_SOURCE = re.compile(r"/v1/sources/([^/]+)")


class Access:
    """Finds out who sends each request, and turns away whom nobody knows.

    Where there are keys, a request needs one, but for what is public and for links to sources that are signed. Where
    there are none, it has to mean this machine.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keyring: Keyring,
        links: SourceLinks,
        tenant: str,  # of whoever uses this machine while there are no keys
        hosts: frozenset[str],  # names that are accepted beside loopback where there are no keys
        public: Sequence[re.Pattern[str]],  # paths that everybody may ask for
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._links = links
        self._local = local_principal(tenant)
        self._hosts = _LOOPBACK | hosts
        self._public = tuple(public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with its principal, or answer 401, 403 or 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["principal"] = _NOBODY
        if not any(pattern.fullmatch(scope["path"]) for pattern in self._public):
            try:
                state["principal"] = await self._principal(scope)
            except WhetstoneError as error:
                await _refusal(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _principal(self, scope: Scope) -> Principal:
        headers = Headers(scope=scope)
        if not await self._keyring.demands():
            self._check_host(headers)
            return self._local
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return await self._keyring.principal(token.strip())
        source = _SOURCE.fullmatch(scope["path"])
        parameters = QueryParams(scope.get("query_string", b""))
        if source and scope["method"] == "GET" and SIGNATURE in parameters:
            tenant = self._links.tenant(source[1], parameters)
            query = urlencode({name: parameters[name] for name in PARAMETERS})
            scope["state"]["link"] = SignedLink(source[1], query)
            return Principal(id="link", tenant=tenant, roles=frozenset({Role.READER}))
        raise Unauthorised("This request needs a key: send it as `Authorization: Bearer <key>`.")

    def _check_host(self, headers: Headers) -> None:
        # Any web page may point its own name at 127.0.0.1 and have the browser ask here as itself.
        host = _hostname(f"//{headers.get('host', '')}")
        # And any may have it send here what needs no answer, such as a POST that starts something.
        origin = headers.get("origin")
        if origin is not None and _hostname(origin) not in self._hosts:
            raise Forbidden(
                "Without keys requests of other sites' pages are not answered. Make a key with `whetstone keys "
                "create`."
            )
        if host not in self._hosts:
            raise Forbidden(
                f"Without keys only requests to loopback are answered, not to {host or 'no host'!r}. Ask "
                "http://127.0.0.1, or make a key with `whetstone keys create`."
            )


def _refusal(scope: Scope, error: WhetstoneError) -> ASGIApp:
    # A link in an answer is followed by a person, to whom JSON says nothing.
    browser = scope["method"] == "GET" and page_wanted(Headers(scope=scope))
    return refusal_page(error) if browser and _SOURCE.fullmatch(scope["path"]) else error_response(error)


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # e.g. brackets that hold no IPv6 address
        return ""


class BodyLimit:
    """Refuses request bodies above a size, declared or streamed."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, streamed: Mapping[str, int] | None = None) -> None:
        """Guard `app`; bodies for the paths in `streamed` have those limits, and are handed on as they come."""
        self._app = app
        self._max_bytes = max_bytes
        self._streamed = dict(streamed or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then hand it on; or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        most = self._streamed.get(scope["path"])
        if declared.isdigit() and int(declared) > (most or self._max_bytes):
            await self._refusal(scope)(scope, receive, send)
            return
        if most is not None:
            await self._app(scope, _counted(receive, most), send)
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
                await self._refusal(scope)(scope, receive, send)
                return
        whole: Message | None = {"type": "http.request", "body": bytes(body), "more_body": False}

        async def replay() -> Message:
            nonlocal whole
            message, whole = whole, None
            return await receive() if message is None else message

        await self._app(scope, replay, send)

    def _refusal(self, scope: Scope) -> ASGIApp:
        if most := self._streamed.get(scope["path"]):
            return error_response(_too_large(most))
        return error_response(
            BodyTooLarge(
                f"The request has more than the {self._max_bytes} bytes that are accepted. "
                "Send less, or raise WHETSTONE_MAX_BODY_BYTES; `whetstone ingest` takes larger files."
            )
        )


def _counted(receive: Receive, most: int) -> Receive:
    left = most

    async def count() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(most)
        return message

    return count


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The files of one request have more than the {most} bytes that are accepted together. "
        "Send them in several requests, or raise WHETSTONE_MAX_FILE_BYTES."
    )
