"""A language model that is out of order in every way, behind a real service."""

import json
import threading
import time
from typing import Any

import httpx
import pytest
from doubles.scripted_llm import ScriptedLLM
from doubles.waiting import until

from rag.bootstrap import process


def code(response: httpx.Response) -> tuple[int, str]:
    """Return status and error code."""
    return response.status_code, response.json().get("error", {}).get("code", "")


@pytest.fixture
def limits(scripted_llm: ScriptedLLM) -> dict[str, Any]:
    """Settings with the scripted model and short limits."""
    return {
        "llm_base_url": scripted_llm.url,
        "llm_api_key": "sk-very-secret-key",
        "llm_first_token_timeout_s": 0.4,
        "llm_timeout_s": 0.4,
        "llm_total_timeout_s": 2,
        "llm_breaker_failures": 100,
    }


def test_each_failure_has_its_status_and_its_row(
    make_service: Any, scripted_llm: ScriptedLLM, limits: Any
) -> None:
    """Silence is 504, everything else 502; no message holds the key; after all of it the model answers again."""
    reply = type(scripted_llm).reply
    service = make_service(**limits)
    failures = [
        ([reply(text="late", delay_s=3)] * 2, (504, "upstream_timeout")),
        ([reply(text="late", first_s=3)] * 2, (504, "upstream_timeout")),
        ([reply(text="one two", pause_s=3)], (504, "upstream_timeout")),
        ([reply(text="drip " * 100, pause_s=0.1)], (504, "upstream_timeout")),
        ([reply(text="one two three", break_after=2)], (502, "upstream_failed")),
        ([reply(status=429)] * 2, (502, "upstream_failed")),
        ([reply(status=500, text="sk-very-secret-key")] * 2, (502, "upstream_failed")),
        ([reply(raw=b"data: garbage\n\n")], (502, "upstream_failed")),
        ([reply(status=400, text="context too long")], (502, "upstream_refused")),
    ]
    for replies, expected in failures:
        scripted_llm.script(*replies)
        response = service.ask()
        assert expected == code(response)
        assert "sk-very-secret-key" not in response.text
        assert not scripted_llm.replies
    assert 200 == service.ask().status_code
    assert "sk-very-secret-key" not in service.log()


def test_a_failure_in_the_middle_of_a_stream_is_an_error_event(
    make_service: Any, scripted_llm: ScriptedLLM, limits: Any
) -> None:
    """What was said stands; an error event and the end follow, on a connection that stays whole."""
    scripted_llm.script(type(scripted_llm).reply(text="one [1] two three", break_after=3))
    service = make_service(**limits)

    response = service.ask(stream=True)

    *_, error, done = [line.removeprefix("data: ") for line in response.text.splitlines() if line]
    assert (200, "[DONE]") == (response.status_code, done)
    assert "upstream_failed" == json.loads(error)["error"]["code"]
    assert "two" in response.text


def test_the_breaker_opens_and_closes(make_service: Any, scripted_llm: ScriptedLLM, limits: Any) -> None:
    """After its failures the documents' own sentences answer, without asking the model; then it is tried, and back."""
    service = make_service(**limits | {"llm_breaker_failures": 3, "llm_breaker_pause_s": 2})
    scripted_llm.script(*[type(scripted_llm).reply(status=500)] * 6)
    assert [502] * 3 == [service.ask().status_code for _ in range(3)]
    asked = len(scripted_llm.requests)

    began = time.monotonic()
    stood_in = service.ask()
    assert 200 == stood_in.status_code
    assert "noon" in stood_in.json()["choices"][0]["message"]["content"]
    assert asked == len(scripted_llm.requests)
    ready = service.ready()
    assert 200 == ready["code"]
    assert "extractive answers stand in" in ready["parts"]["generator"]["detail"]

    time.sleep(max(0.0, began + 2.2 - time.monotonic()))
    assert "The documents say so" in service.ask().json()["choices"][0]["message"]["content"]
    assert "the language model is asked" == service.ready()["parts"]["generator"]["detail"]


