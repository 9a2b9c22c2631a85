"""The log of questions: what was written is durable, in SQL or, while that is away, in a spool beside it."""

import threading
from dataclasses import dataclass

from rag.domain import Interaction
from rag.errors import Unavailable
from rag.log.database_writer import DatabaseWriter
from rag.log.entries import Entry
from rag.log.spool import Spool
from rag.log.spool_writer import SpoolWriter
from rag.ports import InteractionStore

_MARGIN = 4_000_000
"""Bytes of the spool, a quarter of it at most, that are kept for questions that are under way when it fills up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogState:
    """How the log is doing."""

    away: str  # why the database takes nothing now; empty where it does
    spooled: int  # interactions that wait beside it
    used: int  # bytes they take
    room: int  # bytes left beside it
    full: bool  # there is no room beside it for questions that are taken now


class Logbook:
    """Writes interactions to SQL, in a thread of its own that commits together whatever came meanwhile.

    Where SQL is away, or does not answer in time, they go to the spool, from where they are brought to SQL, oldest
    first, as soon as it is back. An interaction may reach SQL on both ways; its id makes it one row.
    """

    def __init__(
        self, interactions: InteractionStore, spool: Spool, *, patience_s: float = 1.0, retry_s: float = 0.5
    ) -> None:
        """Wire the parts; threads are started with the first question, or by `start`.

        Args:
            interactions: in SQL.
            spool: beside it; its owner is the log, which closes it.
            patience_s: how long a question waits for SQL before it is spooled, in seconds.
            retry_s: pause between two tries to reach SQL that is away, in seconds.
        """
        self._spool = spool
        self._lock = threading.Lock()
        self._beside = SpoolWriter(spool, self._lock, kept=lambda: self._database.wake())
        self._database = DatabaseWriter(
            interactions, spool, self._beside, self._lock, patience_s=patience_s, retry_s=retry_s
        )
        # Guarded by the lock.
        self._started = False
        self._closing = False

    def start(self) -> None:
        """Start the threads, which first bring to SQL what was left by a process that died."""
        with self._lock:
            if self._started or self._closing:
                return
            self._started = True
            self._database.start()
            self._beside.start()

    @property
    def away(self) -> str:
        """Why the database takes nothing now; empty where it does."""
        return self._database.away

    def owes(self) -> bool:
        """Tell whether questions were written that SQL may lack: in the spool, or in another process's beside it."""
        return self._spool.holds_any()

    def check(self) -> None:
        """Do nothing where a question that is taken now can be written later; no disk or database is waited for.

        Raises:
            Unavailable: SQL is away and the spool is as good as full.
        """
        away = self.away
        if away and self._full():
            raise Unavailable(
                f"Questions cannot be logged now, so none is answered: {away} The room beside the database "
                f"({self._spool.limit} bytes, WHETSTONE_SPOOL_BYTES) is used up, or its disk is full."
            )

    async def write(self, interaction: Interaction) -> None:
        """Write one; on return it is durable. Cancelled, it is written nevertheless.

        Raises:
            Unavailable: neither SQL nor the spool took it, or the log is closed.
            WhetstoneError: SQL refused it for what it says.
        """
        if not self._started:
            self.start()
        entry = Entry(interaction)
        with self._lock:
            if self._closing:
                raise Unavailable("The log of questions is closed, because the service is about to stop.")
            self._database.take(entry)
        self._database.watch(entry)
        await entry.written

    def state(self) -> LogState:
        """Tell how it is doing."""
        spool = self._spool
        return LogState(
            away=self.away, spooled=spool.count, used=spool.used, room=spool.room(), full=self._full()
        )

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what came, bring the spool to SQL as far as that goes in time, and stop; the rest stays spooled.

        Args:
            timeout_s: longest wait for SQL, in seconds. The spool's disk is waited for.
        """
        with self._lock:
            if self._closing:
                return
            self._closing = True
        if self._started:
            self._database.close(timeout_s)
            self._beside.close()
        self._spool.close()

    def _full(self) -> bool:
        return self._spool.room() <= min(_MARGIN, self._spool.limit // 4)
