"""A question's whole way: retrieve, prompt, generate, log. Knows nothing of HTTP."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import anyio
from anyio import to_thread

from rag.domain import (
    DEFAULT_TENANT,
    Citation,
    Hit,
    Interaction,
    InteractionStatus,
    LoggedHit,
    Message,
    Prompt,
    new_id,
    utcnow,
)
from rag.errors import InvalidInput, QuestionTooLong
from rag.ports import Generator, InteractionStore
from rag.prompting import ABSTENTION, abstains, citations, messages
from rag.retrieval import Pinned, Retrieved, Retriever

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The question was accepted and its passages found."""

    interaction_id: str
    release: str  # digest
    epoch: int
    encoder: str  # digest
    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The answer is complete, and in the log."""

    interaction: Interaction
    hits: tuple[Hit, ...]
    citations: tuple[Citation, ...]
    encoder: str  # digest
    prompt: tuple[Message, ...]  # what a chat model was, or would have been, sent


Event = Started | Delta | Finished
"""One `Started`, any number of `Delta`, one `Finished`."""


class Live(Protocol):
    """Where the live release is pinned."""

    def pin(self) -> AbstractContextManager[Pinned]:
        """Give what a question is answered with, for as long as the context lasts.

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
        interactions: InteractionStore,
        *,
        tenant: str = DEFAULT_TENANT,
        max_question_chars: int = 8_000,
        max_tokens: int | None = None,
    ) -> None:
        """Wire the parts; `tenant` is taken where a call names none, `max_tokens` caps every answer."""
        self._live = live
        self._retriever = retriever
        self._generator = generator
        self._interactions = interactions
        self._tenant = tenant
        self._max_question_chars = max_question_chars
        self._max_tokens = max_tokens

    async def ask(
        self,
        question: str,
        *,
        principal: str = "local",
        tenant: str | None = None,
        history: Sequence[Message] = (),
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: Sequence[str] = (),
    ) -> AsyncGenerator[Event, None]:
        """Answer, event by event, all of it with the release that was live at the start.

        The interaction is in the log before `Finished` is yielded; where it fails, or the caller closes
        the generator or is cancelled, it is logged as failed or cancelled. A question that is refused
        before it starts (the first three errors) is not logged.

        Raises:
            InvalidInput: the question is blank or no proper text.
            QuestionTooLong: it is longer than the service accepts.
            NotReady: no release is loaded yet.
            UpstreamFailed: the language model failed.
            Unavailable: the database or the index failed.
        """
        question = self._checked(question)
        with self._live.pin() as pinned:
            draft = _Draft(
                question=question,
                principal=principal,
                tenant=self._tenant if tenant is None else tenant,
                generator=self._generator.name,
                pinned=pinned,
            )
            try:
                await self._retrieve(draft, limit=None)
                yield Started(
                    interaction_id=draft.id,
                    release=pinned.release.digest,
                    epoch=pinned.epoch,
                    encoder=pinned.encoder.digest,
                    hits=draft.hits,
                )
                prompt = Prompt(
                    question=question,
                    hits=draft.hits,
                    messages=messages(
                        question,
                        draft.hits,
                        history,
                        count_tokens=pinned.encoder.count_tokens,
                        context_tokens=pinned.release.retrieval.context_tokens,
                    ),
                    max_tokens=self._capped(max_tokens),
                    temperature=temperature,
                    stop=tuple(stop),
                )
                if draft.retrieved.supports(pinned.release.retrieval.threshold):
                    began = time.perf_counter()
                    async with aclosing(_closable(self._generator, prompt, pinned)) as pieces:
                        async for piece in pieces:
                            draft.pieces.append(piece)
                            yield Delta(text=piece)
                    draft.generate_ms = _since(began)
                if not draft.answer.strip():
                    draft.pieces = [ABSTENTION]
                    yield Delta(text=ABSTENTION)
                abstained = abstains(draft.answer)
                draft.cited = () if abstained else citations(draft.answer, draft.hits)
                status = InteractionStatus.ABSTAINED if abstained else InteractionStatus.ANSWERED
                interaction = await self._log(draft, status)
            except BaseException as error:
                await self._log_failure(draft, error)
                raise
            yield Finished(
                interaction=interaction,
                hits=draft.hits,
                citations=draft.cited,
                encoder=pinned.encoder.digest,
                prompt=prompt.messages,
            )

    async def answer(self, question: str, *, principal: str = "local", tenant: str | None = None) -> Finished:
        """Answer in one go; errors as for `ask`."""
        async with aclosing(self.ask(question, principal=principal, tenant=tenant)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event
        raise AssertionError("a question neither finished nor failed")

    async def retrieve_only(
        self, question: str, *, principal: str = "local", tenant: str | None = None, limit: int | None = None
    ) -> Finished:
        """Find passages without an answer; logged as retrieved. Errors as for `ask`."""
        question = self._checked(question)
        with self._live.pin() as pinned:
            draft = _Draft(
                question=question,
                principal=principal,
                tenant=self._tenant if tenant is None else tenant,
                generator="",
                pinned=pinned,
            )
            try:
                await self._retrieve(draft, limit=limit)
                interaction = await self._log(draft, InteractionStatus.RETRIEVED)
            except BaseException as error:
                await self._log_failure(draft, error)
                raise
            return Finished(
                interaction=interaction,
                hits=draft.hits,
                citations=(),
                encoder=pinned.encoder.digest,
                prompt=(),
            )

    def _checked(self, question: str) -> str:
        if len(question) > self._max_question_chars:
            raise QuestionTooLong(
                f"The question has {len(question)} characters; at most {self._max_question_chars} are "
                "accepted. Shorten it, or raise WHETSTONE_MAX_QUESTION_CHARS."
            )
        question = question.strip()
        if not question:
            raise InvalidInput("The question is blank; write one.")
        # NUL and lone surrogates are valid JSON, but no database stores them as text.
        if "\0" in question or not _is_utf8(question):
            raise InvalidInput("The question holds characters that are not text; send proper Unicode.")
        return question

    def _capped(self, max_tokens: int | None) -> int | None:
        asked = [limit for limit in (max_tokens, self._max_tokens) if limit is not None]
        return min(asked, default=None)

    async def _retrieve(self, draft: "_Draft", *, limit: int | None) -> None:
        began = time.perf_counter()
        draft.retrieved = await to_thread.run_sync(
            lambda: self._retriever.retrieve(draft.pinned, draft.question, tenant=draft.tenant, limit=limit)
        )
        draft.retrieve_ms = _since(began)

    async def _log(self, draft: "_Draft", status: InteractionStatus, error: str = "") -> Interaction:
        interaction = draft.interaction(status, error)
        # Set first: a cancellation that arrives while the thread writes must not write a second row.
        draft.logged = True
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._interactions.add, interaction)
        return interaction

    async def _log_failure(self, draft: "_Draft", error: BaseException) -> None:
        if draft.logged:
            return
        cancelled = isinstance(error, GeneratorExit | asyncio.CancelledError)
        status = InteractionStatus.CANCELLED if cancelled else InteractionStatus.FAILED
        message = "" if cancelled else f"{type(error).__name__}: {error}"
        try:
            await self._log(draft, status, message)
        except Exception:
            # The caller gets the first error, which matters more than the one about the log.
            logger.exception("interaction %s could not be logged as %s", draft.id, status)