def test_a_client_that_leaves_stops_the_model(
    make_service: Any, scripted_llm: ScriptedLLM, limits: Any
) -> None:
    """Within a second, streamed or not, before or after the first piece."""
    reply = type(scripted_llm).reply
    service = make_service(
        **limits | {"llm_first_token_timeout_s": 30, "llm_timeout_s": 30, "llm_total_timeout_s": 60}
    )
    for stream, slow in (
        (True, reply(text="one two three", pause_s=20)),
        (True, reply(text="late", delay_s=20)),
        (False, reply(text="one two three", pause_s=20)),
    ):
        scripted_llm.script(slow)
        scripted_llm.left.clear()
        body = {"model": "m", "messages": [{"role": "user", "content": "When is lunch?"}], "stream": stream}
        with pytest.raises(httpx.TimeoutException):
            httpx.post(f"{service.url}/v1/chat/completions", json=body, timeout=httpx.Timeout(10, read=0.7))
        until(lambda: scripted_llm.left, "the model to be left", seconds=1)


def test_sigterm_under_streaming_load(make_service: Any, scripted_llm: ScriptedLLM, limits: Any) -> None:
    """Streams under way finish whole, new questions are refused or not connected, and the status is 0 soon."""
    scripted_llm.default = "The cafeteria says so [1] " + "and so on " * 20
    service = make_service(**limits | {"llm_total_timeout_s": 60})
    reply = type(scripted_llm).reply
    scripted_llm.script(*[reply(text="one [1] " + "two three " * 10 + "done", pause_s=0.1)] * 4)
    whole: list[bool] = []

    def stream() -> None:
        text = service.ask(stream=True).text
        whole.append(text.endswith("data: [DONE]\n\n") and '"error"' not in text and "done" in text)

    streams = [threading.Thread(target=stream) for _ in range(4)]
    for each in streams:
        each.start()
    until(lambda: len(scripted_llm.requests) == 4)
    service.process.terminate()
    until(lambda: code(service.client.get("/readyz")) == (503, "stopping"), seconds=1)
    assert (503, "stopping") == code(service.ask())
    for each in streams:
        each.join()
    assert [True] * 4 == whole
    began = time.monotonic()
    assert 0 == service.end(0)
    assert time.monotonic() - began < 5


@pytest.mark.heavy
def test_sigterm_ends_what_takes_too_long(make_service: Any, scripted_llm: ScriptedLLM, limits: Any) -> None:
    """A stream that would go on for minutes ends with an error event, and the process with 0 within 30 s.

    Here within 14 s: the grace is 16 s shorter, and so is what it is held to.
    """
    shorter = process._GRACE_S - 4.0
    endless = {"llm_total_timeout_s": 600, "llm_timeout_s": 60, "grace_s": 4.0}
    service = make_service(**limits | endless)
    scripted_llm.script(type(scripted_llm).reply(text="drip " * 600, pause_s=0.2))
    lines: list[str] = []

    def stream() -> None:
        body = {"model": "m", "messages": [{"role": "user", "content": "When is lunch?"}], "stream": True}
        with httpx.stream("POST", f"{service.url}/v1/chat/completions", json=body, timeout=60) as response:
            lines.extend(line for line in response.iter_lines() if line)

    streaming = threading.Thread(target=stream)
    streaming.start()
    until(lambda: any("drip" in line for line in list(lines)), "the stream to begin")
    began = time.monotonic()
    assert 0 == service.end()
    assert time.monotonic() - began < 30 - shorter
    streaming.join()
    *_, error, done = [line.removeprefix("data: ") for line in lines]
    assert ("stopping", "[DONE]") == (json.loads(error)["error"]["code"], done)


def test_a_second_signal_ends_at_once(make_service: Any, scripted_llm: ScriptedLLM, limits: Any) -> None:
    """Whoever is in a hurry does not wait for streams."""
    service = make_service(**limits | {"llm_total_timeout_s": 600, "llm_timeout_s": 60})
    scripted_llm.script(type(scripted_llm).reply(text="drip " * 600, pause_s=0.2))
    failed: list[Exception] = []

    def stream() -> None:
        try:
            service.ask(stream=True)
        except httpx.HTTPError as error:
            failed.append(error)

    streaming = threading.Thread(target=stream)
    streaming.start()
    until(lambda: scripted_llm.requests)
    service.process.terminate()
    until(lambda: code(service.client.get("/readyz")) == (503, "stopping"), seconds=5)
    began = time.monotonic()
    assert 143 == service.end()
    assert time.monotonic() - began < 2
    streaming.join()
    assert failed
