"""A language model's answers, read over: asked over HTTP, whatever vices they have."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from doubles.replies import Vice
from doubles.scripted_llm import ScriptedLLM

from rag.adapters.openai import Endpoint, OpenAIGenerator, TimeLimits
from rag.domain import Document, Ending, Hit, ModelOptions, Passage, Prompt
from rag.errors import UpstreamFailed
from rag.ports import Encoder
from rag.questions.writing.editing import Edited
from rag.questions.writing.marks import Given, marks
from rag.questions.writing.prompting import messages

UNUSED = cast(Encoder, None)
ANSWER = "Lunch is at noon [1]. It ends by three in the afternoon [2]."


def hit(rank: int, text: str) -> Hit:
    """Return a hit with that text."""
    document = Document.create(uri=f"doc-{rank}", text=text)
    return Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.9)


HITS = (hit(1, "Lunch is served from noon."), hit(2, "Lunch ends at two."), hit(3, "Tea is at four."))


def prompt(**more: Any) -> Prompt:
    """Return a question's prompt."""
    written = messages(
        "When is lunch?",
        HITS,
        count_tokens=lambda texts: [len(text.split()) for text in texts],
        context_tokens=1_000,
    )
    return Prompt(**{"question": "When is lunch?", "hits": HITS, "messages": written} | more)


@pytest.fixture
def edited(scripted_llm: ScriptedLLM) -> Iterator[Edited]:
    """A model that is read over."""
    limits = TimeLimits(first_token_s=5, between_s=5)
    yield Edited(OpenAIGenerator(Endpoint(base_url=scripted_llm.url, model="m"), limits=limits))


def asked(model: Edited, **more: Any) -> tuple[str, Ending, list[float]]:
    """Return an answer, its ending, and when its pieces came, in seconds."""

    async def collect() -> tuple[str, Ending, list[float]]:
        text, ending, times, began = "", Ending(), [], time.monotonic()
        async for piece in model.stream(prompt(**more), encoder=UNUSED):
            if isinstance(piece, Ending):
                ending = piece
            else:
                text += piece
                times.append(time.monotonic() - began)
        return text, ending, times

    return asyncio.run(collect())


def test_where_nothing_is_cited_the_model_is_asked_once_more(
    edited: Edited, scripted_llm: ScriptedLLM
) -> None:
    """Only the second answer is seen; its prompt says what was wrong, and tokens are those of both."""
    for patient in (True, False):
        scripted_llm.script("Lunch is at noon.", ANSWER)
        text, ending, _ = asked(edited, patient=patient)

        first, second = scripted_llm.requests[-2:]
        assert text == ANSWER
        assert ending.asked_again
        assert (ending.prompt_tokens, ending.completion_tokens) == (22, 17)
        assert second["messages"][:-2] == first["messages"]
        assert second["messages"][-2] == {"role": "assistant", "content": "Lunch is at noon."}


def test_it_is_asked_again_once_at_most(edited: Edited, scripted_llm: ScriptedLLM) -> None:
    """A second answer that cites nothing either is left out for the first; one that abstains is taken."""
    scripted_llm.script("Lunch is at noon.", "At noon there is lunch.")
    assert asked(edited)[0] == "Lunch is at noon."
    scripted_llm.script("Lunch is at noon.", "The documents do not say.")
    assert asked(edited)[0] == "The documents do not say."
    scripted_llm.script("Lunch is at noon [9].", "It is at noon [7].")
    assert asked(edited)[0] == "Lunch is at noon."
    assert len(scripted_llm.requests) == 6


def test_a_second_answer_that_fails_leaves_the_first(edited: Edited, scripted_llm: ScriptedLLM) -> None:
    """Somebody who could read an answer gets no error for it."""
    failure = scripted_llm.reply(status=400, text="no")
    scripted_llm.script("Lunch is at noon.", failure, failure, failure)
    text, ending, _ = asked(edited)
    assert (text, ending.asked_again) == ("Lunch is at noon.", True)

    scripted_llm.script(failure, failure, failure)
    with pytest.raises(UpstreamFailed):
        asked(edited)


@pytest.mark.parametrize("answer", [ANSWER, "The documents do not say.", "I'm sorry, but I can't help.", ""])
def test_an_answer_that_cites_or_abstains_is_not_asked_again(
    answer: str, edited: Edited, scripted_llm: ScriptedLLM
) -> None:
    """Once is enough."""
    scripted_llm.script(answer)
    text, ending, _ = asked(edited)
    assert (text, ending.asked_again, len(scripted_llm.requests)) == (answer, False, 1)


