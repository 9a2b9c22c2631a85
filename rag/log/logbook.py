"""The log of questions: what was written is durable, in SQL or, while that is away, in a spool beside it."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rag.domain import Interaction, InteractionStatus, LoggedHit
from rag.errors import IntegrityError, Unavailable
from rag.log.records import packed, unpacked
from rag.log.spool import Spool
from rag.ports import InteractionStore

logger = logging.getLogger(__name__)

_BATCH = 200
"""Interactions of one transaction."""

_MARGIN = 4_000_000
"""Bytes of the spool, a quarter of it at most, that are kept for questions that are under way when it fills up."""

_LOOK_S = 30.0
"""Pause between two looks for what dead processes left, in seconds."""

_READERS: dict[str, Callable[[Any], Any]] = {
    "asked_at": datetime.fromisoformat,
    "hits": lambda hits: tuple(LoggedHit(**hit) for hit in hits),
    "cited": tuple,
    "status": InteractionStatus,
}
"""What makes a field's value of the JSON one that lies in the spool."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogState:
    """How the log is doing."""

    away: str  # why the database takes nothing now; empty where it does
    spooled: int  # interactions that wait beside it
    used: int  # bytes they take
    room: int  # bytes left beside it
    full: bool  # there is no room beside it for questions that are taken now


