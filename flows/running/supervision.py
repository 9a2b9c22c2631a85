"""Several child processes run together on one machine: started in order, restarted, and stopped cleanly."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from flows.running.child_process import ChildProcess
from flows.running.children import Child, in_order
from rag.errors import Unavailable

_TICK_S = 0.05


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

        Every line goes to `echo`, prefixed with the child's name and without a newline, one call at a time. A child has
        `stop_timeout_s` seconds between SIGTERM and SIGKILL.

        Raises:
            InvalidInput: two children share a name, or needs name an unknown child or go in a circle.
        """
        self._restarting = restarting or Restarting()
        self._stop_timeout_s = stop_timeout_s
        self._width = max((len(child.name) for child in children), default=0)
        self._echo, self._echo_lock = echo, threading.Lock()
        self._runs = [ChildProcess(child, self._say) for child in in_order(children)]
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
                    run.check_ready()
            time.sleep(_TICK_S)

    def _restart_later(self, run: ChildProcess, code: int) -> None:
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


def _how_it_ended(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
