"""Several child processes, run together on one machine and stopped cleanly. Knows nothing of what they do.

POSIX only: every child leads a process group of its own, which is what a stop and a crash clean up.
"""

import http.client
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from types import FrameType
from urllib.parse import urlsplit

from rag.errors import InvalidInput, Unavailable

_TICK_S = 0.05
_READY_EVERY_S = 0.25
_LAST_LINES_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """One process to run."""

    name: str  # stands before each of its lines
    command: Sequence[str]  # program and arguments; no shell
    env: Mapping[str, str] = field(default_factory=dict)  # on top of the supervisor's own environment
    ready: Callable[[], bool] | None = None  # asked again and again until True; None: ready once started
    ready_timeout_s: float = 60.0  # seconds from start to ready, else everything stops
    needs: tuple[str, ...] = ()  # names of children that are ready before this one starts


@dataclass(frozen=True, kw_only=True, slots=True)
class Restarting:
    """How a child that ended by itself is started again."""

    first_s: float = 0.5  # seconds before the first restart; doubles with every crash in the window
    cap_s: float = 30.0  # longest wait, seconds
    crashes: int = 5  # so many in the window, and the supervisor gives up
    window_s: float = 600.0  # seconds a crash counts

    def delay_s(self, crashes: int) -> float:
        """Return the seconds to wait after the `crashes`-th crash in the window, counted from 1."""
        return min(self.cap_s, self.first_s * 2.0 ** (crashes - 1))


