"""Ids, times and log lines of requests."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from rag.api.guards.requests import Requests
from rag.running.observing import request_id


class Heard:
    """Remembers the requests it is told of."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def request(self, **told: Any) -> None:
        """Remember a request."""
        self.requests.append(told)

    def interaction(self, interaction: object) -> None:
        """Never be told of a question."""
        raise AssertionError("no question was asked")


class Route:
    """A route as the router leaves it in the scope."""

    path = "/v1/things/{thing}"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the request's id; leave without an answer where the path says so."""
    scope["route"] = Route
    if scope["path"] == "/v1/things/broken":
        raise ValueError("broken")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": request_id.get().encode()})


def ask(path: str = "/v1/things/7", **headers: str) -> tuple[httpx.Response, list[dict[str, Any]]]:
    """Send a request; give the response and what an observer heard."""
    heard = Heard()

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(Requests(app, observers=[heard]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(send()), heard.requests


def test_the_response_carries_the_id_that_was_current_while_it_was_made() -> None:
    """What stands in the log can be found by what the client was given."""
    response, _ = ask()
    assert response.text == response.headers["x-request-id"]
    assert len(response.text) == 32
    assert request_id.get() == ""


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("x" * 65, False), ("a b", False)])
def test_a_callers_own_id_is_kept_where_it_is_a_sane_one(given: str, kept: bool) -> None:
    """Long ones and those with other characters could spoil a log."""
    response, _ = ask(**{"X-Request-Id": given})
    assert (response.headers["x-request-id"] == given) is kept


def test_observers_hear_of_the_route_and_not_of_the_path() -> None:
    """Paths hold ids; as labels of a metric there would be no end of them."""
    _, heard = ask()
    assert [(each["method"], each["route"], each["status"]) for each in heard] == [
        ("GET", "/v1/things/{thing}", 200)
    ]
    assert 0 < heard[0]["seconds"] < 5


def test_a_request_without_a_response_is_told_of() -> None:
    """It counts as one whose client left, and the error goes on its way."""
    heard = Heard()

    async def send() -> None:
        transport = httpx.ASGITransport(Requests(app, observers=[heard]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get("/v1/things/broken")

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(send())
    assert [each["status"] for each in heard.requests] == [499]


def test_a_line_tells_of_a_request_without_its_path(caplog: pytest.LogCaptureFixture) -> None:
    """A query string may hold the signature of a link."""
    with caplog.at_level(logging.INFO, logger="rag.api.guards.requests"):
        ask("/v1/things/7?sig=secret")
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("GET /v1/things/{thing} 200 ")
    assert "secret" not in caplog.text
