"""Uvicorn's connection with limits: on what is kept of a request before anybody reads it, and on how long it takes."""

import json
from asyncio import BaseTransport, TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_HEAD = 65_536
"""Bytes of a request line with its headers, and of whatever else stands between two pieces of a body."""

MAX_HEADERS = 100
"""Headers of a request, trailers included."""

HEAD_S = 10.0
"""How long request line and headers may take, in seconds."""

BODY_S = 30.0
"""How long each `BODY_STEP` bytes of a body may take, in seconds; a large one may take as long as it needs."""

BODY_STEP = 16_384

_CHECKS = 3  # so often in that time it is checked whether it keeps pace

_PIECE = 16_384  # bytes parsed at a time: by so much a limit may be passed
_LINGER_S = 2.0  # a connection that is closed while the client still sends takes the answer with it


class BoundedConnection(HttpToolsProtocol):
    """Refuses heads that are too large with 431, and requests that come too slowly with 408."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = True  # also before its first byte
        self._beside = 0  # bytes since the head or the last piece of the body began
        self._body = 0  # bytes of it since it last kept pace
        self._behind = 0  # checks since then
        self._refused = False
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, as far as it is within the limits."""
        for start in range(0, len(data), _PIECE):
            if self._refused or self.transport.is_closing():
                return
            piece = data[start : start + _PIECE]
            self._beside += len(piece)
            if self._in_head and self._timer is None:
                self._wait(HEAD_S)
            super().data_received(piece)
            if self._beside > MAX_HEAD and not self._refused:
                self.send_400_response("")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one too many ends the parsing."""
        if len(self.headers) >= MAX_HEADERS:
            self._beside = MAX_HEAD + 1
            raise ValueError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        super().on_headers_complete()
        self._in_head, self._body, self._behind = False, 0, 0
        self._wait(BODY_S / _CHECKS)

    def on_body(self, body: bytes) -> None:
        """Note that it goes on."""
        self._beside = 0
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing until the next request begins; the time until then is Uvicorn's."""
        self._in_head, self._beside = True, 0
        self._wait(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed, or is too large to be."""
        if self._beside > MAX_HEAD:
            self._refuse(431, f"A request may have {MAX_HEADERS} headers, and {MAX_HEAD} bytes of them.")
        else:
            self._refuse(400, msg)

    @property
    def answering(self) -> bool:
        """Whether a request is being answered, or about to be."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        # Half of the next request may well come while this one is answered, and a body may wait for its reader.
        waits = self.flow.read_paused or (self.answering and self.cycle.waiting_for_100_continue)
        self._behind += 1
        if self._body >= BODY_STEP or waits:
            self._body = self._behind = 0
        if self.answering and (self._in_head or self._behind < _CHECKS):
            self._wait(HEAD_S if self._in_head else BODY_S / _CHECKS)
        elif self._in_head and not self._beside:
            self.transport.close()
        else:
            self._refuse(408, "The request did not come in time.")

    def _refuse(self, status: int, message: str) -> None:
        """Answer where no other answer is under way, and close."""
        self._refused = True
        answering = self.answering
        # Of an earlier request, or of this one before its end.
        another = (
            answering if self._in_head else not answering or self.pipeline or self.cycle.response_started
        )
        if another:
            self.transport.close()
            return
        if answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        body = json.dumps({"error": error}).encode()
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            + body
        )
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._wait(None)
        self._timer = self.loop.call_later(_LINGER_S, self.transport.close)
