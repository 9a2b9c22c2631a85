"""What is said where the service cannot be asked."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from flows.commands.asking import ask_anywhere
from rag.errors import InvalidInput, UpstreamFailed
from rag.settings import Settings

Serve = Callable[[bytes], Settings]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve something healthy that answers every question with the given bytes; return settings that name it."""
    servers: list[HTTPServer] = []

    def served(answer: bytes) -> Settings:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.wfile.write(answer)

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,)).start()
        return Settings(_env_file=None, port=servers[-1].server_port)

    yield served
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"HTTP/1.0 200 OK\r\n\r\n<h1>Hello</h1>", "no JSON"), (b"", "broke off")],
)
def test_what_is_no_answer_is_one_sentence(serve: Serve, answer: bytes, said: str) -> None:
    """Another program on the port, or a service that ends meanwhile: no traceback."""
    with pytest.raises(UpstreamFailed, match=rf"http://127\.0\.0\.1:.*{said}"):
        ask_anywhere(serve(answer), "When is lunch?")


def test_a_filter_goes_along(serve: Serve) -> None:
    """One that is not understood is refused before anybody is asked."""
    settings = serve(b"")
    with pytest.raises(InvalidInput, match="the filter is not understood: "):
        ask_anywhere(settings, "When is lunch?", '{"year": {"above": 4}}')
    with pytest.raises(InvalidInput, match="the filter is not understood: "):
        ask_anywhere(settings, "When is lunch?", "site=Berlin")
