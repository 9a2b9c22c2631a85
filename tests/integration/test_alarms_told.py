"""An alarm reaches people's programs: the webhook, in order, from the running service; and Prometheus."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from doubles.standing_alarm import standing_alarm
from doubles.waiting import until

from monitoring.adapters.sql import SqlAlarms
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.sql.stores import open_stores, sqlite_url

SECRET = "a-secret-that-is-long-enough"


@contextmanager
def receiver(statuses: list[int]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run a receiver that answers with these statuses in turn, then with 204."""
    came: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        """Takes a POST."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append(json.loads(body) | {"webhook-id": self.headers["webhook-id"]})
            self.send_response(statuses.pop(0) if statuses else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def environment(tmp_path: Path, encoder_store: EncoderFolder, static_digest: str) -> dict[str, str]:
    """The environment of a service with a fresh home, on any free port."""
    return os.environ | {
        "WHETSTONE_HOME": str(tmp_path / "var"),
        "WHETSTONE_ENCODER": str(encoder_store.path(static_digest)),
        "WHETSTONE_PORT": "0",
        "WHETSTONE_DRIFT_WEBHOOK_SECRET": SECRET,
    }


def test_a_running_service_tells_of_alarms(environment: dict[str, str], tmp_path: Path) -> None:
    """What another process writes is told within moments, a failure is tried again, and the gauges show what stands."""
    with receiver([500]) as (url, came):
        environment["WHETSTONE_DRIFT_WEBHOOK_URL"] = url
        command = [sys.executable, "-m", "flows.cli", "serve"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            service = process.stdout.readline().rsplit(" ", 1)[-1].strip()
            stores = open_stores(sqlite_url(tmp_path / "var"))
            try:
                alarm = standing_alarm(release="none")
                SqlAlarms(stores.engine).add(alarm)
                until(lambda: len(came) >= 2, "the second try", seconds=60)
                path = f"{service}{came[0]['data']['path']}"
                known = httpx.post(f"{path}/acknowledge", json={"comment": "looking"})
                assert known.status_code == 200, known.text
                line = 'whetstone_alarms{cause="documents_missing",remedy="write_documents"} 1.0'
                until(lambda: line in httpx.get(f"{service}/metrics").text, "the gauge", seconds=30)
                ended = httpx.post(f"{path}/end", json={"comment": "as it should be"})
                assert ended.status_code == 200, ended.text
                until(lambda: len(came) >= 4, "the end", seconds=60)
            finally:
                stores.close()
                process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
    assert [each["type"] for each in came] == [
        "alarm.opened",
        "alarm.opened",
        "alarm.acknowledged",
        "alarm.ended",
    ]
    assert came[0]["webhook-id"] == came[1]["webhook-id"]
    assert came[3]["data"]["ended_by"] == "person"
