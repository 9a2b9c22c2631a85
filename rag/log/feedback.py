"""Feedback is taken for good whenever the question it is about was, also while that is still on its way to SQL."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from uuid import UUID

import anyio
from anyio import to_thread

from rag.domain import Feedback
from rag.errors import IntegrityError, NotFound, Unavailable
from rag.log.logbook import Logbook
from rag.log.records import packed, unpacked
from rag.log.spool import Spool
from rag.ports import DocumentStore, FeedbackStore

logger = logging.getLogger(__name__)

_ROUND_S = 30.0
"""Longest pause between two tries to bring feedback to SQL, and between two searches for what dead processes left."""

_RETRY_AFTER_S = 5.0
"""When to send feedback again whose question another machine may be bringing to SQL, in seconds."""


class FeedbackLog:
    """Writes feedback to SQL or, where that is away or has no such question yet, to a spool of its own.

    A thread brings it from there to SQL; it is started with the first that is spooled, or by `start`. Feedback may
    overtake the question it is about, which another process may have spooled: it then waits until the question has
    come. It may reach SQL on both ways; its id makes it one row.
    """

    def __init__(
        self,
        feedback: FeedbackStore,
        documents: DocumentStore,  # feedback may name their passages
        spool: Spool,  # for feedback alone; its owner is this log, which closes it
        log: Logbook,  # of the questions
        *,
        elsewhere: Callable[
            [], bool
        ],  # another machine may have questions that it has not brought to SQL yet
        patience_s: float = 1.0,  # how long SQL may take before feedback is spooled
        retry_s: float = 0.5,  # shortest pause between two tries to bring it to SQL
        keep_s: float = 24 * 3600.0,  # how long spooled feedback waits for a question that does not come
    ) -> None:
        self._feedback = feedback
        self._documents = documents
        self._spool = spool
        self._log = log
        self._elsewhere = elsewhere
        self._patience_s = patience_s
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

    async def write(self, feedback: Feedback) -> bool:
        """Write one; on return it is durable: in SQL (True), or beside it and brought there later (False).

        While SQL is away nobody can tell whether there is such a question: what turns out to be about none is put
        aside later.

        Raises:
            NotFound: there is no such question or passage.
            Unavailable: nobody took it: no room, no disk, or the question may be on its way from another machine.
        """
        if self._log.away:
            return await self._keep(feedback)
        # Asked before SQL is: what is brought there in between is found there.
        owed = await to_thread.run_sync(self._log.owes)
        there: bool | None = None
        with anyio.move_on_after(self._patience_s):
            with contextlib.suppress(Unavailable, IntegrityError):
                there = await to_thread.run_sync(self._bring_checked, feedback, abandon_on_cancel=True)
        if there:
            return True
        if there is None or owed:
            return await self._keep(feedback)
        if _given_out(feedback.interaction_id) and await to_thread.run_sync(self._elsewhere):
            raise Unavailable(
                f"The interaction {feedback.interaction_id!r} is not in the database yet. Another replica may be "
                "bringing it there: send this again in a moment.",
                retry_after_s=_RETRY_AFTER_S,
            )
        raise NotFound(f"There is no interaction {feedback.interaction_id!r}; name one that an answer gave.")

    @property
    def waiting(self) -> int:
        """Judgements beside SQL, those that are done with but share a file with others included."""
        return self._spool.count

    def close(self, timeout_s: float = 5.0) -> None:
        """Bring to SQL what goes in `timeout_s` seconds, and stop; the rest stays spooled.

        To be called after the log's own `close`.
        """
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

    async def _keep(self, feedback: Feedback) -> bool:
        # Shielded: a client that leaves now has judged nevertheless.
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._keep_now, feedback)
        return False

    def _keep_now(self, feedback: Feedback) -> None:
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

    def _bring_checked(self, feedback: Feedback) -> bool:
        named = {passage for passage in (feedback.clicked_passage, feedback.corrected_passage) if passage}
        there = self._documents.passages(named) if named else {}
        for passage_id in sorted(named):
            if passage_id not in there or there[passage_id].tenant != feedback.tenant:
                raise NotFound(
                    f"There is no passage {passage_id!r}; name one that a hit or /v1/retrieve gave."
                )
        return self._bring(feedback)

    def _bring(self, feedback: Feedback) -> bool:
        """Write to SQL; False where there is no such question."""
        try:
            self._feedback.add(feedback)
        except NotFound:
            return False
        return True

    # The thread's own

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
                        self._spool.discard(batch)
                        self._settled.difference_update(batch.records)
        except Unavailable:
            return  # the next round tries again; that the database is away the log of questions says
        except Exception:
            logger.exception("feedback could not be brought to the database; it is tried again")

    def _done_with(self, record: bytes) -> bool:
        """Bring one to SQL, where that was not done; False where it has to wait for its question.

        Raises:
            Exception: SQL is away, or in no state to take anything.
        """
        if record in self._settled:
            return True
        feedback = unpacked(Feedback, record)
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
            if self._bring(feedback):
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


def _given_out(interaction_id: str) -> bool:
    """Tell whether an interaction may have this id at all."""
    try:
        return str(UUID(interaction_id)) == interaction_id
    except ValueError:
        return False
