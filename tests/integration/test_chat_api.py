"""Chat completions, asked by the real OpenAI client over a real port."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import openai
import pytest
from doubles.scripted_llm import ScriptedLLM
from doubles.waiting import until
from integration.conftest import Service

from rag.domain import Interaction, InteractionStatus
from rag.questions.writing.prompting import ABSTENTION
from rag.settings import Settings

LUNCH = "When does the cafeteria serve lunch?"


@pytest.fixture
def llm_service(
    home_settings: Settings,
    scripted_llm: ScriptedLLM,
    run_service: Callable[..., Any],
    corpus: Callable[..., None],
) -> Iterator[Any]:
    """A service that asks the scripted language model, with limits of a second."""
    limits = {"llm_timeout_s": 1.0, "llm_connect_timeout_s": 1.0, "llm_first_token_timeout_s": 1.0}
    changed = {"llm_base_url": scripted_llm.url, **limits}
    settings = home_settings.model_copy(update=changed)
    corpus(settings)
    with run_service(settings) as service:
        yield service


def client(service: Service) -> openai.OpenAI:
    """Return the real client."""
    return openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0, timeout=30)


def log(service: Service) -> list[Interaction]:
    """Return everything logged."""
    return list(service.serving.stores.interactions.between())


def wait_for_log(service: Service, count: int = 1) -> list[Interaction]:
    """Return the log once it has so many entries."""
    until(lambda: len(log(service)) >= count, f"{count} entries")
    return log(service)


def test_plain_answer_cites_and_says_what_served(service: Service) -> None:
    """The answer quotes the right passage and carries sources in every form clients show."""
    with client(service) as asked:
        raw = asked.chat.completions.with_raw_response.create(
            model="my-name", messages=[{"role": "user", "content": LUNCH}]
        )
    answer = raw.parse()
    extra = answer.model_extra or {}

    assert answer.model == "my-name"
    assert answer.choices[0].finish_reason == "stop"
    text = answer.choices[0].message.content or ""
    assert "from noon until two o'clock" in text
    assert "[1]" in text
    annotation = (answer.choices[0].message.annotations or [])[0].url_citation
    assert text[annotation.start_index : annotation.end_index] == "[1]"
    assert annotation.title == "Cafeteria"
    assert extra["citations"][0] == annotation.url == extra["search_results"][0]["url"]
    start, end = map(int, parse_qs(urlsplit(annotation.url).query)["s"][0].split("-"))
    source = httpx.get(annotation.url).json()["text"]
    assert "noon" in source
    assert source[start:end] == extra["whetstone"]["citations"][0]["quote"] == text.split("”")[0].lstrip("“")
    context = (answer.choices[0].message.model_extra or {})["context"]
    assert context["citations"][0]["url"] == annotation.url
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 10

    (logged,) = log(service)
    said = extra["whetstone"]
    assert said["interaction_id"] == logged.id == raw.headers["x-whetstone-interaction"]
    assert said["release"] == logged.release == raw.headers["x-whetstone-release"]
    assert said["epoch"] == logged.epoch == int(raw.headers["x-whetstone-epoch"]) == 1
    assert said["status"] == logged.status == InteractionStatus.ANSWERED
    assert [hit["passage_id"] for hit in said["hits"]] == [hit.passage_id for hit in logged.hits]
    assert logged.cited == (logged.hits[0].passage_id,)
    assert (logged.question, logged.answer, logged.principal) == (LUNCH, text, "local")


def test_stream_gives_the_same_and_is_logged_before_it_ends(service: Service) -> None:
    """Pieces make the plain answer; when the last byte is here, the log has it."""
    with client(service) as asked:
        chunks = list(
            asked.chat.completions.create(
                model="whetstone",
                messages=[{"role": "user", "content": [{"type": "text", "text": LUNCH}]}],
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        logged = log(service)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop"
    extra = last.model_extra or {}
    assert [interaction.id for interaction in logged] == [extra["whetstone"]["interaction_id"]]
    assert logged[0].answer == text
    delta = last.choices[0].delta.model_extra or {}
    assert delta["annotations"][0]["url_citation"]["url"] == extra["citations"][0]
    assert usage.choices == []
    assert usage.usage is not None


def test_stream_ends_with_done_and_has_the_headers(service: Service) -> None:
    """The wire is server-sent events up to [DONE]; release, epoch and interaction are in the headers."""
    response = service.ask(LUNCH, stream=True)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert {"x-whetstone-release", "x-whetstone-epoch", "x-whetstone-interaction"} <= set(response.headers)
    events = [event.removeprefix("data: ") for event in response.text.split("\n\n") if event]
    assert events[-1] == "[DONE]"
    assert json.loads(events[0])["choices"][0]["delta"]["role"] == "assistant"
    assert "usage" not in json.loads(events[-2])


def test_question_beyond_the_documents_is_not_answered(service: Service) -> None:
    """What the documents do not hold gets the honest sentence, no sources, and status abstained."""
    answer = service.ask("What is the boiling point of tungsten?").json()

    assert answer["choices"][0]["message"]["content"].startswith(ABSTENTION)
    assert answer["citations"] == answer["whetstone"]["citations"] == []
    assert answer["whetstone"]["status"] == "abstained"


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "user", "content": "x" * 100_000}]}, "question_too_long"),
    ({"messages": [{"role": "user", "content": "  "}]}, "invalid_input"),
    ({"messages": [{"role": "system", "content": "x"}]}, "invalid_input"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "invalid_input"),
    ({"messages": [{"role": "nobody", "content": "x"}]}, "invalid_request"),
    ({"messages": [{"role": "assistant", "content": "x"}]}, "invalid_input"),
    ({"messages": ["x"]}, "invalid_request"),
    ({"messages": "x"}, "invalid_request"),
    ({"messages": [{"role": "user", "content": "x"}], "n": 2}, "invalid_input"),
    ({"messages": [{"role": "user", "content": "x"}], "tool_choice": "required"}, "invalid_input"),
    ({"messages": [{"role": "user", "content": "x"}], "function_call": {"name": "f"}}, "invalid_input"),
    (
        {"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_object"}},
        "invalid_input",
    ),
    ({"messages": [{"role": "user", "content": "x"}], "stop": ["a"] * 5}, "invalid_request"),
    ({"messages": [{"role": "user", "content": "x"}], "max_tokens": 0}, "invalid_request"),
    ({"messages": [{"role": "user", "content": "x"}], "whetstone": {"filtre": {}}}, "invalid_request"),
    ({"messages": [{"role": "user", "content": "x"}], "model": "whetstone-embedding"}, "invalid_input"),
    ({"messages": []}, "invalid_request"),
    ({}, "invalid_request"),
    ({"messages": [{"role": "user", "content": "x"}], "temperature": 9}, "invalid_request"),
]


def test_unusable_requests_are_400_in_openai_shape(service: Service) -> None:
    """Each says what is wrong, in OpenAI's error shape, streamed or not, and nothing is logged."""
    for body, code in UNUSABLE:
        for stream in (False, True):
            response = service.client.post("/v1/chat/completions", json=body | {"stream": stream})
            error = response.json()["error"]

            assert response.status_code == 400
            assert set(error) == {"message", "type", "param", "code"}
            assert (error["type"], error["code"]) == ("invalid_request_error", code), body
    assert log(service) == []


