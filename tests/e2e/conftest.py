"""A whole Whetstone in a folder of its own: real commands, a real service, a real (scripted) language model."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from doubles.waiting import until

DRIFT_FOUND = 3


@dataclass(kw_only=True)
class Installation:
    """One home, its settings, and the processes started for it."""

    home: Path
    port: int
    settings: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the service listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every command is started with."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("WHETSTONE_", "PREFECT_"))}
        return {
            **inherited,
            "WHETSTONE_HOME": str(self.home),
            "WHETSTONE_PORT": str(self.port),
            "WHETSTONE_ENCODER": "static",
            "HF_HUB_OFFLINE": "1",
            **self.settings,
        }

    def run(
        self, *arguments: str, status: int = 0, timeout_s: float = 280
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and hold it to an exit status."""
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == status, (
            f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def json(self, *arguments: str, status: int = 0) -> Any:
        """Run a command that prints JSON."""
        return json.loads(self.run(*arguments, "--json", status=status).stdout)

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the service and wait until it is ready."""
        log = (self.home / "serve.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "serve"], env=self.environment, stdout=log, stderr=log
        )
        log.close()
        self.processes.append(process)
        self.wait(lambda: self.is_ready(process), 120, "the service to be ready")
        return process

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Ask the service whether it is ready; fail where it ended."""
        assert process.poll() is None, (self.home / "serve.log").read_text()
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    @staticmethod
    def wait(holds: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait for something to become true."""
        until(holds, what, seconds=timeout_s)

    def stop(self) -> None:
        """Stop what still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def installation(tmp_path: Path, copy_encoders: Callable[[Path], None]) -> Iterator[Installation]:
    """A fresh home that has the static encoder already, so that no test waits for its distillation."""
    home = tmp_path / "home"
    home.mkdir()
    copy_encoders(home)
    installed = Installation(home=home, port=free_port(), settings={})
    yield installed
    installed.stop()
