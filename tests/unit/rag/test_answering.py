"""Every question ends in exactly one logged interaction, whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.adapters.sql.stores import Stores
from rag.answering import Answerer, Delta, Finished, Started
from rag.domain import (
    Chunking,
    Document,
    Interaction,
    InteractionStatus,
    Passage,
    Prompt,
    Release,
    Retrieval,
)
from rag.errors import InvalidInput, QuestionTooLong, UpstreamFailed
from rag.ports import Encoder, InteractionStore, Vectors
from rag.prompting import ABSTENTION
from rag.retrieval import Pinned, Retriever


class WordEncoder:
    """Counts a few words: enough to tell these texts apart."""

    digest = "e" * 64
    dimension = 4
    words = ("lunch", "rain", "bus")

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions."""
        rows = [[1e-3, *(float(word in text.lower()) for word in self.words)] for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        return cast(Vectors, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    encode_passages = encode_queries


class ListIndex:
    """An index in a list."""

    name = "list"

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, NDArray[np.float32]]] = {}

    def upsert(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write."""
        for passage, vector in zip(passages, vectors, strict=True):
            self.rows[passage.id] = (passage.tenant, vector)

    def delete_documents(self, document_ids: Collection[str], *, keep: Collection[str] = ()) -> None:
        """Not needed here."""
        raise NotImplementedError

    def search(self, vector: NDArray[np.float32], *, tenant: str, limit: int) -> list[tuple[str, float]]:
        """Search."""
        scored = [(key, float(row @ vector)) for key, (owner, row) in self.rows.items() if owner == tenant]
        return sorted(scored, key=lambda pair: -pair[1])[:limit]

    def ids(self) -> frozenset[str]:
        """Give all ids."""
        return frozenset(self.rows)

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Give vectors."""
        return {key: self.rows[key][1] for key in passage_ids if key in self.rows}

    def count(self) -> int:
        """Count."""
        return len(self.rows)

    def close(self) -> None:
        """Nothing to let go of."""


class FixedLive:
    """A live release that never changes, and counts its pins."""

    def __init__(self, pinned: Pinned) -> None:
        self.pinned = pinned
        self.pins = 0

    @contextmanager
    def pin(self) -> Iterator[Pinned]:
        """Pin."""
        self.pins += 1
        try:
            yield self.pinned
        finally:
            self.pins -= 1


class Says:
    """A generator made of a function that may raise or wait."""

    name = "says"

    def __init__(self, stream: Callable[[Prompt], AsyncIterator[str]]) -> None:
        self._stream = stream

    def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncIterator[str]:
        """Yield."""
        return self._stream(prompt)


async def _two_pieces(_: Prompt) -> AsyncIterator[str]:
    yield "At noon "
    yield "[1], they say [9]."


async def _failing(_: Prompt) -> AsyncIterator[str]:
    yield "At "
    raise UpstreamFailed("The language model fell over.")


async def _silent(_: Prompt) -> AsyncIterator[str]:
    for nothing in ("", ""):
        yield nothing


async def _endless(_: Prompt) -> AsyncIterator[str]:
    yield "At "
    await asyncio.sleep(3_600)


class Bench:
    """An answerer over a small corpus."""

    def __init__(self, stores: Stores, stream: Callable[[Prompt], AsyncIterator[str]] = _two_pieces) -> None:
        encoder, index = WordEncoder(), ListIndex()
        chunking = Chunking()
        for uri, text in {"a": "Lunch is at noon.", "b": "Rain falls.", "c": "The bus is late."}.items():
            document = Document.create(uri=uri, text=text)
            passage = Passage.create(document, 0, text)
            stores.documents.put(document, [passage], chunking.digest)
            index.upsert([passage], encoder.encode_passages([text]))
        release = Release.create(
            encoder=encoder.digest, dimension=4, chunking=chunking, retrieval=Retrieval(top_k=2)
        )
        self.stores = stores
        self.live = FixedLive(Pinned(epoch=3, release=release, encoder=encoder, index=index))
        self.answerer = Answerer(
            self.live,
            Retriever(stores.documents),
            Says(stream),
            stores.interactions,
            max_question_chars=100,
        )

    def ask(self, question: str, **more: Any) -> list[Started | Delta | Finished]:
        """Give all events."""

        async def collect() -> list[Started | Delta | Finished]:
            async with aclosing(self.answerer.ask(question, **more)) as events:
                return [event async for event in events]

        return asyncio.run(collect())

    @property
    def log(self) -> list[Interaction]:
        """Everything logged."""
        return self.stores.interactions.between()


def test_events_come_in_order_and_the_log_agrees(stores: Stores) -> None:
    """Started with the hits, the pieces, then Finished with what the log holds."""
    bench = Bench(stores)

    started, *deltas, finished = bench.ask("When is lunch?", principal="ann")

    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    assert [hit.rank for hit in started.hits] == [1, 2]
    assert started.hits[0].passage.text == "Lunch is at noon."
    assert deltas == [Delta(text="At noon "), Delta(text="[1], they say [9].")]
    (logged,) = bench.log
    assert logged == finished.interaction
    assert logged.status == InteractionStatus.ANSWERED
    assert logged.answer == "At noon [1], they say [9]."
    assert logged.cited == (started.hits[0].passage.id,)
    assert (logged.principal, logged.epoch, logged.generator) == ("ann", 3, "says")
    assert logged.total_ms >= logged.retrieve_ms > 0
    assert bench.live.pins == 0


def test_far_question_is_not_answered(stores: Stores) -> None:
    """Below the release's threshold the generator is not even asked."""
    bench = Bench(stores, _failing)

    *_, delta, finished = bench.ask("Who wrote it?")

    assert delta == Delta(text=ABSTENTION)
    assert isinstance(finished, Finished)
    assert finished.interaction.status == InteractionStatus.ABSTAINED
    assert finished.citations == ()


def test_silent_generator_is_an_abstention(stores: Stores) -> None:
    """A generator that yields nothing means that the documents do not say."""
    bench = Bench(stores, _silent)

    assert bench.ask("When is lunch?")[1:-1] == [Delta(text=ABSTENTION)]
    assert [each.status for each in bench.log] == [InteractionStatus.ABSTAINED]


def test_failure_is_logged_and_raised(stores: Stores) -> None:
    """The caller gets the error, the log its class, message and the part that was said."""
    bench = Bench(stores, _failing)

    with pytest.raises(UpstreamFailed, match="fell over"):
        bench.ask("When is lunch?")

    (logged,) = bench.log
    assert (logged.status, logged.answer) == (InteractionStatus.FAILED, "At ")
    assert logged.error == "UpstreamFailed: The language model fell over."
    assert bench.live.pins == 0


def test_closing_early_is_logged_as_cancelled(stores: Stores) -> None:
    """A caller that closes the generator leaves one cancelled interaction and no pin."""
    bench = Bench(stores)

    async def leave() -> None:
        async with aclosing(bench.answerer.ask("When is lunch?")) as events:
            async for event in events:
                if isinstance(event, Delta):
                    break

    asyncio.run(leave())

    assert [(each.status, each.answer) for each in bench.log] == [(InteractionStatus.CANCELLED, "At noon ")]
    assert bench.live.pins == 0


def test_cancelled_task_is_logged_as_cancelled(stores: Stores) -> None:
    """Cancelling the task while the model is silent is logged before the task ends."""
    bench = Bench(stores, _endless)

    async def cancel() -> None:
        task = asyncio.create_task(bench.answerer.answer("When is lunch?"))
        while not bench.live.pins:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert [(each.status, each.answer) for each in bench.log] == [(InteractionStatus.CANCELLED, "At ")]
    assert bench.live.pins == 0


def test_unusable_questions_are_refused_and_not_logged(stores: Stores) -> None:
    """Blank, too long, and what is no text never reach the release."""
    bench = Bench(stores)

    with pytest.raises(QuestionTooLong, match="101 characters; at most 100"):
        bench.ask("x" * 101)
    for question in ("", " \n\t", "a\0b", "a\ud800b"):
        with pytest.raises(InvalidInput):
            bench.ask(question)

    assert bench.log == []


def test_retrieval_alone_is_logged_as_such(stores: Stores) -> None:
    """Passages only: no answer, no generator, status retrieved."""
    bench = Bench(stores)

    found = asyncio.run(bench.answerer.retrieve_only("Is the bus late?", limit=1))

    assert [hit.passage.text for hit in found.hits] == ["The bus is late."]
    (logged,) = bench.log
    assert (logged.status, logged.generator, logged.answer) == (InteractionStatus.RETRIEVED, "", "")


class BrokenLog:
    """A log whose database is gone."""

    def add(self, interaction: Interaction) -> None:
        """Fail."""
        raise OSError("disk gone")


def test_answer_that_cannot_be_logged_fails(stores: Stores) -> None:
    """No Finished without a log entry: training and monitoring must not miss what was answered."""
    bench = Bench(stores)
    bench.answerer = Answerer(
        bench.live,
        Retriever(stores.documents),
        Says(_two_pieces),
        cast(InteractionStore, BrokenLog()),
    )

    with pytest.raises(OSError, match="disk gone"):
        bench.ask("When is lunch?")


def test_deleted_passage_is_never_a_hit(stores: Stores) -> None:
    """What SQL no longer holds is dropped though the index still has it, and the next one moves up."""
    bench = Bench(stores)
    stores.documents.delete(Document.id_for("default", "a"), tenant="default")

    found = asyncio.run(bench.answerer.retrieve_only("Lunch, rain and bus?"))

    assert [(hit.rank, hit.passage.uri) for hit in found.hits] in (
        [(1, "b"), (2, "c")],
        [(1, "c"), (2, "b")],
    )


def test_other_tenants_passages_are_not_found(stores: Stores) -> None:
    """A question of another tenant finds nothing and is not answered."""
    bench = Bench(stores)

    started, *_ = bench.ask("When is lunch?", tenant="other")

    assert isinstance(started, Started)
    assert started.hits == ()
