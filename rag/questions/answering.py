"""A question's whole way: rewrite, retrieve, prompt, generate, log. Knows nothing of HTTP."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from typing import Protocol

import anyio
from anyio import to_thread

from rag.domain import DEFAULT_TENANT, Interaction, InteractionStatus, Message, Prompt
from rag.ports import Generator, InteractionLog, Rewriter, Where
from rag.questions.auxiliary import auxiliary
from rag.questions.checking.weighing import Judge
from rag.questions.conversation.rewriting import TurnRewriter, carried_names
from rag.questions.drafting import Asked, Draft, Read, Reply, since
from rag.questions.events import Delta, Event, Finished, Started, Wishes, Written
from rag.questions.finding.retrieval import Pinned, Retriever
from rag.questions.generating import pieces
from rag.questions.limits import QuestionLimits, is_text
from rag.questions.support.evidence import read_evidence
from rag.questions.support.judging import judge
from rag.questions.support.languages import is_language_unknown
from rag.questions.writing.citing import citations
from rag.questions.writing.prompting import messages

logger = logging.getLogger(__name__)


class ReleaseSource(Protocol):
    """Where the live release is pinned."""

    def pin(self) -> AbstractContextManager[Pinned]:
        """Return what a question is answered with, for as long as the context lasts.

        Raises:
            NotReady: nothing is loaded yet.
        """


class Answerer:
    """Answers questions with the live release, and logs each of them once."""

    def __init__(
        self,
        live: ReleaseSource,
        retriever: Retriever,
        generator: Generator,
        log: InteractionLog,
        *,
        rewriter: Rewriter | None = None,  # None: by rules
        judge: Judge | None = None,  # of what a language model wrote; None: the check has the last word
        tenant: str = DEFAULT_TENANT,  # where a call names none
        max_question_chars: int = 8_000,  # a front end's own prompt may have eight times as many
        max_tokens: int | None = None,  # of every answer
    ) -> None:
        self._live = live
        self._retriever = retriever
        self._generator = generator
        self._log = log
        self._rewriter = rewriter or TurnRewriter()
        self._judge = judge
        self._tenant = tenant
        self._limits = QuestionLimits(question_chars=max_question_chars, answer_tokens=max_tokens)

    async def ask(
        self,
        question: str,
        *,
        principal: str = "local",
        tenant: str | None = None,
        wishes: Wishes | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Answer, event by event, all of it with the release that was live at the start.

        The interaction is in the log before `Finished` is yielded; where it fails, or the caller closes
        the generator or is cancelled, it is logged as failed or cancelled. A question that is refused
        before it starts (the first four errors) is not logged.

        Raises:
            InvalidInput: the question is blank or no proper text.
            QuestionTooLong: it is longer than the service accepts.
            NotReady: no release is loaded yet.
            Unavailable: there is no room to log it; or, later, the database or the index failed.
            UpstreamFailed: the language model failed.
        """
        wishes = wishes or Wishes()
        aside = auxiliary(question, wishes.history, wishes.instructions)
        question = self._limits.checked(question, auxiliary=aside is not None)
        self._log.check()
        asked = Asked(
            question=question[: self._limits.question_chars],
            principal=principal,
            tenant=self._tenant if tenant is None else tenant,
            auxiliary=aside is not None,
            as_json=wishes.options.as_json,
        )
        with self._live.pin() as pinned:
            draft = Draft(
                asked=asked,
                pinned=pinned,
                reply=Reply(generator=self._generator.name),
            )
            try:
                if aside:
                    draft.prompt = self._plain_prompt(question, wishes)
                else:
                    await self._rewrite(draft, wishes)
                    await self._retrieve(draft, wishes)
                yield _started(draft)
                async with aclosing(pieces(draft, self._generator, aside, wishes.stop, self._judge)) as said:
                    async for piece in said:
                        yield Delta(text=piece, refused=draft.asked.as_json and draft.reply.abstained)
                finished = await self._finish(draft, InteractionStatus.ANSWERED)
            except BaseException as error:
                await self._log_failure(draft, error)
                raise
            yield finished

    async def answer(
        self, question: str, *, principal: str = "local", wishes: Wishes | None = None
    ) -> Finished:
        """Answer in one go; errors as for `ask`."""
        async with aclosing(self.ask(question, principal=principal, wishes=wishes)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event
        raise AssertionError("a question neither finished nor failed")

    async def retrieve_only(
        self,
        question: str,
        *,
        principal: str = "local",
        tenant: str | None = None,
        limit: int | None = None,
        where: Where | None = None,
    ) -> Finished:
        """Find passages without an answer; logged as retrieved. Errors as for `ask`."""
        question = self._limits.checked(question)
        self._log.check()
        tenant = self._tenant if tenant is None else tenant
        asked = Asked(question=question, principal=principal, tenant=tenant)
        with self._live.pin() as pinned:
            draft = Draft(asked=asked, pinned=pinned, reply=Reply(generator=""))
            try:
                await self._retrieve(draft, Wishes(limit=limit, where=where), prompted=False)
                return await self._finish(draft, InteractionStatus.RETRIEVED)
            except BaseException as error:
                await self._log_failure(draft, error)
                raise

    def _plain_prompt(self, question: str, wishes: Wishes) -> Prompt:
        """Hand a front end's own prompt on as it came."""
        return Prompt(
            question=question,
            hits=(),
            messages=(
                *(Message(role="system", content=each) for each in wishes.instructions),
                *wishes.history,
                Message(role="user", content=question),
            ),
            max_tokens=self._limits.tokens(wishes.max_tokens, auxiliary=True),
            temperature=wishes.temperature,
            stop=wishes.stop,
            options=wishes.options,
        )

    async def _rewrite(self, draft: Draft, wishes: Wishes) -> None:
        if not wishes.history:
            return
        began = time.perf_counter()
        question = draft.asked.question
        rewritten = await self._rewriter.rewrite(question, wishes.history, encoder=draft.pinned.encoder)
        # What a model wrote needs to be checked no less than what a caller sent.
        if rewritten != question and rewritten.strip() and is_text(rewritten):
            draft.understood.rewritten = rewritten.strip()[: self._limits.question_chars]
            draft.understood.names = carried_names(draft.understood.rewritten, wishes.history)
        draft.clock.rewrite_ms = since(began)

    async def _retrieve(self, draft: Draft, wishes: Wishes, *, prompted: bool = True) -> None:
        # One hop to a thread for everything that blocks: a hop costs more than counting a prompt's tokens.
        await to_thread.run_sync(self._retrieve_now, draft, wishes, prompted)

    def _retrieve_now(self, draft: Draft, wishes: Wishes, prompted: bool) -> None:
        began = time.perf_counter()
        pinned, retrieval = draft.pinned, draft.pinned.release.retrieval
        draft.retrieved = self._retriever.retrieve(
            pinned, draft.searched, tenant=draft.asked.tenant, limit=wishes.limit, where=wishes.where
        )
        draft.clock.retrieve_ms = since(began)
        draft.understood.language_unknown = is_language_unknown(draft.asked.question, pinned.encoder)
        if not prompted:
            return
        evidence = read_evidence(
            draft.searched, draft.hits, encoder=pinned.encoder, vector=draft.retrieved.vector
        )
        support = judge(
            evidence, pinned.release.support, encoder=pinned.encoder, names=draft.understood.names
        )
        draft.read = Read(evidence=evidence, support=support)
        if draft.hits and support.probability >= retrieval.threshold:
            draft.prompt = Prompt(
                # What quotes sentences looks for the question as it would be asked alone.
                question=draft.searched,
                hits=draft.hits,
                messages=messages(
                    draft.asked.question,
                    draft.hits,
                    wishes.history,
                    count_tokens=pinned.encoder.count_tokens,
                    context_tokens=retrieval.context_tokens,
                    instructions=wishes.instructions,
                    as_json=wishes.options.as_json,
                ),
                max_tokens=self._limits.tokens(wishes.max_tokens),
                temperature=wishes.temperature,
                stop=wishes.stop,
                evidence=evidence,
                options=wishes.options,
                patient=wishes.patient,
            )

    async def _finish(self, draft: Draft, status: InteractionStatus) -> Finished:
        if draft.reply.abstained:
            status = InteractionStatus.ABSTAINED
        if not draft.counted:
            await to_thread.run_sync(draft.count)
        interaction = await self._write(draft, status)
        return Finished(
            interaction=interaction,
            hits=draft.hits,
            citations=citations(draft.reply.mentions),
            mentions=draft.reply.mentions,
            encoder=draft.pinned.encoder.digest,
            support=draft.read.support if draft.read else None,
            threshold=draft.pinned.release.retrieval.threshold,
            cut=draft.reply.ending.cut,
            written=Written(
                unsupported=draft.reply.unsupported,
                asked_again=draft.reply.ending.asked_again,
                as_json=draft.asked.as_json,
            ),
            timings=draft.timings(),
        )

    async def _write(self, draft: Draft, status: InteractionStatus, error: str = "") -> Interaction:
        interaction = draft.interaction(status, error)
        # Set first: a cancellation that arrives while it is written must not write a second row.
        draft.logged = True
        with anyio.CancelScope(shield=True):
            await self._log.write(interaction)
        return interaction

    async def _log_failure(self, draft: Draft, error: BaseException) -> None:
        if draft.logged:
            return
        cancelled = isinstance(error, GeneratorExit | asyncio.CancelledError)
        status = InteractionStatus.CANCELLED if cancelled else InteractionStatus.FAILED
        message = "" if cancelled else f"{type(error).__name__}: {error}"
        try:
            await self._write(draft, status, message)
        except Exception:
            # The caller gets the first error, which matters more than the one about the log.
            logger.exception("interaction %s could not be logged as %s", draft.asked.id, status)


def _started(draft: Draft) -> Started:
    return Started(
        interaction_id=draft.asked.id,
        release=draft.pinned.release.digest,
        epoch=draft.pinned.epoch,
        encoder=draft.pinned.encoder.digest,
        hits=draft.hits,
        rewritten=draft.understood.rewritten,
        timings=draft.timings(),
    )
