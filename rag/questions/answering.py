"""A question's whole way: rewrite, retrieve, prompt, generate, log. Knows nothing of HTTP."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from typing import Protocol, cast

import anyio
from anyio import to_thread

from rag.domain import DEFAULT_TENANT, Ending, Interaction, InteractionStatus, Message, Prompt
from rag.errors import InvalidInput, QuestionTooLong, UpstreamFailed
from rag.ports import Generator, InteractionLog, Rewriter, Where
from rag.questions.auxiliary import Auxiliary, auxiliary, reply
from rag.questions.drafting import Draft, since
from rag.questions.events import Delta, Event, Finished, Started, Wishes
from rag.questions.prompting import ABSTENTION, abstains, messages
from rag.questions.quoting import citations, mentions
from rag.questions.retrieval import Pinned, Retriever
from rag.questions.rewriting import TurnRewriter
from rag.questions.stops import Stops

logger = logging.getLogger(__name__)

_AUXILIARY_CHARS = 8
"""A front end's own prompt quotes a conversation: it may be this many times as long as a question."""
_AUXILIARY_TOKENS = 400
"""Longest answer to one, in tokens."""


class Live(Protocol):
    """Where the live release is pinned."""

    def pin(self) -> AbstractContextManager[Pinned]:
        """Return what a question is answered with, for as long as the context lasts.

        Raises:
            NotReady: nothing is loaded yet.
        """
        ...


