"""The webhook, against real receivers on loopback."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from doubles.standing_alarm import OPENED, standing_alarm
from pydantic import SecretStr

from monitoring.adapters.webhook import SignedWebhook, signature, webhook_of
from monitoring.alarms.delivering import content
from monitoring.domain import AlarmEvent, Delivery, Reply
from monitoring.settings import DriftSettings, signing_key
from rag.errors import UpstreamFailed, UpstreamTimeout

KEY = b"k" * 24
NOW = datetime(2026, 3, 2, 10, 0, 0, 500_000, tzinfo=UTC)
DELIVERY = Delivery(
    id="bbbbbbbb-2222-4222-8222-222222222222",
    alarm_id="a",
    event=AlarmEvent.OPENED,
    payload=content(standing_alarm(sentence="Fragen über Überstunden, 41 von 200"), AlarmEvent.OPENED, NOW),
    at=NOW,
    next_at=NOW,
)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Received:
    """What came, and how it is answered."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, dict[str, str], bytes]] = []  # path, headers, body


@contextmanager
def receiver(*answers: int | Answer) -> Iterator[Received]:
    """Run a receiver that answers in turn, with a status or as a function does; the last one again and again."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        """Takes a POST."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = left.pop(0) if len(left) > 1 else left[0]
            with suppress(OSError):
                if callable(answer):
                    answer(self)
                else:
                    self.send_response(answer)
                    self.send_header("content-length", "0")
                    self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    received = Received(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def webhook(url: str, **values: Any) -> SignedWebhook:
    """Make one that knows what time it is."""
    return SignedWebhook(url, KEY, clock=lambda: NOW, **values)


def test_an_event_is_sent_as_signed_json() -> None:
    """Id, moment and body are under the signature, as Standard Webhooks has it."""
    with receiver(204) as received:
        assert webhook(received.url).send(DELIVERY) is Reply.TAKEN
    ((path, headers, body),) = received.requests
    assert path == "/hook"
    assert json.loads(body) == DELIVERY.payload
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == DELIVERY.id
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    signed = f"{DELIVERY.id}.{int(NOW.timestamp())}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_documented_check_knows_ours_from_others() -> None:
    """The example of docs/observing.md takes what was sent, and nothing that was changed, is old or is forged."""
    page = (Path(__file__).parents[4] / "docs" / "observing.md").read_text()
    example = page.partition("**Check the signature**")[2].partition("```python\n")[2].partition("```")[0]
    known: dict[str, Any] = {}
    exec(example, known)  # noqa: S102 # our own page
    is_ours = known["is_ours"]
    secret = "whsec_" + base64.b64encode(KEY).decode()
    with receiver(200) as received:
        SignedWebhook(received.url, signing_key(SecretStr(secret))).send(DELIVERY)
        SignedWebhook(received.url, KEY, clock=lambda: datetime.now(UTC) - timedelta(minutes=6)).send(
            DELIVERY
        )
    (_, headers, body), (_, old, _) = received.requests
    other = "whsec_" + base64.b64encode(b"o" * 24).decode()
    assert is_ours(secret, headers, body)
    assert not is_ours(secret, headers, body.replace(b"41", b"14"))
    assert not is_ours(other, headers, body)
    assert not is_ours(secret, headers | {"webhook-id": "another"}, body)
    assert not is_ours(secret, headers | {"webhook-signature": "v1,"}, body)
    assert not is_ours(secret, headers | {"webhook-timestamp": "soon"}, body)
    assert not is_ours(secret, old, body)


def test_the_documented_event_is_one_that_is_sent() -> None:
    """The page shows every field there is."""
    page = (Path(__file__).parents[4] / "docs" / "observing.md").read_text()
    shown = json.loads(page.partition("## Webhooks")[2].partition("```json\n")[2].partition("```")[0])
    assert shown == content(standing_alarm(), AlarmEvent.OPENED, OPENED)


def test_the_scheme_s_own_example() -> None:
    """What the specification's libraries compute for their example, id, time, body and secret."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_takes_it(status: int) -> None:
    """A receiver need not know which one."""
    with receiver(status) as received:
        assert webhook(received.url).send(DELIVERY) is Reply.TAKEN


def test_a_failure_may_be_tried_again_under_the_same_id() -> None:
    """The receiver can tell a second copy; the moment is that of the try."""
    with receiver(500, 200) as received:
        sender = webhook(received.url)
        with pytest.raises(UpstreamFailed, match=r"answered with status 500, expected 2xx"):
            sender.send(DELIVERY)
        assert sender.send(DELIVERY) is Reply.TAKEN
    assert [headers["webhook-id"] for _, headers, _ in received.requests] == [DELIVERY.id] * 2


@pytest.mark.parametrize("status", [304, 400, 401, 404, 409, 429, 500, 503])
def test_other_statuses_may_be_tried_again(status: int) -> None:
    """A wrong path or key is put right by people, within the day."""
    with receiver(status) as received, pytest.raises(UpstreamFailed, match=str(status)) as raised:
        webhook(received.url).send(DELIVERY)
    assert raised.value.retry_after_s is None


def test_410_ends_it() -> None:
    """The receiver wants no more."""
    with receiver(410) as received:
        assert webhook(received.url).send(DELIVERY) is Reply.GONE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """What is signed goes to the address that was set and nowhere else."""

    def away(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("location", elsewhere.url)
        handler.end_headers()

    with receiver(200) as elsewhere, receiver(away) as received:
        with pytest.raises(UpstreamFailed, match=str(status)):
            webhook(received.url).send(DELIVERY)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("9" * 400, 1_000_000.0),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=False), 299.5),
        (format_datetime(NOW - timedelta(minutes=5)), 0.0),
        ("soon", None),
        ("", None),
        ("1e3", None),
    ],
)
def test_when_a_busy_receiver_wants_to_be_asked_again(value: str, expected: float | None) -> None:
    """Seconds or a date; what cannot be read counts for nothing."""

    def busy(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(429)
        handler.send_header("retry-after", value)
        handler.end_headers()

    with receiver(busy) as received, pytest.raises(UpstreamFailed) as raised:
        webhook(received.url).send(DELIVERY)
    assert raised.value.retry_after_s == expected


def test_an_answer_without_end_is_not_read() -> None:
    """Its status alone counts, so that a receiver cannot fill the memory."""
    written = 0

    def flood(handler: BaseHTTPRequestHandler) -> None:
        nonlocal written
        handler.send_response(200)
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65_536)
            written += 65_536

    with receiver(flood) as received:
        began = time.monotonic()
        assert webhook(received.url).send(DELIVERY) is Reply.TAKEN
        assert time.monotonic() - began < 5
    assert written < 20_000_000


@pytest.mark.parametrize("kind", ["silent", "dripping"])
def test_a_slow_answer_is_given_up(kind: str) -> None:
    """Silence, and a byte now and then, which outlasts any limit of a single read."""
    end = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        if kind == "silent":
            end.wait(10)
            return
        for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if end.wait(0.1):
                return

    with receiver(slow) as received:
        began = time.monotonic()
        with pytest.raises(UpstreamTimeout, match=r"did not answer within 0\.5 s"):
            webhook(received.url, timeout_s=0.5).send(DELIVERY)
        assert time.monotonic() - began < 3
        end.set()


def test_an_endless_header_is_refused() -> None:
    """A receiver cannot fill the memory by its headers either."""

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
        for _ in range(1_000):
            handler.wfile.write(b"y" * 65_536)

    with receiver(flood) as received, pytest.raises(UpstreamFailed):
        webhook(received.url).send(DELIVERY)


def test_what_does_not_speak_http_is_told() -> None:
    """The text says what happened."""

    def other(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"220 mail.example.com ESMTP\r\n")

    with receiver(other) as received, pytest.raises(UpstreamFailed, match="cannot be reached"):
        webhook(received.url).send(DELIVERY)


def test_nobody_listens() -> None:
    """The error names host and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UpstreamFailed, match=rf"the webhook at 127\.0\.0\.1:{port} cannot be reached: .+"):
        webhook(f"http://127.0.0.1:{port}/hook").send(DELIVERY)


