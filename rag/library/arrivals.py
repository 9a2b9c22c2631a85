"""The work on what is handed in and on watched folders, begun and ended together with the processes that do it."""

import threading
from contextlib import suppress
from typing import Protocol

from rag.errors import Unavailable
from rag.library.ingesting import Ingester
from rag.library.watching import FolderWatch


class Workers(Protocol):
    """Processes that read or split."""

    def prepare(self) -> None:
        """Start one, so that the first job need not wait.

        Raises:
            Unavailable: it does not start.
        """

    def close(self) -> None:
        """Kill all; jobs under way end with `Unavailable`."""


class Arrivals:
    """Reads what arrives, for as long as a service runs."""

    def __init__(
        self, ingester: Ingester, watch: FolderWatch, *, splitting: Workers, reading: Workers
    ) -> None:
        self._ingester = ingester
        self._watch = watch
        self._splitting = splitting
        self._reading = reading
        self._ending = threading.Lock()
        self._ended = False

    def start(self) -> None:
        """Begin; also warm the splitter up, in the background. Nothing happens after `stop`."""
        with self._ending:
            if self._ended:
                return
            threading.Thread(target=self._warm_up, name="warming the splitter up", daemon=True).start()
            self._ingester.start()
            self._watch.start()

    def stop(self) -> None:
        """Break off what is under way, and end; the next service begins it again. A second call does nothing."""
        with self._ending:
            self._ended = True
            self._ingester.end()
            self._watch.end()
            self._reading.close()
            self._splitting.close()
            self._ingester.stop()
            self._watch.stop()

    def _warm_up(self) -> None:
        # Where it fails, the first document that needs it says why.
        with suppress(Unavailable):
            self._splitting.prepare()