class Answerer:
    """Answers questions with the live release, and logs each of them once."""

    def __init__(
        self,
        live: Live,
        retriever: Retriever,
        generator: Generator,
        log: InteractionLog,
        *,
        rewriter: Rewriter | None = None,
        tenant: str = DEFAULT_TENANT,
        max_question_chars: int = 8_000,
        max_tokens: int | None = None,
    ) -> None:
        """Wire the parts.

        Args:
            live: gives the release.
            retriever: finds passages.
            generator: writes answers.
            log: every question ends there, once.
            rewriter: makes follow-ups stand alone; None: by rules.
            tenant: taken where a call names none.
            max_question_chars: of a question; a front end's own prompt may have eight times as many.
            max_tokens: caps every answer.
        """
        self._live = live
        self._retriever = retriever
        self._generator = generator
        self._log = log
        self._rewriter = rewriter or TurnRewriter()
        self._tenant = tenant
        self._max_question_chars = max_question_chars
        self._max_tokens = max_tokens

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
        question = self._checked(question, _AUXILIARY_CHARS if aside else 1)
        self._log.check()
        with self._live.pin() as pinned:
            draft = Draft(
                question=question[: self._max_question_chars],
                principal=principal,
                tenant=self._tenant if tenant is None else tenant,
                generator=self._generator.name,
                pinned=pinned,
                auxiliary=aside is not None,
            )
            try:
                if aside:
                    draft.prompt = self._plain_prompt(question, wishes)
                else:
                    await self._rewrite(draft, wishes)
                    await self._retrieve(draft, wishes)
                yield _started(draft)
                async with aclosing(self._pieces(draft, aside, wishes)) as pieces:
                    async for piece in pieces:
                        yield Delta(text=piece)
                finished = await self._finish(draft, InteractionStatus.ANSWERED)
            except BaseException as error:
                await self._log_failure(draft, error)
                raise
            yield finished

    async def answer(self, question: str, *, principal: str = "local") -> Finished:
        """Answer in one go; errors as for `ask`."""
        asked = self.ask(question, principal=principal)
        async with aclosing(asked) as events:
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
        question = self._checked(question)
        self._log.check()
        with self._live.pin() as pinned:
            draft = Draft(
                question=question,
                principal=principal,
                tenant=self._tenant if tenant is None else tenant,
                generator="",
                pinned=pinned,
            )
            try:
                await self._retrieve(draft, Wishes(limit=limit, where=where), prompted=False)
                return await self._finish(draft, InteractionStatus.RETRIEVED)
            except BaseException as error:
                await self._log_failure(draft, error)
                raise

    def _checked(self, question: str, longer: int = 1) -> str:
        longest = self._max_question_chars * longer
        if len(question) > longest:
            raise QuestionTooLong(
                f"The question has {len(question)} characters; at most {longest} are "
                "accepted. Shorten it, or raise WHETSTONE_MAX_QUESTION_CHARS."
            )
        question = question.strip()
        if not question:
            raise InvalidInput("The question is blank; write one.")
        # NUL and lone surrogates are valid JSON, but no database stores them as text.
        if not is_text(question):
            raise InvalidInput("The question holds characters that are not text; send proper Unicode.")
        return question

    def _capped(self, *limits: int | None) -> int | None:
        return min((limit for limit in (*limits, self._max_tokens) if limit is not None), default=None)

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
            max_tokens=self._capped(wishes.max_tokens, _AUXILIARY_TOKENS),
            temperature=wishes.temperature,
            stop=wishes.stop,
        )

    async def _rewrite(self, draft: Draft, wishes: Wishes) -> None:
        if not wishes.history:
            return
        began = time.perf_counter()
        rewritten = await self._rewriter.rewrite(draft.question, wishes.history, encoder=draft.pinned.encoder)
        # What a model wrote is no less in need of a look than what a caller sent.
        if rewritten != draft.question and rewritten.strip() and is_text(rewritten):
            draft.rewritten = rewritten.strip()[: self._max_question_chars]
        draft.rewrite_ms = since(began)

    async def _retrieve(self, draft: Draft, wishes: Wishes, *, prompted: bool = True) -> None:
        # One hop to a thread for everything that blocks: a hop costs more than counting a prompt's tokens.
        await to_thread.run_sync(self._retrieve_now, draft, wishes, prompted)

    def _retrieve_now(self, draft: Draft, wishes: Wishes, prompted: bool) -> None:
        began = time.perf_counter()
        pinned, retrieval = draft.pinned, draft.pinned.release.retrieval
        draft.retrieved = self._retriever.retrieve(
            pinned,
            draft.rewritten or draft.question,
            tenant=draft.tenant,
            limit=wishes.limit,
            where=wishes.where,
        )
        draft.retrieve_ms = since(began)
        if prompted and draft.retrieved.supports(retrieval.threshold):
            draft.prompt = Prompt(
                # What quotes sentences looks for the question as it would be asked alone.
                question=draft.rewritten or draft.question,
                hits=draft.hits,
                messages=messages(
                    draft.question,
                    draft.hits,
                    wishes.history,
                    count_tokens=pinned.encoder.count_tokens,
                    context_tokens=retrieval.context_tokens,
                    instructions=wishes.instructions,
                ),
                max_tokens=self._capped(wishes.max_tokens),
                temperature=wishes.temperature,
                stop=wishes.stop,
            )

    async def _pieces(
        self, draft: Draft, aside: Auxiliary | None, wishes: Wishes
    ) -> AsyncGenerator[str, None]:
        """Yield the answer, up to the first stop string, as it goes into the draft."""
        stops = Stops(wishes.stop)
        if draft.prompt is not None:
            began = time.perf_counter()
            try:
                async with aclosing(self._generated(draft, draft.prompt)) as generated:
                    async for piece in generated:
                        if text := stops.feed(piece):
                            yield draft.say(text)
                        if stops.met:
                            break
                if text := stops.rest():
                    yield draft.say(text)
            except UpstreamFailed as error:
                # Nobody asked for a title: a plain one is better than an error.
                if aside is None or draft.pieces:
                    raise
                logger.warning("a front end's own prompt is answered without the language model: %s", error)
                draft.ending = Ending(degraded=True)
            draft.generate_ms = since(began)
        if not stops.met and not draft.answer.strip():
            draft.abstained = aside is None
            if text := stops.feed(reply(aside) if aside else ABSTENTION) + stops.rest():
                yield draft.say(text)
        if aside is None:
            draft.abstained |= bool(draft.answer.strip()) and abstains(draft.answer)
            draft.mentions = () if draft.abstained else mentions(draft.answer, draft.hits)

    async def _generated(self, draft: Draft, prompt: Prompt) -> AsyncGenerator[str, None]:
        # The port promises an iterator only; what is there is a generator, which can be closed when the client leaves.
        stream = cast(
            "AsyncGenerator[str | Ending, None]",
            self._generator.stream(prompt, encoder=draft.pinned.encoder),
        )
        async with aclosing(stream):
            async for piece in stream:
                if isinstance(piece, Ending):
                    draft.ending = piece
                elif piece:
                    yield piece

    async def _finish(self, draft: Draft, status: InteractionStatus) -> Finished:
        if draft.abstained:
            status = InteractionStatus.ABSTAINED
        if not draft.counted:
            await to_thread.run_sync(draft.count)
        interaction = await self._write(draft, status)
        return Finished(
            interaction=interaction,
            hits=draft.hits,
            citations=citations(draft.mentions),
            mentions=draft.mentions,
            encoder=draft.pinned.encoder.digest,
            cut=draft.ending.cut,
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
            logger.exception("interaction %s could not be logged as %s", draft.id, status)


def is_text(text: str) -> bool:
    """Tell whether it is what databases and tokenizers take for text: no NUL, no lone surrogates."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _started(draft: Draft) -> Started:
    return Started(
        interaction_id=draft.id,
        release=draft.pinned.release.digest,
        epoch=draft.pinned.epoch,
        encoder=draft.pinned.encoder.digest,
        hits=draft.hits,
        rewritten=draft.rewritten,
        timings=draft.timings(),
    )
