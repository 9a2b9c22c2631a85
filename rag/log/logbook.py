"""The log of questions: what was written is durable, in SQL or, while that is away, in a spool beside it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from rag.domain import Interaction
from rag.errors import IntegrityError, Unavailable
from rag.log.entries import Entry
from rag.log.records import unpacked
from rag.log.spool import Spool
from rag.log.spool_writer import SpoolWriter
from rag.ports import InteractionLog, InteractionStore

logger = logging.getLogger(__name__)

_BATCH = 200
"""Interactions of one transaction."""

_ADOPT_S = 30.0
"""Pause between two searches for what dead processes left, in seconds."""

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


class Logbook(InteractionLog):
    """Writes interactions to SQL, in a thread of its own that commits together whatever came meanwhile.

    Where SQL is away, or slower than `patience_s`, they go to the spool, in a second thread. The first one tries SQL
    again until it has taken all that was spooled, oldest first; only then do interactions go to SQL at once. One may
    reach SQL on both ways; its id makes it one row. The threads are started with the first question, or by `start`.
    """

    def __init__(
        self,
        interactions: InteractionStore,
        spool: Spool,  # its owner is the log, which closes it
        *,
        patience_s: float = 1.0,  # how long a question waits for SQL before it is spooled
        retry_s: float = 0.5,  # pause between two tries to reach SQL that is away
    ) -> None:
        self._interactions = interactions
        self._spool = spool
        self._patience_s = patience_s
        self._retry_s = retry_s
        lock = threading.Lock()
        self._change = threading.Condition(lock)
        self._beside = SpoolWriter(spool, lock, kept=self._change.notify)
        # Guarded by the lock.
        self._waiting: deque[Entry] = deque()
        self._in_hand: list[Entry] = []  # with SQL now
        self._taken_at = 0.0  # monotonic, seconds: since when it has them
        self._away = ""
        self._closing = False
        self._done = False
        self._thread: threading.Thread | None = None
        # The thread's own.
        self._adopted_at = 0.0  # monotonic, seconds: the last search for what dead processes left

    def start(self) -> None:
        """Start the threads, which first bring to SQL what was left by a process that died."""
        with self._change:
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="logbook", daemon=True)
                self._thread.start()
                self._beside.start()

    @property
    def away(self) -> str:
        """Why the database takes nothing now; empty where it does."""
        return self._away

    def owes(self) -> bool:
        """Tell whether questions were written that SQL may lack: in the spool, or in another process's beside it."""
        return self._spool.holds_any()

    @override
    def check(self) -> None:
        away = self._away
        if away and self._full():
            raise Unavailable(
                f"Questions cannot be logged now, so none is answered: {away} The room beside the database "
                f"({self._spool.limit} bytes, WHETSTONE_SPOOL_BYTES) is used up, or its disk is full."
            )

    @override
    async def write(self, interaction: Interaction) -> None:
        """Write one; on return it is durable. Cancelled, it is written nevertheless.

        Raises:
            Unavailable: neither SQL nor the spool took it, or the log is closed.
            WhetstoneError: SQL refused it for what it says.
        """
        if self._thread is None:
            self.start()
        entry = Entry(interaction)
        with self._change:
            if self._closing:
                raise Unavailable("The log of questions is closed, because the service is about to stop.")
            if self._away:
                self._beside.take([entry])
            else:
                self._waiting.append(entry)
                self._change.notify()
        entry.watch(self._patience_s, self._lose_patience)
        await entry.written

    def state(self) -> LogState:
        """Tell how it is doing."""
        spool = self._spool
        return LogState(
            away=self._away, spooled=spool.count, used=spool.used, room=spool.room(), full=self._full()
        )

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what came, bring the spool to SQL as far as that goes in time, and stop; the rest stays spooled.

        SQL is waited for `timeout_s` seconds at most, the spool's disk however long it needs.
        """
        with self._change:
            if self._closing:
                return
            self._closing = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)
            with self._change:
                self._done = True
                # SQL hangs: what it was given goes to the spool as well.
                self._give_up_waiting()
            self._beside.close()
        self._spool.close()

    def _full(self) -> bool:
        return self._spool.room() <= min(_MARGIN, self._spool.limit // 4)

    # The thread's own

    def _run(self) -> None:
        self._adopt()
        while True:
            with self._change:
                self._change.wait_for(self._has_work, self._retry_s if self._away else _ADOPT_S)
                entries: list[Entry] = []
                if self._away:
                    self._beside.take(self._waiting)
                    self._waiting.clear()
                while self._waiting and len(entries) < _BATCH:
                    entries.append(self._waiting.popleft())
                self._in_hand, self._taken_at = entries, time.monotonic()
                closing = self._closing
            if entries:
                self._commit(entries)
            if (not self._drain() or self._spool.count == 0) and closing:
                with self._change:
                    if not self._waiting:
                        return

    def _has_work(self) -> bool:
        return self._closing or (not self._away and bool(self._waiting or self._spool.count))

    def _commit(self, entries: Sequence[Entry]) -> None:
        lost = ""
        try:
            refused = self._add([entry.interaction for entry in entries])
        except Exception as error:  # noqa: BLE001 the thread outlives whatever SQL does; it is logged there
            lost = self._why(error)
        else:
            for entry in entries:
                entry.settle(refused.get(entry.interaction.id))
        with self._change:
            self._in_hand = []
            if lost:
                self._leave(lost)
                self._beside.take(entries)

    def _add(self, interactions: Sequence[Interaction]) -> dict[str, Exception]:
        """Write to SQL; return id -> error of those that SQL is there for and does not want.

        Raises:
            Exception: SQL is away, or in no state to take anything.
        """
        try:
            self._interactions.add_all(interactions)
            if not interactions:
                # Only a question to it tells whether SQL is back.
                self._interactions.get("", tenant="")
        except (Unavailable, IntegrityError):
            raise
        except Exception as error:
            if len(interactions) > 1:
                # One of them is at fault, and the others shall not suffer for it.
                return {name: each for one in interactions for name, each in self._add([one]).items()}
            for one in interactions:
                # Where this fails too, it is not the interaction's fault.
                self._interactions.get(one.id, tenant=one.tenant)
                logger.exception("interaction %s was refused by the database", one.id)
                return {one.id: error}
            raise
        return {}

    def _why(self, error: Exception) -> str:
        if not isinstance(error, Unavailable | IntegrityError) and not self._away:
            logger.error("questions could not be written to the database", exc_info=error)
        return str(error) or type(error).__name__

    def _drain(self) -> bool:
        """Bring a batch from the spool to SQL; False where SQL is away."""
        if time.monotonic() - self._adopted_at > _ADOPT_S:
            self._adopt()
        if not self._away and not self._spool.count:
            return True
        try:
            batch = self._spool.oldest(_BATCH)
            refused = self._bring(batch.records)
        except Exception as error:  # noqa: BLE001 as above
            with self._change:
                self._leave(self._why(error))
            return False
        with self._change:
            if self._done:
                # The spool is about to be closed; what is brought twice is one row.
                return False
        for record in refused:
            logger.error("a spooled question could not be brought to the database; it is kept for a person")
            self._spool.refuse(record)
        self._spool.discard(batch)
        with self._change:
            if self._away and not self._spool.count and not self._beside.busy:
                self._away = ""
                logger.info("the database takes questions again, and has all that were spooled")
        return True

    def _adopt(self) -> None:
        self._adopted_at = time.monotonic()
        if left := self._spool.adopt():
            logger.info("%d questions of a process that ended are brought to the database", left)

    def _bring(self, records: Sequence[bytes]) -> list[bytes]:
        """Write spooled records to SQL; return those that SQL does not want or nobody can read."""
        read = {record: unpacked(Interaction, record) for record in records}
        refused = self._add([interaction for interaction in read.values() if interaction is not None])
        return [record for record, given in read.items() if given is None or given.id in refused]

    def _lose_patience(self, entry: Entry) -> None:
        """Spool everything that waits for SQL: it takes too long over this one."""
        with self._change:
            if entry.settled or self._away:
                return
            left = self._taken_at + self._patience_s - time.monotonic()
            if left > 0:
                # It waited its turn behind others: SQL is busy, not away.
                entry.watch(left, self._lose_patience)
                return
            self._leave(f"The database did not answer within {self._patience_s:g} s.")
            self._give_up_waiting()

    # Under the lock

    def _leave(self, reason: str) -> None:
        if not self._away:
            logger.warning("questions are spooled until the database is back: %s", reason)
        self._away = reason or "The database is away."

    def _give_up_waiting(self) -> None:
        self._beside.take([*self._in_hand, *self._waiting])
        self._waiting.clear()
