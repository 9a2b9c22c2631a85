"""The thread that brings spooled feedback to SQL, each judgement once its question is there."""

import logging
import threading
import time
from datetime import datetime

from rag.domain import Feedback
from rag.errors import IntegrityError, NotFound, Unavailable
from rag.log.logbook import Logbook
from rag.log.records import packed, unpacked
from rag.log.spool import Batch, Spool
from rag.ports import FeedbackStore

logger = logging.getLogger(__name__)

_ROUND_S = 30.0
"""Longest pause between two tries to bring feedback to SQL, and between two searches for what dead processes left."""

_READERS = {"given_at": datetime.fromisoformat}


class FeedbackWriter:
    """Spools feedback, and brings it to SQL in a thread of its own."""

    def __init__(
        self, feedback: FeedbackStore, spool: Spool, log: Logbook, *, retry_s: float, keep_s: float
    ) -> None:
        """Take the parts; the thread is started with the first that is spooled, or by `start`.

        Args:
            feedback: in SQL.
            spool: for feedback alone; closed by `close`.
            log: of the questions.
            retry_s: shortest pause between two tries to bring it to SQL, in seconds.
            keep_s: how long spooled feedback waits for a question that does not come, in seconds.
        """
        self._feedback = feedback
        self._spool = spool
        self._log = log
        self._retry_s = retry_s
        self._keep_s = keep_s
        self._change = threading.Condition()
        # Guarded by it.
        self._fresh = False
        self._closing = False
        self._ended = False
        self._thread: threading.Thread | None = None
        # The thread's own.
        self._settled: set[bytes] = set()  # records that are done with, in files where others are not
        self._missed: dict[str, float] = {}  # id -> monotonic seconds since when its question is missing
        self._adopted_at = -_ROUND_S

    def start(self) -> None:
        """Start the thread, which brings to SQL what was left by a process that died."""
        with self._change:
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="feedback", daemon=True)
                self._thread.start()

    @property
    def waiting(self) -> int:
        """Judgements beside SQL, those that are done with but share a file with others included."""
        return self._spool.count

    def keep(self, feedback: Feedback) -> None:
        """Spool one; on return it is on disk.

        Raises:
            Unavailable: there is no room, the disk failed, or the service is about to stop.
        """
        with self._change:
            if self._closing:
                raise Unavailable("No feedback is taken any more, because the service is about to stop.")
            if not self._spool.append([packed(feedback)]):
                raise Unavailable(
                    "Feedback cannot be kept now: the database is away or behind, and the room beside it "
                    f"({self._spool.limit} bytes, a part of WHETSTONE_SPOOL_BYTES) is used up."
                )
            self._fresh = True
            self._change.notify()
        self.start()

    def close(self, timeout_s: float) -> None:
        """Bring to SQL what goes in `timeout_s` seconds, and stop; the rest stays spooled."""
        with self._change:
            if self._closing:
                return
            self._closing = True
            self._change.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        with self._change:
            self._ended = True
        self._spool.close()

    def _run(self) -> None:
        pause = self._retry_s
        while True:
            with self._change:
                woken = self._change.wait_for(lambda: self._closing or self._fresh, pause)
                self._fresh, closing = False, self._closing
            if time.monotonic() - self._adopted_at >= _ROUND_S:
                self._adopted_at = time.monotonic()
                self._spool.adopt()
            if not self._log.away and self._spool.count:
                self._deliver()
            if closing:
                return
            # While the database is away it is the log of questions that tries it.
            idle = not woken and not self._log.away
            pause = min(2 * pause, _ROUND_S) if idle else self._retry_s

    def _deliver(self) -> None:
        try:
            for batch in self._spool.batches():
                left = [record for record in batch.records if not self._done_with(record)]
                with self._change:
                    if self._ended:
                        return  # what is brought twice is one row
                    if not left:
                        self._forget(batch)
        except Unavailable:
            return  # the next round tries again; that the database is away the log of questions says
        except Exception:
            logger.exception("feedback could not be brought to the database; it is tried again")

    def _forget(self, batch: Batch) -> None:
        self._spool.discard(batch)
        self._settled.difference_update(batch.records)

    def _done_with(self, record: bytes) -> bool:
        """Bring one to SQL, where that was not done; False where it has to wait for its question.

        Raises:
            Exception: SQL is away, or in no state to take anything.
        """
        if record in self._settled:
            return True
        feedback = unpacked(Feedback, record, _READERS)
        if feedback is None:
            self._put_aside(record, "cannot be read")
        elif not self._wanted(feedback):
            self._put_aside(record, "is not wanted by the database")
        elif feedback.id in self._missed:
            waited = time.monotonic() - self._missed[feedback.id]
            if waited < self._keep_s or self._log.owes():
                return False
            self._put_aside(record, "is about a question that nobody asked")
            del self._missed[feedback.id]
        self._settled.add(record)
        return True

    def _wanted(self, feedback: Feedback) -> bool:
        """Try to write it, noting where its question is missing; False where SQL is there and does not want it."""
        try:
            if written(self._feedback, feedback):
                self._missed.pop(feedback.id, None)
            else:
                self._missed.setdefault(feedback.id, time.monotonic())
        except (Unavailable, IntegrityError):
            raise
        except Exception:
            # Where this fails too, it is not the feedback's fault.
            self._feedback.of([feedback.interaction_id])
            logger.exception("feedback %s was refused by the database", feedback.id)
            return False
        return True

    def _put_aside(self, record: bytes, why: str) -> None:
        logger.error("spooled feedback %s; it is kept for a person", why)
        self._spool.refuse(record)


def written(store: FeedbackStore, feedback: Feedback) -> bool:
    """Write to SQL; False where there is no such question."""
    try:
        store.add(feedback)
    except NotFound:
        return False
    return True
