"""``whetstone serve`` as a child process of the demonstration."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from flows.running.readiness import http_ready
from rag.errors import NotReady

START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 20.0


class ServeProcess:
    """The service, with its output in a file."""

    def __init__(self, *, url: str, environment: Mapping[str, str], log: Path) -> None:
        """Take the address it will listen on, its settings, and the file its output goes to."""
        self.url = url
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            NotReady: it ended, or took too long; the message holds the end of its output.
        """
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "serve"],
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the demonstration, which then stops the service itself
            )
        ready = http_ready(f"{self.url}/readyz")
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise NotReady(f"the service ended at its start:\n{self._tail()}")
            if ready():
                return
            time.sleep(0.2)
        self.stop()
        raise NotReady(f"the service was not ready after {START_TIMEOUT_S:.0f} s:\n{self._tail()}")

    def running(self) -> bool:
        """Return whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end, then make it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
