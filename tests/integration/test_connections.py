"""Requests that are too large or too slow to be read: refused, and nobody else waits for it."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from rag.adapters.uvicorn import DrainingServer, connections
from rag.running.draining import Draining
from rag.running.listening import listen


class Echo:
    """An application that tells how many bytes it was sent, and remembers what it heard last."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer; /early before the body, /slow a second after it, /late reads only after a second."""
        if scope["type"] != "http":
            return
        size, more = 0, scope["path"] != "/early"
        if scope["path"] == "/late":
            await asyncio.sleep(1)
        while more:
            message = await receive()
            self.heard.append(message["type"])
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message["more_body"]
        if scope["path"] == "/slow":
            await asyncio.sleep(1)
        body = str(size).encode()
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def echo() -> Echo:
    """The application."""
    return Echo()


@pytest.fixture
def address(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """The address of a server in earnest, but for its patience: half a second."""
    for name in ("HEAD_S", "BODY_S", "_LINGER_S"):
        monkeypatch.setattr(connections, name, 0.5, raising=False)
    server = DrainingServer(echo, Draining(), grace_s=1)
    with listen("127.0.0.1", 0) as sock:
        thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
        thread.start()
        yield sock.getsockname()
        server.should_exit = True
        thread.join()


def answer_to(address: tuple[str, int], *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send pieces with pauses between them, and return all that comes until the server closes."""
    with socket.create_connection(address, timeout=10) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
                time.sleep(pause_s)
        except OSError:
            pass  # it was refused meanwhile
        answer = b""
        try:
            while piece := client.recv(65_536):
                answer += piece
        except ConnectionError:
            pass
        return answer


GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
CLOSE = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    "request_of",
    [
        [b"GET /" + b"a" * 200_000],
        [GET + b"X-Long: ", *[b"a" * 10_000] * 20],
        [GET, *[b"X-Many: %d\r\n" % number for number in range(200)], CLOSE],
        [GET, b"X" * 200_000],
        [POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Trailer: ", b"a" * 200_000],
        [POST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 200_000],
    ],
    ids=["request line", "value", "number", "name", "trailer", "chunk extension"],
)
def test_a_head_without_end_is_refused(address: tuple[str, int], request_of: list[bytes]) -> None:
    """Whatever part of it is too large; the answer says what a request may have."""
    head, _, body = answer_to(address, *request_of).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert "100 headers" in json.loads(body)["error"]["message"]


def test_a_head_within_the_limits_is_read(address: tuple[str, int]) -> None:
    """Long cookies and many headers of proxies pass."""
    many = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 500) for number in range(95))
    assert answer_to(address, GET, many, CLOSE).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "request_of",
    [
        [GET],
        [b"GET / HT"],
        [GET, *[b"X-Drop: 1\r\n"] * 20],
        [POST + b"Content-Length: 100\r\n\r\nhalf"],
        [POST + b"Content-Length: 100\r\n\r\n", *[b"x"] * 20],
        [POST + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 20],
    ],
    ids=["head", "request line", "head in drops", "body", "body in drops", "chunks in drops"],
)
def test_half_a_request_is_ended(address: tuple[str, int], echo: Echo, request_of: list[bytes]) -> None:
    """With 408, in time, and the application hears that the client is gone."""
    began = time.monotonic()
    answer = answer_to(address, *request_of, pause_s=0.1)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 4
    while echo.heard and echo.heard[-1] != "http.disconnect":
        assert time.monotonic() - began < 8
        time.sleep(0.01)


@pytest.mark.parametrize("request_of", [[], [b"\r\n"], [GET + b"\r\n"], [GET + b"\r\n", *[b"\r\n"] * 8]])
def test_a_connection_that_asks_nothing_more_is_closed(
    address: tuple[str, int], request_of: list[bytes]
) -> None:
    """From the beginning, and after an answer."""
    began = time.monotonic()
    answer_to(address, *request_of, pause_s=0.1)
    assert time.monotonic() - began < 8


def test_a_large_body_may_take_its_time(address: tuple[str, int]) -> None:
    """What keeps pace is read to its end, however long that takes."""
    pieces = [b"x" * 20_000] * 12
    head = POST + b"Content-Length: 240000\r\n\r\n"
    assert answer_to(address, head, *pieces, pause_s=0.15).endswith(b"\r\n\r\n240000")


def test_who_waits_for_the_service_is_not_late(address: tuple[str, int]) -> None:
    """An application that reads late, a client that waits to be told to go on, and an answer that takes long."""
    late = POST.replace(b"/ ", b"/late ", 1)
    assert answer_to(address, late + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000).endswith(b"300000")
    slow = POST.replace(b"/ ", b"/slow ", 1)
    assert answer_to(address, slow + b"Content-Length: 2\r\n\r\nxx").endswith(b"\r\n\r\n2")
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(late + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(1_000).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"xx")
        assert b"".join(iter(lambda: client.recv(1_000), b"")).endswith(b"\r\n\r\n2")


def test_the_next_request_does_not_disturb_the_answer(address: tuple[str, int]) -> None:
    """Half of one, and one without end, sent while the first is being answered: no second answer amid the first."""
    slow = GET.replace(b"/ ", b"/slow ", 1) + b"\r\n"
    assert answer_to(address, slow, GET, pause_s=0.01).count(b"HTTP/1.1 200 ") == 1
    assert b"431" not in answer_to(address, slow, GET + b"X: " + b"a" * 200_000, pause_s=0.05)


def test_a_body_after_its_answer_is_not_read_for_ever(address: tuple[str, int]) -> None:
    """The answer that came early is all that is answered."""
    early = POST.replace(b"/ ", b"/early ", 1).replace(b"Connection: close\r\n", b"")
    answer = answer_to(address, early + b"Content-Length: 9999999\r\n\r\n", *[b"x" * 1_000] * 20, pause_s=0.1)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_an_upgrade_is_answered_as_a_request(address: tuple[str, int]) -> None:
    """WebSocket's frames would be kept to no limit."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    answer = answer_to(address, GET + upgrade + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_nobody_waits_for_an_endless_header(address: tuple[str, int]) -> None:
    """64 MB of one header, in as many connections as there are processors twice: others are answered at once."""

    def flood() -> None:
        answer_to(address, GET + b"X-Endless: ", *[b"a" * 1_000_000] * 64)

    floods = [threading.Thread(target=flood) for _ in range(4)]
    for each in floods:
        each.start()
    took = []
    while any(each.is_alive() for each in floods):
        began = time.monotonic()
        assert httpx.get("http://{}:{}/".format(*address), timeout=30).text == "0"
        took.append(time.monotonic() - began)
    assert max(took, default=0) < 1
