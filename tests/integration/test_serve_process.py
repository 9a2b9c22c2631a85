"""The service as a process of its own: ready line, taken port, end by signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.sql.stores import open_stores, sqlite_url
from rag.domain import utcnow

SERVE = """
import sys
from rag.bootstrap import serve
from rag.errors import WhetstoneError
from rag.settings import Settings
try:
    serve(Settings(_env_file=None))
except WhetstoneError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

BESIDE = """
from rag.bootstrap import Beside, serve
from rag.settings import Settings
class Told:
    def start(self): print("begun", flush=True)
    def stop(self): print("ended", flush=True)
def beside(installation):
    return Beside(gauges=lambda: {"documents": ("Held.", {(): float(installation.stores.documents.count())})},
                  background=(Told(), Told()))
serve(Settings(_env_file=None), beside=beside)
"""


@pytest.fixture
def environment(tmp_path: Path, encoder_store: EncoderFolder, static_digest: str) -> dict[str, str]:
    """The environment of a service with a fresh home, on any free port."""
    return os.environ | {
        "WHETSTONE_HOME": str(tmp_path / "var"),
        "WHETSTONE_ENCODER": str(encoder_store.path(static_digest)),
        "WHETSTONE_PORT": "0",
    }


def spawn(environment: dict[str, str], script: str = SERVE, **more: Any) -> subprocess.Popen[str]:
    """Start a service."""
    return subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True, **more
    )


def test_ready_line_answers_and_clean_end(environment: dict[str, str], tmp_path: Path) -> None:
    """One line with the URL when it can answer; SIGTERM ends it with 0 and no replica left behind."""
    with spawn(environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.rsplit(" ", 1)[-1].strip()
        try:
            assert line.startswith("Whetstone answers at http://127.0.0.1:")
            assert httpx.get(f"{url}/readyz").json()["status"] == "ready"

            taken = spawn(
                environment
                | {"WHETSTONE_PORT": url.rsplit(":", 1)[-1], "WHETSTONE_HOME": str(tmp_path / "b")},
                stderr=subprocess.PIPE,
            )
            _, complaint = taken.communicate(timeout=60)
            assert taken.returncode == 1
            assert complaint.startswith("PortInUse: Something listens on 127.0.0.1:")

            second = spawn(environment, stderr=subprocess.PIPE)
            _, complaint = second.communicate(timeout=60)
            assert second.returncode == 1
            assert complaint.splitlines()[-1].startswith("IndexLocked: ")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0

    stores = open_stores(sqlite_url(tmp_path / "var"))
    assert stores.replicas.alive(since=utcnow().replace(year=2000)) == []
    stores.close()


def test_what_runs_beside_it_begins_and_ends_with_it(environment: dict[str, str]) -> None:
    """Its gauges stand among the service's own, and its threads end before the database is closed."""
    with spawn(environment, BESIDE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        url = next(line for line in lines if "answers at" in line).rsplit(" ", 1)[-1]
        try:
            assert lines.count("begun") == 2
            metrics = httpx.get(f"{url}/metrics").text
            assert "whetstone_documents 0.0" in metrics
            assert "whetstone_deployment_epoch" in metrics
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.stdout.read().split() == ["ended", "ended"]
        assert process.wait(timeout=30) == 0
