"""A language model that says what it was told to: a real HTTP server on loopback, OpenAI's wire format."""

import json
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, ClassVar

from doubles.replies import Reply as Reply
from doubles.vices import Vices, spoiled


@dataclass
class ScriptedLLM:
    """The server. `replies` are used up in order; then `default` answers, a text or a function of the body."""

    default: str | Callable[[dict[str, Any]], str] = "The documents say so [1]."
    replies: deque[Reply] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)  # bodies, in the order they came
    authorizations: list[str] = field(default_factory=list)  # their Authorization headers
    connections: int = 0  # opened so far
    left: list[float] = field(default_factory=list)  # when a client was seen to be gone, monotonic clock
    knows_usage: bool = True  # False: `stream_options` is refused with 400
    knows_form: bool = True  # False: `response_format` is refused with 400
    vices: Vices | None = None  # of what `default` answers; None: it is honest
    said: list[tuple[dict[str, Any], Reply]] = field(
        default_factory=list
    )  # bodies and what came back, in any order

    reply: ClassVar = Reply

    def __post_init__(self) -> None:
        """Listen on a free port."""
        script = self

        class Endpoint(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                script.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                script.requests.append(body)
                script.authorizations.append(self.headers.get("Authorization", ""))
                try:
                    script._answer(self, body)
                except (BrokenPipeError, ConnectionResetError):
                    script.left.append(time.monotonic())
                    self.close_connection = True

            def log_message(self, *args: object) -> None:
                """Keep silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Base URL, as OpenAI's clients want it."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def script(self, *replies: Reply | str) -> None:
        """Queue answers."""
        self.replies.extend(Reply(text=reply) if isinstance(reply, str) else reply for reply in replies)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, body: dict[str, Any]) -> Reply:
        if self.replies:
            return self.replies.popleft()
        vice = self.vices.of(body) if self.vices else None
        return Reply(text=self.default if isinstance(self.default, str) else self.default(body), vice=vice)

    def _answer(self, endpoint: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        unknown = {"stream_options": not self.knows_usage, "response_format": not self.knows_form}
        if refused := [name for name, is_unknown in unknown.items() if is_unknown and name in body]:
            error: dict[str, str | None] = {
                "message": f"Unrecognized request argument: {refused[0]}",
                "type": "invalid_request_error",
            }
            return self._send(endpoint, 400, {"error": error})
        reply = spoiled(self._next(body), body)
        self.said.append((body, reply))
        self._rest(endpoint, reply.delay_s)
        if reply.status != 200:
            error = {"message": reply.text or "scripted failure", "type": "server_error", "code": None}
            return self._send(endpoint, reply.status, {"error": error}, reply.headers)
        if body.get("stream"):
            return self._stream(endpoint, body, reply)
        if reply.whole is not None:
            return self._send(endpoint, 200, reply.whole)
        message: dict[str, str | None] = {"role": "assistant", "content": reply.text}
        if reply.reasoning:
            message["reasoning_content"] = reply.reasoning
        if reply.refusal:
            message["refusal"] = reply.refusal
        choice = {"index": 0, "message": message, "finish_reason": reply.finish}
        usage = self._usage(reply)
        whole = {**self._head(body, "chat.completion"), "choices": [choice], "usage": usage}
        return self._send(endpoint, 200, whole)

    @staticmethod
    def _usage(reply: Reply) -> dict[str, int]:
        words = len(f"{reply.reasoning} {reply.text or ''}".split())
        return {"prompt_tokens": 11, "completion_tokens": words, "total_tokens": 11 + words}

    @staticmethod
    def _rest(endpoint: BaseHTTPRequestHandler, seconds: float) -> None:
        """Wait, but notice a client that hangs up."""
        if seconds and select.select([endpoint.connection], [], [], seconds)[0]:
            raise ConnectionResetError("the client left")

    @staticmethod
    def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-scripted", "object": kind, "created": 0, "model": body.get("model", "")}

    @staticmethod
    def _send(
        endpoint: BaseHTTPRequestHandler,
        status: int,
        value: dict[str, Any],
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        data = json.dumps(value).encode()
        endpoint.send_response(status)
        for name, text in headers.items():
            endpoint.send_header(name, text)
        endpoint.send_header("Content-Type", "application/json")
        endpoint.send_header("Content-Length", str(len(data)))
        endpoint.end_headers()
        endpoint.wfile.write(data)

    def _stream(self, endpoint: BaseHTTPRequestHandler, body: dict[str, Any], reply: Reply) -> None:
        endpoint.send_response(200)
        endpoint.send_header("Content-Type", "text/event-stream")
        endpoint.send_header("Transfer-Encoding", "chunked")
        endpoint.end_headers()

        def send(line: bytes) -> None:
            endpoint.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            endpoint.wfile.flush()

        def event(data: str) -> None:
            send(f"data: {data}\n\n".encode())

        def chunk(delta: dict[str, str], finish: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            event(json.dumps({**self._head(body, "chat.completion.chunk"), "choices": [choice]}))

        if reply.raw is not None:
            send(reply.raw)
            endpoint.wfile.write(b"0\r\n\r\n")
            return
        chunk({"role": "assistant", "content": ""})
        self._rest(endpoint, reply.first_s)
        for _ in range(reply.thoughts):
            chunk({"reasoning_content": "hm"})
            self._rest(endpoint, reply.pause_s)
        for word in filter(None, reply.reasoning.split(" ")):
            chunk({"reasoning_content": f"{word} "})
        if reply.refusal:
            chunk({"refusal": reply.refusal})
        for i, piece in enumerate(_pieces(reply)):
            if i == reply.break_after:
                # Linger 0 resets the connection: the client sees it cut, not ended.
                linger = struct.pack("ii", 1, 0)
                endpoint.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                endpoint.connection.close()
                endpoint.close_connection = True
                return
            self._rest(endpoint, reply.pause_s if i else 0)
            chunk({"content": piece})
        chunk({}, reply.finish)
        if body.get("stream_options", {}).get("include_usage"):
            head = self._head(body, "chat.completion.chunk")
            event(json.dumps({**head, "choices": [], "usage": self._usage(reply)}))
        event("[DONE]")
        endpoint.wfile.write(b"0\r\n\r\n")


def _pieces(reply: Reply) -> list[str]:
    """Return what a stream's pieces hold: words with the blanks before them, or so many characters."""
    text = reply.text or ""
    if reply.piece:
        return [text[at : at + reply.piece] for at in range(0, len(text), reply.piece)]
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)]
