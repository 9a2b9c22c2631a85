"""A follow-up is searched for with what it is about; a question that stands alone is left as it is."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast

import pytest

from rag.domain import Ending, Message, Prompt
from rag.errors import UpstreamFailed
from rag.ports import Encoder
from rag.questions.conversation.rewriting import ModelRewriter, TurnRewriter, carried_names, standalone

NO_ENCODER = cast(Encoder, None)  # no rewriter computes vectors


def turns(*texts: str) -> tuple[Message, ...]:
    """Return the turns of user and assistant by turns; the user's are marked by their not beginning with '-'."""
    return tuple(
        Message(role="assistant", content=text[1:].strip())
        if text.startswith("-")
        else Message(role="user", content=text)
        for text in texts
    )


DIALOGUES: list[tuple[list[str], str]] = [
    # Going on.
    (["When does the cafeteria serve lunch?", "And on Fridays?"], "cafeteria serve lunch: on Fridays?"),
    (["When does the cafeteria serve lunch?", "What about dinner?"], "cafeteria serve lunch: dinner?"),
    (["Can I book train tickets?", "how about flights"], "book train tickets: flights"),
    (["How much paid leave do fathers get?", "same for mothers?"], "paid leave fathers: mothers?"),
    (["What does a visa for France cost?", "And for Spain?", "And Italy?"], "visa France cost: Italy?"),
    (
        ["What does a visa for France cost?", "And for children?", "Who pays?"],
        "visa France cost children: Who pays?",
    ),
    # Hardly a word of its own.
    (["Who replaces a broken laptop?", "Why?"], "replaces broken laptop: Why?"),
    (["Who replaces a broken laptop?", "How long?"], "replaces broken laptop: How long?"),
    (["Who replaces a broken laptop?", "Who pays?"], "replaces broken laptop: Who pays?"),
    (["What is parental leave?", "Tell me more"], "parental leave: Tell me more"),
    (["What is parental leave?", "Any exceptions?"], "parental leave: Any exceptions?"),
    (["What is parental leave?", "for contractors?"], "parental leave: for contractors?"),
    (
        ["What is parental leave?", "Thanks!", "Can you give an example?"],
        "parental leave: Can you give an example?",
    ),
    # Pronouns.
    (["What is parental leave?", "How do I request it?"], "parental leave: How do I request it?"),
    (["What is parental leave?", "When must it be requested?"], "parental leave: When must it be requested?"),
    (
        ["Who replaces a broken laptop?", "How long does it take?"],
        "replaces broken laptop: How long does it take?",
    ),
    (
        ["Which vaccines do adults need?", "Are they free of charge?"],
        "vaccines adults: Are they free of charge?",
    ),
    (["Which vaccines do adults need?", "Which one hurts most?"], "vaccines adults: Which one hurts most?"),
    (
        ["Is tea served at noon?", "Does that policy apply to guests?"],
        "tea served noon: Does that policy apply to guests?",
    ),
    (["Is tea served at noon?", "Is this new?"], "tea served noon: Is this new?"),
    (["Where is the Berlin office?", "How do I get there?"], "Berlin office: How do I get there?"),
    (
        ["Who leads the travel office?", "- It is led by Maria Lopez [1].", "What is her phone number?"],
        "leads travel office Maria Lopez: What is her phone number?",
    ),
    # Another code in the place of one of its sort, and a word taken back.
    (["What is error E-1042?", "And E-1043?"], "error: E-1043?"),
    (["What is error E-1042?", "And E-1043?", "How do I fix it?"], "error E-1043: How do I fix it?"),
    (["What is error E-1042?", "How do I fix it?", "no, I meant E-1043"], "error fix: E-1043"),
    (
        ["What is error E-1042?", "How do I fix it?", "no, I meant E-1043", "how long?"],
        "error E-1043 fix: how long?",
    ),
    (
        ["What's the warranty of the XR-2000?", "how heavy is it", "sorry, the XR-50"],
        "warranty heavy: the XR-50",
    ),
    (
        ["Who approves flights?", "No, trains", "I mean who books them"],
        "approves flights trains: who books them",
    ),
    (["Is E-1042 new?", "Is it the same for E-1043?"], "E-1042 new: Is it the same for E-1043?"),
    # A code is one word, whatever stands in it.
    (["Which servers have Python 3.11.7?", "Until when?"], "servers Python 3.11.7: Until when?"),
    (["Who is it.help@example.com?", "and where"], "it.help@example.com: where"),
    # One of several.
    (
        ["How do I claim expenses?", "what about the second step?", "And the third one?"],
        "claim expenses step: the third one?",
    ),
    (["What is Zscaler?", "is there an alternative?"], "Zscaler: is there an alternative?"),
    # Greetings are no topic.
    (["Hello!", "- Hello!", "When is lunch?", "why"], "lunch: why"),
]