@pytest.mark.parametrize("status", [200, 500])
def test_nothing_secret_is_said(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the address's password, path and query nor the key stand in logs and errors."""
    said = ""
    with receiver(status) as received, caplog.at_level(logging.DEBUG):
        url = received.url.replace("http://", "http://ann:pass-word@") + "/tok-en?key=que-ry"
        try:
            webhook(url).send(DELIVERY)
        except UpstreamFailed as error:
            said = str(error)
        ours = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    ((path, headers, _),) = received.requests
    assert path == "/hook/tok-en?key=que-ry"
    assert headers["authorization"].startswith("Basic ")
    for secret in ("pass-word", "tok-en", "que-ry", KEY.decode()):
        assert secret not in said + "".join(ours)
    assert received.url.partition("/hook")[0].removeprefix("http://") in said or status == 200


def test_settings_name_the_receiver_and_the_key() -> None:
    """Without an address there is nobody to tell."""
    assert webhook_of(DriftSettings(_env_file=None)) is None
    secret = SecretStr("whsec_" + base64.b64encode(KEY).decode())
    with receiver(200) as received:
        made = webhook_of(
            DriftSettings(_env_file=None, webhook_url=SecretStr(received.url), webhook_secret=secret)
        )
        assert made is not None
        made.send(DELIVERY)
    ((_, headers, body),) = received.requests
    expected = signature(KEY, DELIVERY.id, headers["webhook-timestamp"], body)
    assert headers["webhook-signature"] == expected


def test_it_works_where_an_event_loop_runs_already() -> None:
    """A flow may be run from one."""
    import asyncio

    async def inside(url: str) -> Reply:
        return webhook(url).send(DELIVERY)

    with receiver(200) as received:
        assert asyncio.run(inside(received.url)) is Reply.TAKEN
