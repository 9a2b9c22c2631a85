"""Feedback is taken for good whenever the question it is about was, also while that is still on its way to SQL."""

import contextlib
from collections.abc import Callable
from uuid import UUID

import anyio
from anyio import to_thread

from rag.domain import Feedback
from rag.errors import IntegrityError, NotFound, Unavailable
from rag.log.feedback_writer import FeedbackWriter, written
from rag.log.logbook import Logbook
from rag.log.spool import Spool
from rag.ports import DocumentStore, FeedbackStore

_RETRY_AFTER_S = 5.0
"""When to send feedback again whose question another machine may be bringing to SQL, in seconds."""


class FeedbackLog:
    """Writes feedback to SQL or, where that is away or has no such question yet, to a spool of its own.

    A thread brings it from there to SQL. Feedback may overtake the question it is about, which another process may
    have spooled: it then waits until the question has come. It may reach SQL on both ways; its id makes it one row.
    """

    def __init__(
        self,
        feedback: FeedbackStore,
        documents: DocumentStore,
        spool: Spool,
        log: Logbook,
        *,
        elsewhere: Callable[[], bool],
        patience_s: float = 1.0,
        retry_s: float = 0.5,
        keep_s: float = 24 * 3600.0,
    ) -> None:
        """Wire the parts; the thread is started with the first that is spooled, or by `start`.

        Args:
            feedback: in SQL.
            documents: in SQL; feedback may name their passages.
            spool: for feedback alone; its owner is this log, which closes it.
            log: of the questions.
            elsewhere: tells whether another machine may have questions that it has not brought to SQL yet.
            patience_s: how long SQL may take before feedback is spooled, in seconds.
            retry_s: shortest pause between two tries to bring it to SQL, in seconds.
            keep_s: how long spooled feedback waits for a question that does not come, in seconds.
        """
        self._feedback = feedback
        self._documents = documents
        self._log = log
        self._elsewhere = elsewhere
        self._patience_s = patience_s
        self._writer = FeedbackWriter(feedback, spool, log, retry_s=retry_s, keep_s=keep_s)

    def start(self) -> None:
        """Start the thread, which brings to SQL what was left by a process that died."""
        self._writer.start()

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
            error = Unavailable(
                f"The interaction {feedback.interaction_id!r} is not in the database yet. Another replica may be "
                "bringing it there: send this again in a moment."
            )
            error.retry_after_s = _RETRY_AFTER_S
            raise error
        raise NotFound(f"There is no interaction {feedback.interaction_id!r}; name one that an answer gave.")

    @property
    def waiting(self) -> int:
        """Judgements beside SQL, those that are done with but share a file with others included."""
        return self._writer.waiting

    def close(self, timeout_s: float = 5.0) -> None:
        """Bring to SQL what goes in time, and stop; the rest stays spooled. To be called after the log's own `close`.

        Args:
            timeout_s: longest wait for SQL, in seconds.
        """
        self._writer.close(timeout_s)

    async def _keep(self, feedback: Feedback) -> bool:
        # Shielded: a client that leaves now has judged nevertheless.
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._writer.keep, feedback)
        return False

    def _bring_checked(self, feedback: Feedback) -> bool:
        named = {passage for passage in (feedback.clicked_passage, feedback.corrected_passage) if passage}
        there = self._documents.passages(named) if named else {}
        for passage_id in sorted(named):
            if passage_id not in there or there[passage_id].tenant != feedback.tenant:
                raise NotFound(
                    f"There is no passage {passage_id!r}; name one that a hit or /v1/retrieve gave."
                )
        return written(self._feedback, feedback)


def _given_out(interaction_id: str) -> bool:
    """Tell whether an interaction may have this id at all."""
    try:
        return str(UUID(interaction_id)) == interaction_id
    except ValueError:
        return False