def test_the_client_raises_its_own_error(service: Service) -> None:
    """OpenAI's client understands our errors."""
    with client(service) as asked, pytest.raises(openai.BadRequestError) as caught:
        asked.chat.completions.create(model="m", messages=[{"role": "user", "content": "x" * 100_000}])

    assert caught.value.code == "question_too_long"
    assert "100000 characters" in caught.value.message


def test_language_model_gets_passages_and_history(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """The model sees rules, earlier turns and numbered passages; its citations are resolved."""
    scripted_llm.script("From noon until two [1].")
    messages = [
        {"role": "system", "content": "Answer in verse."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": LUNCH},
    ]

    answer = llm_service.client.post(
        "/v1/chat/completions", json={"messages": messages, "max_tokens": 5}
    ).json()

    assert answer["choices"][0]["message"]["content"] == "From noon until two [1]."
    assert len(answer["choices"][0]["message"]["annotations"]) == 1
    (sent,) = scripted_llm.requests
    assert [each["role"] for each in sent["messages"]] == ["system", "user", "assistant", "user"]
    rules = sent["messages"][0]["content"]
    assert rules.startswith("You answer questions from numbered passages")
    assert "<wishes>\nAnswer in verse.\n</wishes>" in rules
    assert '<passage number="1">\nCafeteria\n' in sent["messages"][-1]["content"]
    assert sent["max_tokens"] == 5


def test_failing_language_model_is_502_and_logged(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """A failure before the first piece has its status, streamed or not, and one failed interaction each."""
    reply = scripted_llm.reply
    for stream in (False, True):
        scripted_llm.script(reply(status=404, text="no such model"))
        response = llm_service.ask(LUNCH, stream=stream)

        assert response.status_code == 502
        assert "no such model" in response.json()["error"]["message"]
    assert [each.status for each in log(llm_service)] == [InteractionStatus.FAILED] * 2
    assert "no such model" in log(llm_service)[0].error


def test_slow_language_model_is_504(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """Silence beyond the limit is a timeout that names the setting."""
    reply = scripted_llm.reply
    scripted_llm.script(reply(delay_s=3), reply(delay_s=3))

    response = llm_service.ask(LUNCH)

    assert response.status_code == 504
    assert "WHETSTONE_LLM_FIRST_TOKEN_TIMEOUT_S" in response.json()["error"]["message"]


def test_failure_in_the_middle_is_an_event_in_the_stream(
    llm_service: Service, scripted_llm: ScriptedLLM
) -> None:
    """What comes too late for a status is raised by OpenAI's client from the stream, and logged."""
    scripted_llm.script(scripted_llm.reply(text="one [1] two three", break_after=3))

    with client(llm_service) as asked, pytest.raises(openai.APIError, match="language model"):
        for _ in asked.chat.completions.create(
            model="m", messages=[{"role": "user", "content": LUNCH}], stream=True
        ):
            pass

    (logged,) = log(llm_service)
    assert (logged.status, logged.answer) == (InteractionStatus.FAILED, "one [1] two")


def test_client_that_leaves_a_stream_is_logged_as_cancelled(
    llm_service: Service, scripted_llm: ScriptedLLM
) -> None:
    """The connection is dropped in the middle: one cancelled interaction, and the release is let go."""
    scripted_llm.script(scripted_llm.reply(text=" ".join("word" for _ in range(100)), pause_s=0.1))
    body = {"messages": [{"role": "user", "content": LUNCH}], "stream": True}

    with httpx.stream("POST", f"{llm_service.url}/v1/chat/completions", json=body) as response:
        next(response.iter_bytes())

    (logged,) = wait_for_log(llm_service)
    assert logged.status == InteractionStatus.CANCELLED
    assert logged.answer.startswith("word")


def test_client_that_leaves_a_plain_request_is_logged_as_cancelled(
    llm_service: Service, scripted_llm: ScriptedLLM
) -> None:
    """A plain request that is given up ends the work at the language model too."""
    scripted_llm.script(scripted_llm.reply(text=" ".join("word" for _ in range(100)), pause_s=0.1))

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{llm_service.url}/v1/chat/completions",
            json={"messages": [{"role": "user", "content": LUNCH}]},
            timeout=1.0,
        )

    (logged,) = wait_for_log(llm_service)
    assert logged.status == InteractionStatus.CANCELLED