@dataclass(kw_only=True)
class _Draft:
    """An interaction while it happens."""

    question: str
    principal: str
    tenant: str
    generator: str
    pinned: Pinned
    id: str = field(default_factory=new_id)
    asked_at: datetime = field(default_factory=utcnow)
    began: float = field(default_factory=time.perf_counter)
    retrieved: Retrieved = field(default_factory=lambda: Retrieved(hits=()))
    pieces: list[str] = field(default_factory=list)
    cited: tuple[Citation, ...] = ()
    retrieve_ms: float = 0.0
    generate_ms: float = 0.0
    logged: bool = False

    @property
    def hits(self) -> tuple[Hit, ...]:
        return self.retrieved.hits

    @property
    def answer(self) -> str:
        return "".join(self.pieces)

    def interaction(self, status: InteractionStatus, error: str) -> Interaction:
        return Interaction(
            id=self.id,
            tenant=self.tenant,
            principal=self.principal,
            asked_at=self.asked_at,
            question=self.question,
            hits=tuple(
                LoggedHit(
                    passage_id=hit.passage.id,
                    document_id=hit.passage.document_id,
                    rank=hit.rank,
                    score=hit.score,
                )
                for hit in self.hits
            ),
            answer=self.answer,
            cited=tuple(citation.passage.id for citation in self.cited),
            release=self.pinned.release.digest,
            epoch=self.pinned.epoch,
            generator=self.generator,
            status=status,
            error=error,
            embed_ms=self.retrieved.embed_ms,
            search_ms=self.retrieved.search_ms,
            retrieve_ms=self.retrieve_ms,
            generate_ms=self.generate_ms,
            total_ms=_since(self.began),
        )


async def _closable(generator: Generator, prompt: Prompt, pinned: Pinned) -> AsyncGenerator[str, None]:
    # The port promises an iterator only; this one can be closed on the spot when the client leaves.
    async for piece in generator.stream(prompt, encoder=pinned.encoder):
        if isinstance(piece, str) and piece:
            yield piece


def _since(began: float) -> float:
    """Milliseconds since `began`."""
    return (time.perf_counter() - began) * 1_000


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
