"""The server's adapter where there is no server, or an old one; the rest is in the contract tests."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from rag.adapters.qdrant import QdrantServer
from rag.domain import Chunking, Release, Retrieval
from rag.errors import Unavailable

RELEASE = Release.create(encoder="e" * 64, dimension=16, chunking=Chunking(), retrieval=Retrieval())


def test_a_server_that_is_not_there_is_unavailable() -> None:
    """The error names the address, and comes at the first use."""
    store = QdrantServer("http://127.0.0.1:9", None, 2)

    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9 does not answer"):
        store.open(RELEASE)
    with pytest.raises(Unavailable, match="does not answer"):
        store.names()


class OldServer(BaseHTTPRequestHandler):
    """Says that it is Qdrant 1.18."""

    def do_GET(self) -> None:
        """Answer with the version."""
        body = b'{"title": "qdrant - vector search engine", "version": "1.18.2"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def test_a_server_that_is_too_old_is_refused() -> None:
    """Servers below 1.19 can lose points; the error says which version is there and which is needed."""
    with HTTPServer(("127.0.0.1", 0), OldServer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            with pytest.raises(Unavailable, match=r"is 1\.18\.2; 1\.19 or newer"):
                QdrantServer(url, None, 5).names()
        finally:
            server.shutdown()
            thread.join()
