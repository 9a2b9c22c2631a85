"""Processes that do one kind of job each, kept warm, limited, and replaced where one dies. Knows no formats."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from rag.adapters.parsing import wire
from rag.errors import Overloaded, Unavailable, UnreadableDocument

_ROOT = Path(__file__).parents[3]
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What of the environment a process gets: no key, no password, no proxy."""
_START_S = 60.0
_LINGER_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one job may take."""

    memory_bytes: int  # beyond what the libraries take that are loaded before
    timeout_s: float  # of wall clock, and of processor time
    most_bytes: int  # of its output


class Processes:
    """Up to `most` processes; a job goes to an idle one, and waits where all are at work."""

    def __init__(self, limits: Limits, *, most: int, warm: bool = False, jobs: int = 1_000) -> None:
        """Start nothing yet.

        Args:
            limits: of one job.
            most: processes at once.
            warm: load the splitter (some 2.5 s, 300 MB) before the first job rather than with it.
            jobs: after so many a process is replaced by a fresh one.
        """
        self._limits = limits
        self._warm = warm
        self._jobs = jobs
        self._places = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()  # guards the two below
        self._idle: list[_Process] = []  # the one used last is the last
        self._all: set[_Process] = set()
        self._closed = False

    def prepare(self) -> None:
        """Start one process, so that the first job need not wait for it; nothing happens where one is there."""
        with self._lock:
            if self._all or self._closed:
                return
        self._give_back(self._started())

    def run(self, job: Mapping[str, Any], body: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """Do one job; give its replies.

        Raises:
            UnreadableDocument: it took too much time or memory, gave too much, or brought its process down.
            Overloaded: no process became free in time.
            Unavailable: no process can be started, or `close` was called.
        """
        if not self._places.acquire(timeout=self._limits.timeout_s):
            raise Overloaded("Other documents are being read; try again in a moment.")
        try:
            process = self._taken()
            try:
                replies = list(process.run(job, body))
            except BaseException:
                self._drop(process)
                if self._closed:
                    raise Unavailable("The service is stopping.") from None
                raise
            self._give_back(process)
            return replies
        finally:
            self._places.release()

    def close(self) -> None:
        """Kill every process; jobs under way end with `Unavailable`. A second call does nothing."""
        with self._lock:
            self._closed = True
            processes = list(self._all)
            self._idle.clear()
        for process in processes:
            process.kill()

    def _taken(self) -> "_Process":
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return self._started()
            if process.alive():
                return process
            self._drop(process)

    def _started(self) -> "_Process":
        process = _Process(self._limits)
        with self._lock:
            closed = self._closed
            if not closed:
                self._all.add(process)
        if closed:
            process.kill()
            raise Unavailable("The service is stopping.")
        try:
            process.begin(warm=self._warm)
        except BaseException:
            self._drop(process)
            raise
        return process

    def _give_back(self, process: "_Process") -> None:
        process.idle_since = time.monotonic()
        with self._lock:
            keep = not self._closed and process.jobs < self._jobs
            if keep:
                self._idle.append(process)
            several = len(self._idle) > 1
        if not keep:
            self._drop(process)
        if several:
            timer = threading.Timer(_LINGER_S + 1, self._end_idle)
            timer.daemon = True
            timer.start()

    def _end_idle(self) -> None:
        """End those that had nothing to do for a while, but for one."""
        long_ago = time.monotonic() - _LINGER_S
        with self._lock:
            tired = [process for process in self._idle[:-1] if process.idle_since < long_ago]
            self._idle = [process for process in self._idle if process not in tired]
        for process in tired:
            self._drop(process)

    def _drop(self, process: "_Process") -> None:
        process.kill()
        with self._lock:
            self._all.discard(process)


class _Process:
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

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def begin(self, *, warm: bool) -> None:
        """Hand over the limits and wait until it is ready.

        Raises:
            Unavailable: it does not start.
        """
        settings = {
            "warm": warm,
            "memory_bytes": self._limits.memory_bytes,
            "timeout_s": self._limits.timeout_s,
        }
        timer = self._timer(_START_S)
        try:
            wire.send(cast(Any, self._stdin), settings)
            wire.receive(cast(Any, self._stdout), most=10_000)
        except (EOFError, OSError, ValueError) as error:
            self.kill()
            raise Unavailable(
                "The process that reads documents does not start; see that memory is left and try again."
            ) from error
        finally:
            timer.cancel()

    def run(self, job: Mapping[str, Any], body: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield the replies to one job.

        Raises:
            UnreadableDocument: see `Processes.run`.
        """
        self.jobs += 1
        left = self._limits.most_bytes
        timer = self._timer(self._limits.timeout_s)
        try:
            wire.send(cast(Any, self._stdin), dict(job), body)
            while True:
                reply, content = wire.receive(cast(Any, self._stdout), most=left)
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
        finally:
            timer.cancel()

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

    def _timer(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        return timer

    def _expire(self) -> None:
        # The pipes are left to the thread that reads from them; it finds their end.
        self._late = True
        self._end()

    @property
    def _stdin(self) -> IO[bytes]:
        return cast(IO[bytes], self._process.stdin)

    @property
    def _stdout(self) -> IO[bytes]:
        return cast(IO[bytes], self._process.stdout)

    def _refusal(self, reply: Mapping[str, Any]) -> str:
        if reply["error"] == "memory":
            return self._out_of_memory()
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

    def _out_of_memory(self) -> str:
        return f"takes more memory to read than the limit of {self._limits.memory_bytes:,} bytes; split it"


def _environment() -> dict[str, str]:
    # One thread each: a parser gains nothing by more, and their stacks would count as memory.
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | single | {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def _texts(reply: Mapping[str, Any]) -> Iterator[str]:
    for title, text in reply.get("passages", ()):
        yield from (title, text)
