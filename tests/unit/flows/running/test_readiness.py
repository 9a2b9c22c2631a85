"""Readiness over HTTP, with a real server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from flows.running.readiness import http_ready
from rag.errors import InvalidInput


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a HTTP server on loopback: /ok answers 200, all else 503."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ok?deep=1" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_http_ready(web: str) -> None:
    """Ready is an answer below 400, and nothing else: not a 503, not a closed port."""
    checks = (http_ready(f"{web}/ok?deep=1"), http_ready(f"{web}/starting"), http_ready("http://127.0.0.1:1"))
    assert [check() for check in checks] == [True, False, False]


def test_http_ready_wants_http() -> None:
    """Another scheme is refused when the check is made, not when it runs."""
    with pytest.raises(InvalidInput, match="http://"):
        http_ready("file:///etc/passwd")
