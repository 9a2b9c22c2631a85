"""What comes where the documents do not say, over a real port: what was looked at, how sure it is, which language."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from integration.conftest import CORPUS, Service

from flows.commands.asking import ask_anywhere, remarks
from rag.domain import Interaction
from rag.questions.writing.prompting import ABSTENTION

TUNGSTEN = "What is the boiling point of tungsten?"
TITLES = {title for title, _ in CORPUS.values()}


@pytest.fixture
def logged(service: Service) -> Callable[[str], Interaction]:
    """Find a question in the log."""

    def find(question: str) -> Interaction:
        found = service.serving.stores.interactions.between(newest_first=True)
        return next(each for each in found if each.question == question)

    return find


@pytest.fixture
def chunks(service: Service) -> Callable[..., Iterator[dict[str, Any]]]:
    """Ask, and read the stream's chunks."""

    def read(question: str, **more: Any) -> Iterator[dict[str, Any]]:
        for event in service.ask(question, stream=True, **more).text.split("\n\n"):
            data = event.removeprefix("data: ")
            if data and data != "[DONE]":
                yield json.loads(data)

    return read


def test_what_was_looked_at_is_named_with_links_that_open(
    service: Service, logged: Callable[[str], Interaction]
) -> None:
    """In the text and at annotations; the log keeps the plain sentence."""
    whole = service.ask(TUNGSTEN).json()

    message, own = whole["choices"][0]["message"], whole["whetstone"]
    assert own["status"] == "abstained"
    named = [each["title"] for each in own["looked_at"]]
    assert 0 < len(named) <= 3
    assert set(named) <= TITLES
    assert message["content"] == f"{ABSTENTION} Looked at: {'; '.join(named)}."
    for mark in (each["url_citation"] for each in message["annotations"]):
        assert message["content"][mark["start_index"] : mark["end_index"]] == mark["title"]
        opened = service.client.get(mark["url"], headers={"Accept": "application/json"})
        assert opened.json()["title"] == mark["title"]
    assert logged(TUNGSTEN).answer == ABSTENTION


def test_a_stream_says_the_same(service: Service, chunks: Callable[..., Iterator[dict[str, Any]]]) -> None:
    """The pieces make up the whole text, the last chunk has the rest."""
    whole = service.ask(TUNGSTEN).json()

    streamed = list(chunks(TUNGSTEN))

    pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in streamed if chunk["choices"]]
    assert "".join(pieces) == whole["choices"][0]["message"]["content"]
    last = next(chunk for chunk in streamed if "whetstone" in chunk)
    assert last["choices"][0]["delta"]["annotations"] == whole["choices"][0]["message"]["annotations"]
    assert last["whetstone"]["looked_at"] == whole["whetstone"]["looked_at"]
    assert last["whetstone"]["support"]["probability"] == whole["whetstone"]["support"]["probability"]


def test_nothing_beyond_the_filter_is_named(service: Service) -> None:
    """Whoever asks of some documents hears of no others."""
    document = {
        "uri": "secret.md",
        "title": "Site plan",
        "text": "The gate is open.",
        "metadata": {"site": "X"},
    }
    service.client.put("/v1/documents", json=document)

    for site, named in (("X", ["Site plan"]), ("Y", [])):
        extension = {"filter": {"site": site}}
        whole = service.ask(TUNGSTEN, whetstone=extension).json()
        assert [each["title"] for each in whole["whetstone"]["looked_at"]] == named
    assert whole["choices"][0]["message"]["content"] == f"{ABSTENTION} No document fits the filter."


def test_a_stop_string_leaves_the_plain_answer(service: Service) -> None:
    """Nothing is said beside an answer that was to end before some text."""
    whole = service.ask(TUNGSTEN, stop=["Looked"]).json()

    assert whole["choices"][0]["message"]["content"] == ABSTENTION
    assert whole["whetstone"]["looked_at"]


def test_the_turn_after_it_is_about_what_was_asked(service: Service) -> None:
    """Titles that were told are no part of the conversation."""
    first = service.ask(TUNGSTEN).json()
    turns = [
        {"role": "user", "content": TUNGSTEN},
        first["choices"][0]["message"] | {"annotations": None},
        {"role": "user", "content": "Who measured it there?"},
    ]

    whole = service.client.post("/v1/chat/completions", json={"messages": turns}).json()

    assert whole["whetstone"]["rewritten"] == "boiling point tungsten: Who measured it there?"


def test_support_is_told_of_every_question(service: Service, logged: Callable[[str], Interaction]) -> None:
    """Above the bar where it is answered, below where it is not, and the same in the log."""
    for question, answered in ((TUNGSTEN, False), ("When does the cafeteria serve lunch?", True)):
        support = service.ask(question).json()["whetstone"]["support"]

        assert answered == (support["probability"] >= support["threshold"])
        assert support["reason"]
        assert logged(question).support == pytest.approx(support["probability"], abs=1e-4)


@pytest.mark.parametrize(
    ("question", "unknown"), [("Missä on lähin tulostin?", True), ("Where is the Łódź printer?", False)]
)
def test_a_language_that_the_encoder_does_not_know_is_logged(
    service: Service, logged: Callable[[str], Interaction], question: str, unknown: bool
) -> None:
    """And told to whoever asks."""
    assert service.ask(question).json()["whetstone"]["language_unknown"] is unknown
    assert logged(question).language_unknown is unknown
    assert service.client.get("/metrics").text.count("whetstone_questions_language_unknown_total") > 0


def test_the_terminal_tells_the_same(service: Service) -> None:
    """`whetstone ask` through the service: the plain sentence, what was looked at, and a hint."""
    settings = service.serving.settings.model_copy(update={"port": int(service.url.rpartition(":")[2])})

    answer = ask_anywhere(settings, "Mikä on volframin kiehumispiste?")

    assert answer["answer"] == ABSTENTION
    assert answer["sources"] == []
    assert {each["title"] for each in answer["looked_at"]} <= TITLES
    assert answer["looked_at"]
    assert answer["language_unknown"] is True
    assert "does not know the language" in remarks(answer)[0]
    assert remarks(answer | {"language_unknown": False, "looked_at": []})[0].startswith("Nothing was found")
