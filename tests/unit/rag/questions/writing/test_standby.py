"""The generator that stands in, over a real language model server and the real extractive generator."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from doubles.scripted_llm import ScriptedLLM

from rag.adapters.openai import Endpoint, OpenAIGenerator, TimeLimits
from rag.breaker import Breaker, BreakerState
from rag.domain import Document, Ending, Hit, Message, Passage, Prompt
from rag.errors import UpstreamFailed, UpstreamRefused
from rag.ports import Encoder
from rag.questions.writing.extracting import ExtractiveGenerator
from rag.questions.writing.standby import StandIn

SENTENCE = "The cafeteria serves lunch from noon until two o'clock."
EXTRACT = f"“{SENTENCE}” [1]"


class Clock:
    """A clock that stands still until it is turned."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def stand_in(scripted_llm: ScriptedLLM, clock: Clock) -> StandIn:
    """A model that is left alone for ten seconds after two failures."""
    limits = TimeLimits(first_token_s=5, between_s=5)
    model = OpenAIGenerator(Endpoint(base_url=scripted_llm.url, model="m"), limits=limits)
    return StandIn(model, ExtractiveGenerator(), Breaker(failures=2, pause_s=10, clock=clock))


@pytest.fixture
def ask(stand_in: StandIn, static_encoder: Encoder) -> Any:
    """Asks one question; gives text and ending."""
    document = Document.create(uri="lunch.md", text=SENTENCE)
    hits = (Hit(passage=Passage.create(document, 0, SENTENCE), rank=1, score=0.9),)
    question = "When is lunch served?"
    prompt = Prompt(question=question, hits=hits, messages=(Message(role="user", content=question),))

    def once() -> tuple[str, Ending | None]:
        async def collect() -> list[str | Ending]:
            return [piece async for piece in stand_in.stream(prompt, encoder=static_encoder)]

        given = asyncio.run(collect())
        endings = [piece for piece in given if isinstance(piece, Ending)]
        return "".join(piece for piece in given if isinstance(piece, str)), endings[-1] if endings else None

    return once


def failing(scripted_llm: ScriptedLLM, questions: int) -> None:
    """Have the next questions fail, each with its second try."""
    scripted_llm.script(*[type(scripted_llm).reply(status=500)] * (2 * questions))


def test_while_the_model_works_it_answers(ask: Any, stand_in: StandIn) -> None:
    """Its text and its own ending come through, nothing is degraded, and the name shows both."""
    text, ending = ask()

    assert "The documents say so [1]." == text
    assert Ending(prompt_tokens=11, completion_tokens=5) == ending
    assert "openai:m, else extractive" == stand_in.name


def test_the_model_fails_openly_until_it_is_left_alone(
    ask: Any, scripted_llm: ScriptedLLM, stand_in: StandIn
) -> None:
    """Two failures are errors; then the documents' own sentences answer, say so, and the model has its peace."""
    failing(scripted_llm, 2)
    for _ in range(2):
        with pytest.raises(UpstreamFailed):
            ask()
    asked = len(scripted_llm.requests)

    for _ in range(3):
        text, ending = ask()
        assert (EXTRACT, True) == (text, ending.degraded)

    assert asked == len(scripted_llm.requests)
    assert BreakerState.OPEN == stand_in.breaker.state


def test_one_question_tries_and_success_brings_the_model_back(
    ask: Any, scripted_llm: ScriptedLLM, clock: Clock, stand_in: StandIn
) -> None:
    """The trial that fails gets the other's answer, not an error; the one that works closes the breaker."""
    failing(scripted_llm, 3)
    for _ in range(2):
        with pytest.raises(UpstreamFailed):
            ask()
    clock.now += 10
    text, ending = ask()
    assert (EXTRACT, True) == (text, ending.degraded)
    assert 6 == len(scripted_llm.requests)

    clock.now += 10
    assert "The documents say so [1]." == ask()[0]
    assert BreakerState.CLOSED == stand_in.breaker.state


def test_a_trial_that_breaks_off_in_its_answer_is_an_error(
    ask: Any, scripted_llm: ScriptedLLM, clock: Clock
) -> None:
    """Two halves of two answers would make none."""
    failing(scripted_llm, 2)
    for _ in range(2):
        with pytest.raises(UpstreamFailed):
            ask()
    clock.now += 10
    scripted_llm.script(type(scripted_llm).reply(text="one two three", break_after=1))

    with pytest.raises(UpstreamFailed):
        ask()
    assert EXTRACT == ask()[0]


def test_refused_prompts_do_not_count(ask: Any, scripted_llm: ScriptedLLM, stand_in: StandIn) -> None:
    """That the model does not take one prompt says nothing of the next."""
    ask()
    scripted_llm.script(*[type(scripted_llm).reply(status=400)] * 5)
    for _ in range(5):
        with pytest.raises(UpstreamRefused):
            ask()

    assert BreakerState.CLOSED == stand_in.breaker.state
    assert "The documents say so [1]." == ask()[0]


def test_leaving_does_not_count(
    scripted_llm: ScriptedLLM, stand_in: StandIn, static_encoder: Encoder
) -> None:
    """Clients that go away, before or after the first piece, are not the model's failure."""
    reply = type(scripted_llm).reply
    prompt = Prompt(question="?", hits=(), messages=(Message(role="user", content="?"),))

    async def leave(stream: AsyncGenerator[str | Ending, None]) -> None:
        async with asyncio.timeout(0.2):
            async for _ in stream:
                pass

    for slow in (reply(text="one two", pause_s=5), reply(text="one", delay_s=5)) * 2:
        scripted_llm.script(slow)
        with pytest.raises(TimeoutError):
            asyncio.run(leave(stand_in.stream(prompt, encoder=static_encoder)))

    assert BreakerState.CLOSED == stand_in.breaker.state
