"""Every question ends in exactly one logged interaction, whatever happens to it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.adapters.sql.stores import Stores
from rag.domain import (
    Chunking,
    Document,
    Ending,
    Interaction,
    InteractionStatus,
    Message,
    Passage,
    Prompt,
    Release,
    Retrieval,
    fits,
)
from rag.errors import InvalidInput, QuestionTooLong, Unavailable, UpstreamFailed
from rag.ports import Encoder, Found, Vectors, Where
from rag.questions.answering import Answerer
from rag.questions.events import Delta, Event, Finished, Started, Wishes
from rag.questions.finding.retrieval import Pinned, Retriever
from rag.questions.writing.prompting import ABSTENTION


class WordEncoder:
    """Counts a few words: enough to tell these texts apart."""

    digest = passages_digest = "e" * 64
    dimension = 4
    words = ("lunch", "rain", "bus")

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions."""
        rows = [[1e-3, *(float(word in text.lower()) for word in self.words)] for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        return cast(Vectors, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    encode_passages = encode_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count words."""
        return [len(text.split()) for text in texts]


class ListIndex:
    """An index in a list."""

    name = "list"

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Passage, NDArray[np.float32]]] = {}
        self.searched: list[str | None] = []  # the questions, in the order they came

    def upsert(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write."""
        for passage, vector in zip(passages, vectors, strict=True):
            self.rows[passage.id] = (passage, vector)

    def delete_documents(self, document_ids: Collection[str], *, keep: Collection[str] = ()) -> None:
        """Not needed here."""
        raise NotImplementedError

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,
        dense_weight: float | None = None,
        where: Where | None = None,
    ) -> list[Found]:
        """Search."""
        self.searched.append(text)
        found = [
            Found(passage=passage, score=float(row @ vector))
            for passage, row in self.rows.values()
            if passage.tenant == tenant and fits(passage.metadata, where)
        ]
        return sorted(found, key=lambda each: -each.score)[:limit]

    def order(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,
        dense_weight: float | None = None,
        exact: bool = False,
    ) -> list[str]:
        """Search for ids."""
        return [each.passage.id for each in self.search(vector, tenant=tenant, limit=limit, text=text)]

    def ids(self) -> frozenset[str]:
        """Return all ids."""
        return frozenset(self.rows)

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return vectors."""
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


class StoreLog:
    """A log that writes to the store at once."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def check(self) -> None:
        """There is always room."""

    async def write(self, interaction: Interaction) -> None:
        """Write."""
        await asyncio.to_thread(self._stores.interactions.add_all, [interaction])


Stream = Callable[[Prompt], AsyncGenerator[str | Ending, None]]


class Says:
    """A generator made of a function that may raise or wait; it keeps what it was asked."""

    name = "says"

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield."""
        self.prompts.append(prompt)
        return self._stream(prompt)


async def _two_pieces(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    yield "At noon "
    yield "[1], they say [9]."


async def _failing(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    yield "At "
    raise UpstreamFailed("The language model fell over.")


async def _raising(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    raise UpstreamFailed("The language model fell over.")
    yield ""


async def _silent(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    for nothing in ("", ""):
        yield nothing


async def _endless(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    yield "At "
    await asyncio.sleep(3_600)


class Bench:
    """An answerer over a small corpus."""

    def __init__(self, stores: Stores, stream: Stream = _two_pieces) -> None:
        encoder, index = WordEncoder(), ListIndex()
        chunking = Chunking()
        for uri, text in {"a": "Lunch is at noon.", "b": "Rain falls.", "c": "The bus is late."}.items():
            document = Document.create(uri=uri, text=text, metadata={"letter": uri})
            passage = Passage.create(document, 0, text)
            stores.documents.put(document, [passage], chunking.digest)
            index.upsert([passage], encoder.encode_passages([text]))
        release = Release.create(
            encoder=encoder.digest, dimension=4, chunking=chunking, retrieval=Retrieval(top_k=2)
        )
        self.stores = stores
        self.index = index
        self.generator = Says(stream)
        self.live = FixedLive(Pinned(epoch=3, release=release, encoder=encoder, index=index))
        self.answerer = Answerer(
            self.live,
            Retriever(stores.documents),
            self.generator,
            StoreLog(stores),
            max_question_chars=100,
        )

    def ask(self, question: str, **more: Any) -> list[Event]:
        """Return all events."""

        async def collect() -> list[Event]:
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


def test_support_is_told_and_logged(stores: Stores) -> None:
    """With the bar of the release, for answers and abstentions; passages alone are not judged."""
    bench = Bench(stores)

    for question, supported in (("When is lunch?", True), ("Who wrote it?", False)):
        finished = bench.ask(question)[-1]
        assert isinstance(finished, Finished)
        assert finished.judged is not None
        probability, threshold = finished.judged.support.probability, finished.judged.threshold
        assert threshold == Retrieval().threshold
        assert finished.interaction.support == probability
        assert supported == (probability >= threshold)
    passages = asyncio.run(bench.answerer.retrieve_only("When is lunch?"))
    assert passages.judged is None
    assert passages.interaction.support is None


def test_thanks_are_answered_in_kind(stores: Stores) -> None:
    """No passage is looked for, and nobody takes them for a question later; a model writes what it likes."""
    bench = Bench(stores, _silent)

    *_, delta, finished = bench.ask("thanks!")

    assert delta == Delta(text="You are welcome.")
    assert isinstance(finished, Finished)
    assert finished.hits == ()
    assert (finished.interaction.auxiliary, finished.interaction.status) == (True, InteractionStatus.ANSWERED)
    assert bench.index.searched == []


def test_names_of_earlier_questions_count_for_a_follow_up(stores: Stores) -> None:
    """A word is rare where the conversation had it as a name, and a passage that has it as typed is support."""
    bench = Bench(stores)
    document = Document.create(uri="d", text="Zscaler support is not for lunch, rain or bus.")
    passage = Passage.create(document, 0, document.text)
    stores.documents.put(document, [passage], Chunking().digest)
    bench.index.upsert([passage], WordEncoder().encode_passages([document.text]))

    for earlier, status in (
        ("Who supports Zscaler?", InteractionStatus.ANSWERED),
        ("Who supports zscaler?", InteractionStatus.ABSTAINED),
    ):
        history = (Message(role="user", content=earlier),)
        finished = bench.ask("why?", wishes=Wishes(history=history, limit=4))[-1]
        assert isinstance(finished, Finished)
        assert finished.interaction.status == status


def test_silent_generator_is_an_abstention(stores: Stores) -> None:
    """A generator that yields nothing means that the documents do not say."""
    bench = Bench(stores, _silent)

    assert bench.ask("When is lunch?")[1:-1] == [Delta(text=ABSTENTION)]
    assert [each.status for each in bench.log] == [InteractionStatus.ABSTAINED]


def test_marks_alone_are_an_abstention(stores: Stores) -> None:
    """Citations without a word answer nothing; they are not shown before the sentence that says so."""

    async def marks(_: Prompt) -> AsyncGenerator[str | Ending, None]:
        for piece in ("[", "1]", " [1, 2]"):
            yield piece

    bench = Bench(stores, marks)

    assert bench.ask("When is lunch?")[1:-1] == [Delta(text=ABSTENTION)]
    assert [each.status for each in bench.log] == [InteractionStatus.ABSTAINED]


def test_marks_before_the_first_word_wait_for_it(stores: Stores) -> None:
    """Nothing of an answer is lost that begins with a citation."""

    async def marked(_: Prompt) -> AsyncGenerator[str | Ending, None]:
        for piece in ("[", "1]", " says", " noon."):
            yield piece

    deltas = Bench(stores, marked).ask("When is lunch?")[1:-1]

    assert deltas == [Delta(text="[1] says"), Delta(text=" noon.")]


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
    silent = asyncio.Event()

    async def stream(_: Prompt) -> AsyncGenerator[str | Ending, None]:
        yield "At "
        silent.set()
        await asyncio.sleep(3_600)

    bench = Bench(stores, stream)

    async def cancel() -> None:
        task = asyncio.create_task(bench.answerer.answer("When is lunch?"))
        await asyncio.wait_for(silent.wait(), 20)
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

    def check(self) -> None:
        """Promise what it cannot keep."""

    async def write(self, interaction: Interaction) -> None:
        """Fail."""
        raise OSError("disk gone")


def test_answer_that_cannot_be_logged_fails(stores: Stores) -> None:
    """No Finished without a log entry: training and monitoring must not miss what was answered."""
    bench = Bench(stores)
    bench.answerer = Answerer(
        bench.live,
        Retriever(stores.documents),
        Says(_two_pieces),
        BrokenLog(),
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


class FullLog(BrokenLog):
    """A log without room."""

    def check(self) -> None:
        """Say so."""
        raise Unavailable("full")


def test_question_that_could_not_be_logged_is_refused(stores: Stores) -> None:
    """Without room in the log nothing is searched and nobody is asked."""
    bench = Bench(stores)
    bench.answerer = Answerer(bench.live, Retriever(stores.documents), bench.generator, FullLog())

    with pytest.raises(Unavailable, match="full"):
        bench.ask("When is lunch?")

    assert bench.index.searched == []
    assert bench.generator.prompts == []


HISTORY = (Message(role="user", content="When is lunch?"), Message(role="assistant", content="At noon [1]."))


def test_follow_up_is_searched_for_with_its_topic(stores: Stores) -> None:
    """The search gets the rewritten question, the model the conversation, the log both."""
    bench = Bench(stores)

    started, *_, finished = bench.ask("And why?", wishes=Wishes(history=HISTORY))

    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    assert bench.index.searched == ["lunch: why?"]
    (prompt,) = bench.generator.prompts
    assert [each.content for each in prompt.messages[1:3]] == ["When is lunch?", "At noon [1]."]
    assert prompt.messages[-1].content.endswith("Question: And why?")
    assert prompt.question == "lunch: why?"
    (logged,) = bench.log
    assert (logged.question, logged.rewritten) == ("And why?", "lunch: why?")
    assert started.rewritten == finished.interaction.rewritten == "lunch: why?"
    assert "rewrite" in finished.timings


def test_question_that_stands_alone_has_no_rewritten_form(stores: Stores) -> None:
    """What is searched for as it was asked is logged once."""
    bench = Bench(stores)

    bench.ask("When does the bus arrive?", wishes=Wishes(history=HISTORY))

    assert bench.index.searched == ["When does the bus arrive?"]
    assert [each.rewritten for each in bench.log] == [""]


def test_filter_and_limit_confine_the_hits(stores: Stores) -> None:
    """Metadata and number of passages are as asked for."""
    bench = Bench(stores)

    started, *_ = bench.ask("Lunch, rain or bus?", wishes=Wishes(where={"letter": ["b", "c"]}, limit=1))
    nothing, *_ = bench.ask("Lunch, rain or bus?", wishes=Wishes(where={"letter": ["z"]}))

    assert isinstance(started, Started)
    assert isinstance(nothing, Started)
    assert [hit.passage.metadata["letter"] for hit in started.hits] in (["b"], ["c"])
    assert nothing.hits == ()


def test_stop_ends_the_answer_and_the_generator(stores: Stores) -> None:
    """A stop string over two pieces is never said, and the generator is closed where it stands."""
    ended: list[str] = []

    async def stream(_: Prompt) -> AsyncGenerator[str | Ending, None]:
        try:
            yield "At noon [1]. EN"
            yield "D more"
            ended.append("went on")
        finally:
            ended.append("closed")

    bench = Bench(stores, stream)

    _, *deltas, finished = bench.ask("When is lunch?", wishes=Wishes(stop=("END",)))

    assert deltas == [Delta(text="At noon [1]. ")]
    assert isinstance(finished, Finished)
    assert finished.interaction.answer == "At noon [1]. "
    assert (finished.cut, len(finished.citations)) == (False, 1)
    assert ended == ["closed"]


def test_stop_holds_for_an_abstention_too(stores: Stores) -> None:
    """Whoever speaks, a stop string is not said."""
    *_, finished = Bench(stores).ask("Who wrote it?", wishes=Wishes(stop=("do not",)))

    assert isinstance(finished, Finished)
    assert finished.interaction.answer == "The documents "
    assert finished.interaction.status == InteractionStatus.ABSTAINED


def test_model_tells_how_it_ended(stores: Stores) -> None:
    """Its counts, the cut and a stand-in's answer are logged; what it does not tell is counted here."""

    async def told(_: Prompt) -> AsyncGenerator[str | Ending, None]:
        yield "At noon [1]"
        yield Ending(cut=True, prompt_tokens=321, completion_tokens=45, degraded=True)

    bench = Bench(stores, told)
    *_, finished = bench.ask("When is lunch?")
    (logged,) = bench.log
    assert isinstance(finished, Finished)
    assert finished.cut is True
    assert (logged.prompt_tokens, logged.completion_tokens, logged.degraded) == (321, 45, True)
    assert 0 < logged.first_token_ms <= logged.total_ms

    bench.generator._stream = _two_pieces
    *_, finished = bench.ask("When is lunch?")
    assert isinstance(finished, Finished)
    prompt = bench.generator.prompts[-1]
    assert finished.interaction.prompt_tokens == sum(len(each.content.split()) for each in prompt.messages)
    assert finished.interaction.completion_tokens == len(["At", "noon", "[1],", "they", "say", "[9]."])


def test_mentions_know_their_sentence(stores: Stores) -> None:
    """A citation carries the sentence that the statement rests on."""

    async def stream(_: Prompt) -> AsyncGenerator[str | Ending, None]:
        yield "Lunch is at noon [1]."

    *_, finished = Bench(stores, stream).ask("When is lunch?")

    assert isinstance(finished, Finished)
    assert [(each.number, each.quote) for each in finished.citations] == [(1, "Lunch is at noon.")]
    assert [each.span for each in finished.mentions] == [(0, 17)]


TITLE = "### Task:\nGenerate a title for the chat.\n<chat_history>\nUSER: When is lunch?\n</chat_history>"


def test_front_ends_own_prompt_is_nobodys_question(stores: Stores) -> None:
    """It goes to the model as it came, finds and cites nothing, and is marked in the log."""
    bench = Bench(stores)

    started, *_, finished = bench.ask(TITLE, wishes=Wishes(instructions=["Be brief."], max_tokens=9_000))

    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    assert (started.hits, bench.index.searched, finished.citations) == ((), [], ())
    (prompt,) = bench.generator.prompts
    assert [(each.role, each.content) for each in prompt.messages] == [
        ("system", "Be brief."),
        ("user", TITLE),
    ]
    assert (prompt.hits, prompt.max_tokens) == ((), 400)
    (logged,) = bench.log
    assert (logged.auxiliary, logged.status, logged.cited) == (True, InteractionStatus.ANSWERED, ())
    assert logged.answer == "At noon [1], they say [9]."


@pytest.mark.parametrize(("stream", "degraded"), [(_silent, False), (_raising, True)])
def test_front_ends_own_prompt_is_answered_without_a_model(
    stores: Stores, stream: Stream, degraded: bool
) -> None:
    """Where no model writes, or it fails at once, something plain is said in the format asked for."""
    bench = Bench(stores, stream)

    assert bench.ask(TITLE)[1] == Delta(text="Lunch")
    assert [(each.auxiliary, each.degraded) for each in bench.log] == [(True, degraded)]


def test_front_ends_own_prompt_may_quote_a_conversation(stores: Stores) -> None:
    """It may be longer than a question, within limits, and is logged cut."""
    bench = Bench(stores)

    bench.ask(TITLE.replace("lunch", "lunch" * 20))
    with pytest.raises(QuestionTooLong, match="at most 800"):
        bench.ask(TITLE.replace("lunch", "lunch" * 200))

    assert [len(each.question) for each in bench.log] == [100]