def test_an_answer_streams_from_its_first_citation_on(edited: Edited, scripted_llm: ScriptedLLM) -> None:
    """The first piece does not wait for the end, and what is long without a citation does not wait for ever."""
    reply = scripted_llm.reply
    scripted_llm.script(reply(text=f"Noon [1]. {'And so on and on. ' * 6}", pause_s=0.05))
    _, _, times = asked(edited)
    assert times[0] < times[-1] / 2

    scripted_llm.script(reply(text=" ".join(map(str, range(1_000))), piece=40, pause_s=0.02))
    text, ending, times = asked(edited)
    assert len(times) > 5
    assert not ending.asked_again
    assert text.endswith("999")


def test_a_patient_reader_gets_long_answers_anew_too(edited: Edited, scripted_llm: ScriptedLLM) -> None:
    """Where nobody reads along nothing needs to be shown early."""
    scripted_llm.script("And so on and on. So it goes. " * 60, ANSWER)

    assert asked(edited, patient=True)[0] == ANSWER


CITED = {
    Vice.MARKS_LISTED: "[1][2]",
    Vice.MARKS_RANGE: "[1][2][3]",
}


@pytest.mark.parametrize(
    "vice", [each for each in Vice if each.name not in ("STATEMENTS", "COPIED", "NAMES_THE_TEXT")]
)
@pytest.mark.parametrize("piece", [None, 3])
def test_vices_are_not_shown(
    vice: Vice, piece: int | None, edited: Edited, scripted_llm: ScriptedLLM
) -> None:
    """Whatever a model does to its answer: no thought, no prompt, no preamble, no mark of another form is seen."""
    # The second answer has none, so that whatever is kept of the first shows by its marks.
    scripted_llm.script(scripted_llm.reply(text=ANSWER, vice=vice, piece=piece))
    scripted_llm.default = "So it is [3]."

    text, ending, _ = asked(edited)

    for unseen in (
        "think",
        "the user wants",
        "<passage",
        "You answer questions",
        "Question:",
        "Sure!",
        "Certainly",
    ):
        assert unseen not in text
    for mark in ("(1)", "[^", "【", "assage 1", "ource 1", "[1,", "[1-", "[1–", "9]", "42]"):
        assert mark not in text
    cited = {number for _, _, numbers in marks(text, Given(HITS)) for number in numbers}
    assert cited <= {1, 2, 3}
    whole = {Vice.PREAMBLE, Vice.THOUGHTS, Vice.UNOPENED_THOUGHTS, Vice.REASONING, Vice.FENCED, Vice.DOUBLED}
    if vice in whole:
        assert text == ANSWER
    elif vice is Vice.CUT:
        assert ending.cut or ending.asked_again
    elif vice in (Vice.UNCLOSED_THOUGHTS, Vice.ONLY_REASONING, Vice.EMPTY):
        assert text.strip() == ""
        assert ending.cut or vice is Vice.EMPTY
    elif vice in (Vice.MARKS_UNKNOWN, Vice.MARKS_MISSING):
        assert text == "So it is [3]."
    elif vice.name.startswith("MARKS_"):
        assert cited == ({1, 2, 3} if vice is Vice.MARKS_RANGE else {1, 2})


def test_json_reaches_its_reader_untouched(edited: Edited, scripted_llm: ScriptedLLM) -> None:
    """What was asked for goes to the model as it came; nothing is demanded of the object, and nothing changed in it."""
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    answer = '{"when": "noon (1) [7], Sure!", "n": [1, 2]}'
    scripted_llm.script(f"Sure!\n```json\n{answer}\n```")

    text, ending, _ = asked(edited, options=ModelOptions(response_format=form, n=1))

    (sent,) = scripted_llm.requests
    assert text == answer
    assert json.loads(text)["n"] == [1, 2]
    assert not ending.asked_again
    assert (sent["response_format"], sent["n"]) == (form, 1)


def test_a_front_ends_own_prompt_loses_thoughts_alone(edited: Edited, scripted_llm: ScriptedLLM) -> None:
    """A title is no answer: it cites nothing."""
    scripted_llm.script("<think>Hm.</think>Sure! A title [9]")

    assert asked(edited, hits=())[0] == "Sure! A title [9]"