ALONE: list[list[str]] = [
    ["When does the cafeteria serve lunch?"],
    ["When is lunch?", "What is parental leave?"],
    ["When is lunch?", "Travel"],
    ["When is lunch?", "broken laptop"],
    ["When is lunch?", "Who do I ask if my laptop breaks and it is under warranty?"],
    ["When is lunch?", "If a laptop breaks, who replaces it?"],
    ["When is lunch?", "Is it possible to book flights without approval by a director?"],
    ["When is lunch?", "How long does it take to replace a broken laptop?"],
    ["When is lunch?", "Which form is the one that I need for parental leave?"],
    ["When is lunch?", "Are there vegetarian meals on the second counter?"],
    ["When is lunch?", "Can employees bring their dogs to the office?"],
    ["When is lunch?", "What are the opening hours this week?"],
    ["When is lunch?", "Thanks a lot!"],
    ["What does E-1042 mean?", "and E-1044?"],
    ["When is lunch?", "No dogs are allowed in which offices?"],
    ["Are dogs allowed in the Paris office?", "Berlin?", "London?"],
    ["Was bedeutet E-1042?", "Was bedeutet der Fehler E-1043?"],
    ["Hello", "When is lunch served?"],
    ["Wann gibt es Mittagessen in der Kantine?", "Wie beantragt man die Elternzeit beim Arbeitgeber?"],
    ["Wann gibt es Mittagessen in der Kantine?", "Elternzeit"],
]


@pytest.mark.parametrize(("dialogue", "expected"), DIALOGUES, ids=lambda value: str(value)[-40:])
def test_follow_ups_get_their_topic(dialogue: list[str], expected: str) -> None:
    """What the question leans on is put before it."""
    *before, question = dialogue

    assert standalone(question, turns(*before)) == expected


@pytest.mark.parametrize("dialogue", ALONE, ids=lambda value: str(value[-1])[-40:])
def test_questions_that_stand_alone_are_left_as_they_are(dialogue: list[str]) -> None:
    """A change of topic is not dragged back to the topic before."""
    *before, question = dialogue

    assert standalone(question, turns(*before)) == question


def test_short_questions_of_other_languages_are_joined() -> None:
    """Of a language without rules, a very short question is searched for with the one before it."""
    before = "Wann gibt es Mittagessen in der Kantine?"

    assert standalone("Und am Freitag?", turns(before)) == f"{before} Und am Freitag?"
    assert standalone("Warum?", turns(before)) == f"{before} Warum?"
    assert (
        standalone("なぜ？", turns("食堂の昼食は何時からですか？")) == "食堂の昼食は何時からですか？ なぜ？"
    )


def test_a_chain_in_another_language_keeps_its_beginning() -> None:
    """The last question that stands alone, and the last one that leans on it."""
    before = ("Wann öffnet die Kantine am Standort?", "Und freitags?")

    assert standalone("Und sonntags?", turns(*before)) == " ".join([*before, "Und sonntags?"])


def test_codes_of_other_languages_take_each_others_place() -> None:
    """A question with a code stands alone, and the next one is not about both."""
    before = ("Was kostet das Parken in der Garage?", "Was bedeutet E-1042?")

    assert standalone("und E-1043?", turns(*before)) == "Was bedeutet und E-1043?"


def test_languages_may_change() -> None:
    """English rules hold for an English question whatever was asked before, and for no other."""
    assert (
        standalone("and on fridays", turns("¿Dónde está la oficina?", "When is lunch?"))
        == "lunch: on fridays"
    )
    assert standalone("¿y en París?", turns("When is lunch?", "¿Dónde está la oficina de Berlín?")) == (
        "¿Dónde está la oficina de Berlín? ¿y en París?"
    )


def test_nobody_goes_on_from_english_in_another_language() -> None:
    """However short the question is."""
    assert (
        standalone("Missä on tulostin?", turns("And the boiling point of tungsten?")) == "Missä on tulostin?"
    )


