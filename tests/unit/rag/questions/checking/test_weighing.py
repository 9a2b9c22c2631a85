"""A language model judges whether sentences follow from what they cite."""

import asyncio
from typing import cast

import pytest
from doubles.scripted_llm import ScriptedLLM

from rag.adapters.openai import Endpoint, OpenAIGenerator, TimeLimits
from rag.domain import Document, Hit, Passage
from rag.ports import Encoder
from rag.questions.checking.checking import Checked, check
from rag.questions.checking.weighing import Judge

UNUSED = cast(Encoder, None)
ANSWER = "Lunch is served from noon [1]. It is closed on Mondays [1]. Lunch costs 99 euros [1]. The moon is a balloon."


def hits() -> tuple[Hit, ...]:
    """Return one hit."""
    text = "Lunch is served from noon. It is closed on Sundays."
    document = Document.create(uri="lunch.md", text=text)
    return (Hit(passage=Passage.create(document, 0, text), rank=1, score=0.9),)


@pytest.fixture
def checked(minilm_encoder: Encoder) -> Checked:
    """What the check finds in the answer."""
    return check(ANSWER, hits(), encoder=minilm_encoder)


def weighed(checked: Checked, scripted_llm: ScriptedLLM, timeout_s: float = 10.0) -> list[str]:
    """Return why sentences are unsupported in the end."""
    limits = TimeLimits(first_token_s=5, between_s=5)
    judge = Judge(
        OpenAIGenerator(Endpoint(base_url=scripted_llm.url, model="m"), limits=limits), timeout_s=timeout_s
    )
    found = asyncio.run(judge.weigh(checked, ANSWER, hits(), encoder=UNUSED))
    assert all(each.text == ANSWER[each.start : each.end] for each in found.unsupported)
    return [each.reason for each in found.unsupported]


def test_the_judges_word_counts(checked: Checked, scripted_llm: ScriptedLLM) -> None:
    """It clears and finds; what cites nothing, and numbers, are not put to it."""
    assert [each.reason for each in checked.unsupported] == ["name", "number", "cites_nothing"]

    scripted_llm.script("1: no\n2: yes")

    assert weighed(checked, scripted_llm) == ["judge", "number", "cites_nothing"]
    prompt = scripted_llm.requests[0]["messages"][-1]["content"]
    assert "1. Lunch is served from noon. (passages 1)" in prompt
    assert "99" not in prompt


def test_a_judge_that_does_not_say_changes_nothing(checked: Checked, scripted_llm: ScriptedLLM) -> None:
    """It fails, is slow, or talks of something else."""
    before = ["name", "number", "cites_nothing"]
    reply = scripted_llm.reply
    scripted_llm.script("Sure! What a nice answer.")
    assert weighed(checked, scripted_llm) == before
    scripted_llm.script(reply(status=400, text="no"), reply(status=400, text="no"))
    assert weighed(checked, scripted_llm) == before
    scripted_llm.script(reply(text="1: no", delay_s=2))
    assert weighed(checked, scripted_llm, timeout_s=0.2) == before
