"""Processes that do one kind of job each, kept warm, and replaced where one dies."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from rag.adapters.parsing.process import Limits, Process
from rag.errors import Overloaded, Unavailable

_LINGER_S = 60.0


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
        self._idle: list[Process] = []  # the one used last is the last
        self._all: set[Process] = set()
        self._closed = False
        self._tidying = False  # a timer runs at whose end those that had nothing to do are ended

    def prepare(self) -> None:
        """Start one process, so that the first job need not wait for it; nothing happens where one is there."""
        with self._lock:
            if self._all or self._closed:
                return
        self._give_back(self._started())

    def run(self, job: Mapping[str, Any], body: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """Do one job; return its replies.

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

    def _taken(self) -> Process:
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return self._started()
            if process.alive():
                return process
            self._drop(process)

    def _started(self) -> Process:
        process = Process(self._limits)
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

    def _give_back(self, process: Process) -> None:
        process.idle_since = time.monotonic()
        with self._lock:
            keep = not self._closed and process.jobs < self._jobs
            if keep:
                self._idle.append(process)
        if not keep:
            self._drop(process)
        self._tidy_later()

    def _tidy_later(self) -> None:
        """See to it that those that have nothing to do are ended: one timer at a time, however many jobs there are."""
        with self._lock:
            if self._tidying or self._closed or len(self._idle) < 2:
                return
            self._tidying = True
        timer = threading.Timer(_LINGER_S + 1, self._end_idle)
        timer.daemon = True
        timer.start()

    def _end_idle(self) -> None:
        """End those that had nothing to do for a while, but for one."""
        long_ago = time.monotonic() - _LINGER_S
        with self._lock:
            self._tidying = False
            tired = [process for process in self._idle[:-1] if process.idle_since < long_ago]
            self._idle = [process for process in self._idle if process not in tired]
        for process in tired:
            self._drop(process)
        self._tidy_later()

    def _drop(self, process: Process) -> None:
        process.kill()
        with self._lock:
            self._all.discard(process)
