"""One process that does one job at a time, limited, and killed where it goes beyond. Knows no formats."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from rag.adapters.parsing import wire
from rag.errors import Unavailable, UnreadableDocument

_ROOT = Path(__file__).parents[3]
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What of the environment a process gets: no key, no password, no proxy."""
_START_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one job may take."""

    memory_bytes: int  # beyond what the libraries take that are loaded before
    timeout_s: float  # of wall clock, and of processor time
    most_bytes: int  # of its output


class Process:
    """One process. Its caller sees to it that it has one job at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._late = False
        self._ending = threading.Lock()
        self.jobs = 0
        self.idle_since = 0.0
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "rag.adapters.parsing.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # libraries quote what they read
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"No process to read documents with could be started: {error}") from error
        self._stdin = cast(BinaryIO, self._process.stdin)
        self._stdout = cast(BinaryIO, self._process.stdout)

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.poll() is None

    def begin(self, *, warm: bool) -> None:
        """Hand over the limits and wait until it is ready; Unavailable where it does not start."""
        limits = {"memory_bytes": self._limits.memory_bytes, "timeout_s": self._limits.timeout_s}
        try:
            with self._within(_START_S):
                wire.send(self._stdin, {"warm": warm} | limits)
                wire.receive(self._stdout, most=10_000)
        except (EOFError, OSError, ValueError) as error:
            self.kill()
            raise Unavailable(
                "The process that reads documents does not start; see that memory is left and try again."
            ) from error

    def run(self, job: Mapping[str, Any], body: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield the replies to one job; UnreadableDocument as for `Processes.run`."""
        self.jobs += 1
        left = self._limits.most_bytes
        try:
            with self._within(self._limits.timeout_s):
                wire.send(self._stdin, dict(job), body)
                while True:
                    reply, content = wire.receive(self._stdout, most=left)
                    left -= len(content) + sum(len(text) for text in _texts(reply))
                    if "done" in reply:
                        return
                    if "error" in reply:
                        raise UnreadableDocument(self._refusal(reply))
                    yield reply, content
        except wire.TooLarge:
            raise UnreadableDocument(
                f"gives more than {self._limits.most_bytes:,} bytes of text, which is too much; split it"
            ) from None
        except (EOFError, OSError, ValueError):
            raise UnreadableDocument(self._fate()) from None

    def kill(self) -> None:
        """Kill it and whatever it started; nothing happens where it has ended."""
        self._end()
        for stream in (self._stdin, self._stdout):
            with suppress(OSError, ValueError):
                stream.close()

    def _end(self) -> None:
        with self._ending:
            if self._process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _expire(self) -> None:
        # The pipes are left to the thread that reads from them; it finds their end.
        self._late = True
        self._end()

    def _refusal(self, reply: Mapping[str, Any]) -> str:
        if reply["error"] == "memory":
            limit = self._limits.memory_bytes
            return f"takes more memory to read than the limit of {limit:,} bytes; split it"
        if reply["error"] == "records":
            return f"holds more than {reply.get('most', 0):,} records, which is too many; split it"
        return f"is not a file that can be read ({reply.get('kind', 'unknown')})"

    def _fate(self) -> str:
        """Say how the process ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        code = self._process.returncode
        if self._late or code in (-signal.SIGXCPU, -signal.SIGALRM):
            return f"takes longer to read than the limit of {self._limits.timeout_s:g} s; split it"
        if code == -signal.SIGKILL:
            return "brought the process that read it out of memory; split it"
        if code == -signal.SIGABRT:
            # A library of Rust or C++ that gets no memory ends so.
            return "brought the process that read it down, for lack of memory perhaps; split it"
        how = signal.Signals(-code).name if code is not None and code < 0 else f"status {code}"
        return f"brought the process that read it down ({how}); it is broken, or hostile"


def _environment() -> dict[str, str]:
    # One thread each: a parser gains nothing by more, and their stacks would count as memory.
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | single | {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def _texts(reply: Mapping[str, Any]) -> Iterator[str]:
    for title, text, _ in reply.get("passages", ()):
        yield from (title, text)