class _Entry:
    """An interaction on its way to disk, and who waits for it."""

    def __init__(self, interaction: Interaction) -> None:
        self.interaction = interaction
        self._loop = asyncio.get_running_loop()
        self.written: asyncio.Future[None] = self._loop.create_future()
        self.settled = False

    def watch(self, seconds: float, look: "Callable[[_Entry], None]") -> None:
        """Have it looked after in so many seconds, unless it is written by then."""
        overdue = self._loop.call_later(seconds, look, self)
        self.written.add_done_callback(lambda _: overdue.cancel())

    def settle(self, error: Exception | None = None) -> None:
        """Tell who waits; the first word counts."""
        if self.settled:
            return
        self.settled = True
        try:
            self._loop.call_soon_threadsafe(self._tell, error)
        except RuntimeError:
            # The event loop is closed: nobody waits any more.
            return

    def _tell(self, error: Exception | None) -> None:
        if self.written.done():
            return
        if error is None:
            self.written.set_result(None)
        else:
            self.written.set_exception(error)


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
        self._interactions = interactions
        self._spool = spool
        self._patience_s = patience_s
        self._retry_s = retry_s
        lock = threading.Lock()
        self._for_sql = threading.Condition(lock)
        self._for_spool = threading.Condition(lock)
        # All below is guarded by the lock.
        self._waiting: deque[_Entry] = deque()  # for SQL
        self._in_hand: list[_Entry] = []  # with SQL now
        self._taken_at = 0.0  # monotonic, seconds: since when it has them
        self._beside: deque[_Entry] = deque()  # for the spool
        self._spooling = False  # the spool's thread is writing what it took from `_beside`
        self._away = ""
        self._closing = False
        self._sql_done = False
        self._threads: tuple[threading.Thread, ...] = ()
        self._looked_at = 0.0  # monotonic, seconds: for what dead processes left

    def start(self) -> None:
        """Start the threads, which first bring to SQL what was left by a process that died."""
        with self._for_sql:
            if self._threads or self._closing:
                return
            self._threads = (
                threading.Thread(target=self._to_sql, name="logbook", daemon=True),
                threading.Thread(target=self._to_spool, name="logbook-spool", daemon=True),
            )
        for thread in self._threads:
            thread.start()

    @property
    def away(self) -> str:
        """Why the database takes nothing now; empty where it does."""
        return self._away

    def owes(self) -> bool:
        """Tell whether questions were written that SQL may lack: in the spool, or in another process's beside it."""
        return self._spool.holds_any()

    def check(self) -> None:
        """Do nothing where a question that is taken now can be written later; no disk or database is waited for.

        Raises:
            Unavailable: SQL is away and the spool is as good as full.
        """
        away = self._away
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
        if not self._threads:
            self.start()
        entry = _Entry(interaction)
        with self._for_sql:
            if self._closing:
                raise Unavailable("The log of questions is closed, because the service is about to stop.")
            if self._away:
                self._beside.append(entry)
                self._for_spool.notify()
            else:
                self._waiting.append(entry)
                self._for_sql.notify()
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

        Args:
            timeout_s: longest wait for SQL, in seconds. The spool's disk is waited for.
        """
        with self._for_sql:
            if self._closing:
                return
            self._closing = True
            self._for_sql.notify_all()
            threads = self._threads
        if threads:
            threads[0].join(timeout_s)
            with self._for_sql:
                self._sql_done = True
                # SQL hangs: what it was given goes to the spool as well.
                self._hand_over([*self._in_hand, *self._waiting])
                self._waiting.clear()
                self._for_spool.notify_all()
            threads[1].join()
        self._spool.close()

    def _full(self) -> bool:
        return self._spool.room() <= min(_MARGIN, self._spool.limit // 4)

    # The thread that writes to SQL

    def _to_sql(self) -> None:
        self._adopt()
        while True:
            with self._for_sql:
                self._for_sql.wait_for(self._sql_has_work, self._pause())
                entries: list[_Entry] = []
                if self._away:
                    self._hand_over(self._waiting)
                    self._waiting.clear()
                while self._waiting and len(entries) < _BATCH:
                    entries.append(self._waiting.popleft())
                self._in_hand, self._taken_at = entries, time.monotonic()
                closing = self._closing
            if entries:
                self._commit(entries)
            if (not self._drain() or self._spool.count == 0) and closing:
                with self._for_sql:
                    if not self._waiting:
                        return

    def _sql_has_work(self) -> bool:
        return self._closing or (not self._away and bool(self._waiting or self._spool.count))

    def _pause(self) -> float:
        return self._retry_s if self._away else _LOOK_S

    def _commit(self, entries: Sequence[_Entry]) -> None:
        lost = ""
        try:
            refused = self._add([entry.interaction for entry in entries])
        except Exception as error:  # noqa: BLE001 the thread outlives whatever SQL does; it is logged there
            lost = self._why(error)
        else:
            for entry in entries:
                entry.settle(refused.get(entry.interaction.id))
        with self._for_sql:
            self._in_hand = []
            if lost:
                self._leave(lost)
                self._hand_over(entries)

    def _add(self, interactions: Sequence[Interaction]) -> dict[str, Exception]:
        """Write to SQL; give id -> error of those that SQL is there for and does not want.

        Raises:
            Exception: SQL is away, or in no state to take anything.
        """
        try:
            self._interactions.add_all(interactions)
            if not interactions:
                # Only a look tells whether SQL is back.
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
        if time.monotonic() - self._looked_at > _LOOK_S:
            self._adopt()
        if not self._away and not self._spool.count:
            return True
        try:
            batch = self._spool.oldest(_BATCH)
            refused = self._bring(batch.records)
        except Exception as error:  # noqa: BLE001 as above
            with self._for_sql:
                self._leave(self._why(error))
            return False
        with self._for_sql:
            if self._sql_done:
                # The spool is about to be closed; what is brought twice is one row.
                return False
        for record in refused:
            logger.error("a spooled question could not be brought to the database; it is kept for a person")
            self._spool.refuse(record)
        self._spool.discard(batch)
        with self._for_sql:
            if self._away and not (self._spool.count or self._beside or self._spooling):
                self._away = ""
                logger.info("the database takes questions again, and has all that were spooled")
        return True

    def _adopt(self) -> None:
        self._looked_at = time.monotonic()
        if left := self._spool.adopt():
            logger.info("%d questions of a process that ended are brought to the database", left)

    def _bring(self, records: Sequence[bytes]) -> list[bytes]:
        """Write spooled records to SQL; give those that SQL does not want or nobody can read."""
        read = {record: unpacked(Interaction, record, _READERS) for record in records}
        refused = self._add([interaction for interaction in read.values() if interaction is not None])
        return [record for record, given in read.items() if given is None or given.id in refused]

    # The thread that writes to the spool

    def _to_spool(self) -> None:
        while True:
            with self._for_spool:
                self._for_spool.wait_for(lambda: self._beside or self._sql_done)
                entries = [entry for entry in self._beside if not entry.settled]
                self._beside.clear()
                self._spooling = bool(entries)
                if not entries and self._sql_done:
                    return
            self._keep(entries)
            with self._for_sql:
                self._spooling = False
                self._for_sql.notify()

    def _keep(self, entries: Sequence[_Entry]) -> None:
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

    # Under the lock

    def _lose_patience(self, entry: _Entry) -> None:
        """Spool everything that waits for SQL: it takes too long over this one."""
        with self._for_sql:
            if entry.settled or self._away:
                return
            left = self._taken_at + self._patience_s - time.monotonic()
            if left > 0:
                # It waited its turn behind others: SQL is busy, not away.
                entry.watch(left, self._lose_patience)
                return
            self._leave(f"The database did not answer within {self._patience_s:g} s.")
            self._hand_over([*self._in_hand, *self._waiting])
            self._waiting.clear()

    def _leave(self, reason: str) -> None:
        if not self._away:
            logger.warning("questions are spooled until the database is back: %s", reason)
        self._away = reason or "The database is away."

    def _hand_over(self, entries: "Sequence[_Entry] | deque[_Entry]") -> None:
        self._beside.extend(entry for entry in entries if not entry.settled)
        self._for_spool.notify()
