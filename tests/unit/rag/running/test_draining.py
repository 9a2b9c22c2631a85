"""The end of a service, over a real server and real connections."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from doubles.waiting import until
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from rag.adapters.uvicorn import DrainingServer
from rag.api.guards.draining import Drained
from rag.running.draining import Draining
from rag.running.listening import listen


class Service:
    """A server in a thread, whose requests take as long as they are told to."""

    def __init__(self, grace_s: float) -> None:
        self.draining = Draining()
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        routes = [Route(path, self.answer) for path in ("/stream", "/whole", "/healthz", "/readyz")]
        self.server = DrainingServer(
            Drained(Starlette(routes=routes), self.draining), self.draining, grace_s=grace_s
        )
        self.sock = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.sock.getsockname()[1]}"
        self.thread = threading.Thread(target=self.server.run, args=([self.sock],))
        self.thread.start()

    async def answer(self, request: Request) -> Any:
        """Take `seconds`, in one piece or in tenths of a second's worth."""
        self.begun.append(request.url.path)
        seconds = float(request.query_params.get("seconds", 0))
        try:
            if request.url.path == "/stream":
                return StreamingResponse(self.pieces(seconds), media_type="text/event-stream")
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.cancelled.append(request.url.path)
            raise
        return JSONResponse({"path": request.url.path})

    async def pieces(self, seconds: float) -> Any:
        """Yield events."""
        try:
            for number in range(max(1, round(seconds * 10))):
                yield f"data: {number}\n\n"
                await asyncio.sleep(0.1)
            yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.cancelled.append("pieces")
            raise


@pytest.fixture(params=[5.0])
def service(request: Any) -> Iterator[Service]:
    """A service; its grace in seconds is the parameter."""
    running = Service(request.param)
    yield running
    running.draining.begin()
    running.thread.join()
    running.sock.close()


def events(lines: Iterator[str]) -> list[str]:
    """Return what stands in the events that are left."""
    return [line.removeprefix("data: ") for line in lines if line]


def test_an_idle_service_ends_at_once(service: Service) -> None:
    """With nothing under way there is nothing to wait for, open connections or not."""
    with httpx.Client(base_url=service.url) as client:
        assert 200 == client.get("/whole").status_code
        began = time.monotonic()
        service.draining.begin()
        service.thread.join(5)
        assert time.monotonic() - began < 1.5


def test_what_is_under_way_finishes_and_what_is_new_is_refused(service: Service) -> None:
    """A stream goes on to its end; meanwhile new requests, on old and new connections, get 503 and are hung up on."""
    with httpx.Client(base_url=service.url) as old, httpx.Client(base_url=service.url) as streaming:
        with streaming.stream("GET", "/stream?seconds=3") as stream:
            lines = stream.iter_lines()
            assert "data: 0" == next(lines)
            service.draining.begin()
            for client in (old, httpx):
                for path in ("/whole", "/readyz"):
                    response = client.get(path if client is old else f"{service.url}{path}")
                    assert (503, "stopping") == (response.status_code, response.json()["error"]["code"])
                    assert ("close", "1") == (response.headers["connection"], response.headers["retry-after"])
            assert 200 == httpx.get(f"{service.url}/healthz").status_code
            assert "[DONE]" == events(lines)[-1]
        service.thread.join(5)
        assert not service.thread.is_alive()
        assert [] == service.cancelled


@pytest.mark.parametrize("asked_before", [False, True])
def test_an_idle_connection_is_not_cut_off(service: Service, asked_before: bool) -> None:
    """Its next request may be on its way when the end begins: it is told to go elsewhere."""
    idle = HTTPConnection(*service.sock.getsockname())
    idle.connect()
    idle.auto_open = 0  # nor is it opened anew

    def status() -> int:
        idle.request("GET", "/whole")
        response = idle.getresponse()
        response.read()
        return response.status

    with httpx.stream("GET", f"{service.url}/stream?seconds=2") as stream, closing(idle):
        lines = stream.iter_lines()
        assert "data: 0" == next(lines)
        assert not asked_before or status() == 200
        until(lambda: len(service.server.server_state.connections) == 2)
        service.draining.begin()
        until(lambda: service.server._began is not None)
        assert 200 == httpx.get(f"{service.url}/healthz").status_code
        assert 503 == status()
        assert "[DONE]" == events(lines)[-1]


@pytest.mark.parametrize("service", [0.4], indirect=True)
def test_what_takes_too_long_ends_with_an_error(service: Service) -> None:
    """Past the grace a stream ends with an error event, an answer not begun with 503, and both are cancelled."""
    outcome: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: outcome.append(httpx.get(f"{service.url}/whole?seconds=30")))
    asking.start()
    with httpx.stream("GET", f"{service.url}/stream?seconds=30") as stream:
        lines = stream.iter_lines()
        next(lines)
        until(lambda: "/whole" in service.begun)
        began = time.monotonic()
        service.draining.begin()
        *_, error, done = events(lines)
    asking.join()
    service.thread.join(5)

    assert ("stopping", "[DONE]") == (json.loads(error)["error"]["code"], done)
    assert 503 == outcome[0].status_code
    assert {"pieces", "/whole"} == set(service.cancelled)
    assert 0.4 <= time.monotonic() - began < 3


@pytest.mark.parametrize("service", [0.2], indirect=True)
def test_a_client_that_reads_nothing_does_not_hold_it_up(service: Service) -> None:
    """Buffers that are full cost the grace and a little, not for ever."""
    with socket.create_connection(service.sock.getsockname()) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.sendall(b"GET /stream?seconds=3000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        deaf.recv(10)
        began = time.monotonic()
        service.draining.begin()
        service.thread.join(10)
        assert not service.thread.is_alive()
        assert time.monotonic() - began < 6
