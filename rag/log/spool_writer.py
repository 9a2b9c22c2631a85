"""The thread that writes to the spool what SQL does not take."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from rag.errors import Unavailable
from rag.log.entries import Entry
from rag.log.records import packed
from rag.log.spool import Spool

logger = logging.getLogger(__name__)


class SpoolWriter:
    """Appends entries to the spool in a thread of its own, together whatever came meanwhile."""

    def __init__(self, spool: Spool, lock: threading.Lock, *, kept: Callable[[], None]) -> None:
        """Take the log's lock, held where `take` and `busy` are called, and what to call, under it, after an append."""
        self._spool = spool
        self._kept = kept
        self._change = threading.Condition(lock)
        # Guarded by the lock.
        self._waiting: deque[Entry] = deque()
        self._writing = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="logbook-spool", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def take(self, entries: Iterable[Entry]) -> None:
        """Spool those that nobody wrote meanwhile."""
        self._waiting.extend(entry for entry in entries if not entry.settled)
        self._change.notify()

    @property
    def busy(self) -> bool:
        """Whether entries are not in the spool yet."""
        return self._writing or bool(self._waiting)

    def close(self) -> None:
        """Spool what was taken, however long the disk needs, and end."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closing)
                entries = [entry for entry in self._waiting if not entry.settled]
                self._waiting.clear()
                self._writing = bool(entries)
                if not entries and self._closing:
                    return
            self._append(entries)
            with self._change:
                self._writing = False
                self._kept()

    def _append(self, entries: Sequence[Entry]) -> None:
        try:
            kept = self._spool.append([packed(entry.interaction) for entry in entries])
        except Exception as error:
            if not isinstance(error, Unavailable):
                logger.exception("questions could not be spooled")
            for entry in entries:
                entry.settle(error)
            return
        for entry in entries[:kept]:
            entry.settle()
        for entry in entries[kept:]:
            entry.settle(
                Unavailable("The question could not be logged: the database is away and the spool is full.")
            )
