"""One child and the process that runs it. POSIX only: the process leads a group of its own."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from flows.running.children import Child
from rag.errors import Unavailable

_READY_EVERY_S = 0.25
_LAST_LINES_S = 1.0


class ChildProcess:
    """One child with the process that runs it now."""

    def __init__(self, child: Child, say: Callable[[str, str], None]) -> None:
        self.child = child
        self.process: subprocess.Popen[str] | None = None
        self.ready = False
        self.start_at = 0.0  # monotonic seconds, as all times here
        self.crashes: deque[float] = deque()
        self._say = say
        self._reader: threading.Thread | None = None
        self._started_at = 0.0
        self._check_at = 0.0
        self._kill_at: float | None = None

    def start(self) -> None:
        """Start the process; Unavailable where there is no such program."""
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **self.child.env}
        program = shutil.which(self.child.command[0], path=env.get("PATH"))
        if program is None:
            raise Unavailable(f"{self.child.name} cannot start: there is no program {self.child.command[0]}.")
        command = [*_dies_with_its_parent(), program, *self.child.command[1:]]
        self.process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(
            target=self._read, args=(self.process,), name=f"lines of {self.child.name}", daemon=True
        )
        self._reader.start()
        self._started_at, self._check_at = time.monotonic(), 0.0
        self.ready = self.child.ready is None

    def check_ready(self) -> None:
        """Ask the readiness check, not too often; Unavailable where it took longer than the child may."""
        if self.child.ready is None or time.monotonic() < self._check_at:
            return
        self.ready = self.child.ready()
        now = time.monotonic()
        self._check_at = now + _READY_EVERY_S
        if self.ready:
            self._say(self.child.name, f"ready after {now - self._started_at:.1f} s")
        elif now - self._started_at > self.child.ready_timeout_s:
            raise Unavailable(
                f"{self.child.name} was not ready within {self.child.ready_timeout_s:g} s; "
                "see its lines above."
            )

    def alive(self) -> bool:
        """Return whether the process or any of its group still runs."""
        if self.process is None:
            return False
        if self.process.poll() is not None and not self._signal_group(0):
            self.kill()
            return False
        return True

    def terminate(self, timeout_s: float) -> bool:
        """Send SIGTERM once; False when `timeout_s` seconds have passed since then.

        It goes to the leader alone, so that it can end its own children in order; to what is left of
        the group once the leader has ended without doing so.
        """
        assert self.process is not None  # noqa: S101 - only called on those that are alive
        now = time.monotonic()
        if self._kill_at is None:
            self._kill_at = now + timeout_s
            self.process.terminate()
        elif self.process.poll() is not None:
            self._signal_group(signal.SIGTERM)
        return now < self._kill_at

    def kill(self) -> None:
        """Kill the whole group, and wait for its last lines."""
        if self.process is None:
            return
        self._signal_group(signal.SIGKILL)
        self.process.wait()
        if self._reader is not None:
            self._reader.join(_LAST_LINES_S)
        self.process, self._reader, self.ready, self._kill_at = None, None, False, None

    def _signal_group(self, number: int) -> bool:
        assert self.process is not None  # noqa: S101 - private, and every caller has checked
        # A group of nothing but dead processes is no such process to Linux, not permitted to macOS.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)
            return True
        return False

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101 - it was opened as a pipe
        with process.stdout:
            for line in process.stdout:
                self._say(self.child.name, line.rstrip("\n"))


def _dies_with_its_parent() -> list[str]:
    # A supervisor that is killed outright cannot clean up. On Linux the kernel then ends the children:
    # setpriv (util-linux) asks for that and becomes the command. A preexec_fn could deadlock beside threads.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