def http_ready(url: str, *, timeout_s: float = 1.0) -> Callable[[], bool]:
    """Make a readiness check: True once a GET of `url` (http) is answered with a status below 400.

    Proxies from the environment are not used, as the children listen on this machine.

    Raises:
        InvalidInput: `url` is not a http address.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise InvalidInput(f"a readiness check needs a http:// address, got {url!r}")
    host, port = parts.hostname, parts.port or 80
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def ready() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        try:
            connection.request("GET", target)
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


class Supervisor:
    """Runs children together: starts them in the order of their needs, restarts, stops in reverse."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        echo: Callable[[str], None],
        stop_timeout_s: float = 20.0,
        restarting: Restarting | None = None,
    ) -> None:
        """Take the children; nothing is started.

        Args:
            children: what to run; names are unique.
            echo: gets every line, prefixed with the child's name and without a newline; one call at a time.
            stop_timeout_s: seconds a child has between SIGTERM and SIGKILL.
            restarting: how crashed children come back.

        Raises:
            InvalidInput: two children share a name, or needs name an unknown child or go in a circle.
        """
        self._restarting = restarting or Restarting()
        self._stop_timeout_s = stop_timeout_s
        self._width = max((len(child.name) for child in children), default=0)
        self._echo, self._echo_lock = echo, threading.Lock()
        self._runs = [_Run(child, self._say) for child in in_order(children)]
        self._stop_asked = False
        self._signals = 0

    def run(self) -> int:
        """Run until stopped by SIGINT, SIGTERM, SIGHUP or `stop`; a second signal kills at once.

        Returns:
            0 after a stop that was asked for; 1 where it gave up on a child or was told to kill.
        """
        try:
            with self._signals_caught():
                try:
                    self._watch()
                    failed = False
                except Unavailable as error:
                    self._say("supervisor", f"{error} Stopping everything.")
                    failed = True
                finally:
                    self._stop_all()
        finally:
            for run in self._runs:
                run.kill()
        return int(failed or self._signals > 1)

    def stop(self) -> None:
        """Ask for a stop; returns at once. May be called from any thread."""
        self._stop_asked = True

    def _watch(self) -> None:
        while not self._stop_asked:
            ready = {run.child.name for run in self._runs if run.ready}
            for run in self._runs:
                if self._stop_asked:
                    return
                if run.process is None:
                    if ready.issuperset(run.child.needs) and time.monotonic() >= run.start_at:
                        run.start()
                elif (code := run.process.poll()) is not None:
                    self._restart_later(run, code)
                elif not run.ready:
                    run.look_whether_ready()
            time.sleep(_TICK_S)

    def _restart_later(self, run: "_Run", code: int) -> None:
        run.kill()
        now = time.monotonic()
        run.crashes.append(now)
        while run.crashes[0] < now - self._restarting.window_s:
            run.crashes.popleft()
        crashes, how = len(run.crashes), _how_it_ended(code)
        if crashes >= self._restarting.crashes:
            raise Unavailable(
                f"{run.child.name} ended {crashes} times within {self._restarting.window_s:g} s, "
                f"at last with {how}; see its lines above."
            )
        delay_s = self._restarting.delay_s(crashes)
        run.start_at = now + delay_s
        self._say("supervisor", f"{run.child.name} ended with {how}; starting it again in {delay_s:g} s.")

    def _stop_all(self) -> None:
        """Send SIGTERM to each child once all that need it have ended; SIGKILL after the timeout."""
        while alive := [run for run in self._runs if run.alive()]:
            if self._signals > 1:
                for run in alive:
                    run.kill()
                return
            needed = {name for run in alive for name in run.child.needs}
            for run in alive:
                if run.child.name not in needed and not run.terminate(self._stop_timeout_s):
                    self._say(
                        "supervisor", f"{run.child.name} did not stop in {self._stop_timeout_s:g} s: killed."
                    )
                    run.kill()
            time.sleep(_TICK_S)

    def _say(self, name: str, line: str) -> None:
        with self._echo_lock:
            self._echo(f"{name:<{self._width}} | {line}")

    @contextmanager
    def _signals_caught(self) -> Iterator[None]:
        # Only the main thread may set handlers; from another one, `stop` is the way.
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            # Plain assignments: a lock taken here could be one the interrupted code holds.
            self._stop_asked = True
            self._signals += 1

        caught = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored: started with nohup
            caught.append(signal.SIGHUP)
        before = {number: signal.signal(number, on_signal) for number in caught}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def in_order(children: Sequence[Child]) -> list[Child]:
    """Return the children so that each comes after what it needs, otherwise in the order given.

    Raises:
        InvalidInput: two share a name, or needs name an unknown child or go in a circle.
    """
    named = {child.name: child for child in children}
    if len(named) < len(children):
        raise InvalidInput(f"children need names of their own, got {[child.name for child in children]}")
    if unknown := {name for child in children for name in child.needs} - named.keys():
        raise InvalidInput(f"children need {sorted(unknown)}, but there are only {sorted(named)}")
    try:
        order = TopologicalSorter({child.name: child.needs for child in children}).static_order()
        return [named[name] for name in order]
    except CycleError as error:
        raise InvalidInput(f"children need each other in a circle: {' -> '.join(error.args[1])}") from None


class _Run:
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
        self._look_at = 0.0
        self._kill_at: float | None = None

    def start(self) -> None:
        """Start the process.

        Raises:
            Unavailable: there is no such program.
        """
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
        self._started_at, self._look_at = time.monotonic(), 0.0
        self.ready = self.child.ready is None

    def look_whether_ready(self) -> None:
        """Ask the readiness check, not too often.

        Raises:
            Unavailable: it took longer than the child may.
        """
        if self.child.ready is None or time.monotonic() < self._look_at:
            return
        self.ready = self.child.ready()
        now = time.monotonic()
        self._look_at = now + _READY_EVERY_S
        if self.ready:
            self._say(self.child.name, f"ready after {now - self._started_at:.1f} s")
        elif now - self._started_at > self.child.ready_timeout_s:
            raise Unavailable(
                f"{self.child.name} was not ready within {self.child.ready_timeout_s:g} s; "
                "see its lines above."
            )

    def alive(self) -> bool:
        """Whether the process or any of its group still runs."""
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


def _how_it_ended(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