@pytest.mark.parametrize(
    ("dialogue", "names"),
    [
        (["What is error E-1042?", "How do I fix it?"], ("E-1042",)),
        (["What is error E-1042?", "And E-1043?", "how long?"], ("E-1043",)),
        (["Where is the Berlin office?", "Are dogs allowed there?"], ("Berlin",)),
        (["How do I install Zscaler on macOS?", "who pays for it?"], ("Zscaler", "macOS")),
        (["When is lunch?", "and on Fridays?"], ()),
        (["Where is the Berlin office?", "What is parental leave?"], ()),
        (["WHERE IS THE BERLIN OFFICE", "why?"], ()),
    ],
)
def test_names_asked_about_earlier_are_carried_along(dialogue: list[str], names: tuple[str, ...]) -> None:
    """Codes and words with capital letters of the questions that a follow-up leans on, and of no others."""
    *before, question = dialogue
    searched = standalone(question, turns(*before))

    assert set(carried_names(searched, turns(*before))) == set(names)


def test_long_conversations_stay_small() -> None:
    """However long the turns, a topic has few words."""
    long = "What about " + " ".join(f"word{i}" for i in range(5_000)) + "?"

    assert len(standalone("Why?", turns(long))) < 300


class Says:
    """A generator made of a function."""

    name = "says"

    def __init__(self, stream: Callable[[Prompt], AsyncGenerator[str | Ending, None]]) -> None:
        self._stream = stream
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield."""
        self.prompts.append(prompt)
        return self._stream(prompt)


async def _writes(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    yield 'Question: "Is lunch served '
    yield 'on Fridays?"\nYes.'
    yield Ending()


async def _silent(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    yield Ending(degraded=True)


async def _fails(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    raise UpstreamFailed
    yield ""


async def _hangs(_: Prompt) -> AsyncGenerator[str | Ending, None]:
    await asyncio.sleep(3_600)
    yield ""


def asked(generator: Any, question: str, timeout_s: float = 10.0) -> str:
    """Return what a model's rewriter makes of a question after one about lunch."""
    rewriter = ModelRewriter(generator, timeout_s=timeout_s)
    return asyncio.run(
        rewriter.rewrite(question, turns("When is lunch served?", "- At noon."), encoder=NO_ENCODER)
    )


def test_a_model_writes_the_question() -> None:
    """Its first line is taken, without what some models put around it; it sees the turns and no passages."""
    generator = Says(_writes)

    assert asked(generator, "And on Fridays?") == "Is lunch served on Fridays?"
    (prompt,) = generator.prompts
    assert prompt.hits == ()
    assert "User: When is lunch served?\nAssistant: At noon." in prompt.messages[-1].content


def test_a_model_is_not_asked_about_what_stands_alone() -> None:
    """Nobody waits for a model where there is nothing to rewrite."""
    generator = Says(_hangs)

    assert asked(generator, "Who replaces a broken laptop?") == "Who replaces a broken laptop?"
    assert generator.prompts == []


@pytest.mark.parametrize("stream", [_silent, _fails, _hangs])
def test_rules_stand_in_for_a_model(stream: Callable[[Prompt], AsyncGenerator[str | Ending, None]]) -> None:
    """Silence, failure and slowness of the model leave the rules' form."""
    assert asked(Says(stream), "And on Fridays?", timeout_s=0.05) == "lunch served: on Fridays?"


def test_rules_need_no_model() -> None:
    """The rules alone fulfil the same port."""
    rewritten = asyncio.run(
        TurnRewriter().rewrite("Why?", turns("When is lunch served?"), encoder=NO_ENCODER)
    )

    assert rewritten == "lunch served: Why?"


@pytest.mark.parametrize(
    "text",
    [
        "no, " * 2_000,
        "a.b" * 2_600,
        "a@" * 4_000,
        "x-1" * 2_600,
        "i mean " * 1_100,
        "1:" * 4_000,
        "Ab " * 2_600,
    ],
)
def test_no_code_keeps_the_service_busy(text: str) -> None:
    """Whatever is strung together."""
    began = time.process_time()

    searched = standalone(text, turns(text, f"- {text}", "When is lunch?", text))
    carried_names(searched, turns(text, "When is lunch?"))

    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "text", ["it " * 2_600, "and " * 2_000, "x, " * 2_600 + "it", "the one " * 1_000, "A" * 8_000]
)
def test_no_question_keeps_the_service_busy(text: str) -> None:
    """Whatever is asked is rewritten, or not, in far less than a second."""
    began = time.process_time()

    standalone(text, turns(text, f"- {text}", "When is lunch?", text))

    assert time.process_time() - began < 1.0
