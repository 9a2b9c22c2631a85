"""What OpenAI's own client can ask for is done, or refused with a reason; asked over a real port."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
from doubles.scripted_llm import ScriptedLLM
from doubles.waiting import until
from integration.conftest import Service
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from rag.domain import Document, Interaction, InteractionStatus
from rag.settings import Settings

LUNCH = "When does the cafeteria serve lunch?"


@pytest.fixture
def llm_service(
    home_settings: Settings,
    scripted_llm: ScriptedLLM,
    run_service: Callable[..., Any],
    corpus: Callable[..., None],
) -> Iterator[Any]:
    """A service that asks the scripted language model."""
    changed = {"llm_base_url": scripted_llm.url, "home": home_settings.home.with_name("asking")}
    settings = home_settings.model_copy(update=changed)
    corpus(settings)
    with run_service(settings) as service:
        yield service


def client(service: Service) -> openai.OpenAI:
    """Return the real client."""
    return openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0, timeout=30)


def ask(service: Service, question: str, **more: Any) -> Any:
    """Ask once, plainly."""
    with client(service) as asked:
        return asked.chat.completions.create(
            model="whetstone", messages=[{"role": "user", "content": question}], **more
        )


def stream(service: Service, question: str, **more: Any) -> list[ChatCompletionChunk]:
    """Ask once and give all chunks."""
    with client(service) as asked:
        return list(
            asked.chat.completions.create(
                model="whetstone", messages=[{"role": "user", "content": question}], stream=True, **more
            )
        )


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    """Return what a stream said."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def log(service: Service) -> list[Interaction]:
    """Return everything logged."""
    return list(service.serving.stores.interactions.between())


def test_both_clients_give_the_same(service: Service) -> None:
    """Synchronous, asynchronous, streamed and through the stream helper: one answer."""

    async def asked() -> tuple[str, str]:
        async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as asking:
            whole = await asking.chat.completions.create(
                model="whetstone", messages=[{"role": "user", "content": LUNCH}]
            )
            async with asking.chat.completions.stream(
                model="whetstone", messages=[{"role": "user", "content": LUNCH}]
            ) as events:
                async for _ in events:
                    pass
                final = await events.get_final_completion()
        return whole.choices[0].message.content or "", final.choices[0].message.content or ""

    plain = ask(service, LUNCH).choices[0].message.content

    assert "noon" in plain
    assert (plain, plain) == asyncio.run(asked())
    assert plain == text_of(stream(service, LUNCH))
    with client(service) as parsing:
        parsed = parsing.chat.completions.parse(
            model="whetstone", messages=[{"role": "user", "content": LUNCH}]
        )
    assert parsed.choices[0].message.content == plain


def test_usage_comes_last_where_it_is_asked_for(service: Service) -> None:
    """The last chunk has the usage and no choices, the others say null; without the wish there is none."""
    *chunks, last = stream(service, LUNCH, stream_options={"include_usage": True})

    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens > 20
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in chunks)
    assert len({chunk.id for chunk in [*chunks, last]}) == 1
    assert all("usage" not in chunk.model_fields_set for chunk in stream(service, LUNCH))


def test_limit_on_tokens_cuts_the_extractive_answer(service: Service) -> None:
    """finish_reason says "length", the answer is the beginning of the whole one, and usage agrees."""
    whole = ask(service, LUNCH).choices[0].message.content
    for name in ("max_tokens", "max_completion_tokens"):
        cut = ask(service, LUNCH, **{name: 4})

        assert cut.choices[0].finish_reason == "length"
        assert whole.startswith(cut.choices[0].message.content)
        assert 0 < cut.usage.completion_tokens <= 4
    assert stream(service, LUNCH, max_tokens=4)[-1].choices[0].finish_reason == "length"


def test_stop_is_never_said(service: Service, llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """Whoever answers, and whether or not the model heeds it, the answer ends before the stop string."""
    scripted_llm.default = "From noon [1]. STOP and so on"

    for asked, stop, end in ((service, "noon", "from "), (llm_service, ["OP a", "x"], "From noon [1]. ST")):
        answer = ask(asked, LUNCH, stop=stop)
        assert answer.choices[0].message.content.endswith(end)
        assert answer.choices[0].finish_reason == "stop"
        assert text_of(stream(asked, LUNCH, stop=stop)).endswith(end)


def test_the_models_own_counts_and_end_are_told(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """Usage and finish_reason are the language model's, and so is what it was asked with."""
    reply = scripted_llm.reply
    scripted_llm.script(reply(text="From noon [1]", finish="length"))

    answer = ask(llm_service, LUNCH, max_tokens=7, temperature=0.5, seed=1, user="ann", logprobs=True)

    (sent,) = scripted_llm.requests
    assert answer.choices[0].finish_reason == "length"
    assert (sent["max_tokens"], sent["temperature"]) == (7, 0.5)
    (logged,) = log(llm_service)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (
        logged.prompt_tokens,
        logged.completion_tokens,
    )
    assert logged.prompt_tokens > 0


def test_fields_that_change_nothing_are_taken(service: Service) -> None:
    """Tools that need not be called, metadata and unknown fields make no difference."""
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]

    answer = ask(
        service,
        LUNCH,
        tools=tools,
        tool_choice="auto",
        n=1,
        response_format={"type": "text"},
        metadata={"a": "b"},
        extra_body={"no_such_field": [1]},
    )

    assert "noon" in answer.choices[0].message.content


def test_conversations_of_all_kinds_are_read(service: Service) -> None:
    """Turns of tools are passed over, content may come in parts, and the last user message is the question."""
    messages: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look it up."}, {"type": "image_url"}]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "42", "tool_call_id": "x"},
        {"role": "user", "content": [{"type": "text", "text": LUNCH}]},
        {"role": "assistant", "content": "Well,"},
    ]

    answer = service.client.post("/v1/chat/completions", json={"messages": messages}).json()

    assert "noon" in answer["choices"][0]["message"]["content"]
    assert [each.question for each in log(service)] == [LUNCH]


def test_sources_block_on_request(service: Service) -> None:
    """A markdown list after the answer, streamed too; not in the log, and not where nothing is cited."""
    extra = {"whetstone": {"sources": True}}

    whole = ask(service, LUNCH, extra_body=extra)
    streamed = text_of(stream(service, LUNCH, extra_body=extra))
    nothing = ask(service, "What is the boiling point of tungsten?", extra_body=extra)

    body, _, block = whole.choices[0].message.content.partition("\n\n**Sources**\n\n")
    url = whole.model_extra["citations"][0]
    assert block == f"1. [Cafeteria]({url})"
    assert streamed.endswith(block)
    assert [each.answer for each in log(service)[:2]] == [body, body]
    assert "Sources" not in nothing.choices[0].message.content


def test_filter_confines_answers_and_passages(service: Service) -> None:
    """Metadata given in the extension decides what may be found; a value that nothing has finds nothing."""
    for floor in ("1", "2"):
        text = f"The printer on floor {floor} takes A{floor} paper."
        document = Document.create(
            uri=f"printer-{floor}", title="Printer", text=text, metadata={"floor": floor}
        )
        service.serving.library.put(document)
    query: dict[str, Any] = {"query": "Which paper does the printer take?", "limit": 10}

    def printers() -> int:
        hits = service.client.post("/v1/retrieve", json=query).json()["hits"]
        return sum("printer" in hit["uri"] for hit in hits)

    until(lambda: printers() == 2)

    def found(**filtered: Any) -> list[str]:
        hits = service.client.post("/v1/retrieve", json=query | {"filter": filtered}).json()["hits"]
        return sorted(hit["uri"] for hit in hits)

    answer = ask(service, query["query"], extra_body={"whetstone": {"filter": {"floor": "2"}, "limit": 1}})

    assert found(floor="2") == ["printer-2"]
    assert found(floor=["1", "2"]) == ["printer-1", "printer-2"]
    assert found(floor="3") == []
    assert "A2 paper" in answer.choices[0].message.content
    assert len(answer.model_extra["search_results"]) == 1


def test_follow_up_finds_what_it_is_about(service: Service) -> None:
    """The second turn is searched for with the first one's topic, and both forms are told and logged."""
    with client(service) as asked:
        answer = asked.chat.completions.create(
            model="whetstone",
            messages=[
                {"role": "user", "content": "Who replaces a broken laptop?"},
                {"role": "assistant", "content": "The help desk [1]."},
                {"role": "user", "content": "And how long does it take?"},
            ],
        )

    said = (answer.model_extra or {})["whetstone"]
    assert "one working day" in (answer.choices[0].message.content or "")
    assert said["rewritten"] == "replaces broken laptop: how long does it take?"
    (logged,) = log(service)
    assert (logged.question, logged.rewritten) == ("And how long does it take?", said["rewritten"])


def test_model_rewrites_follow_ups(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """With a language model the search gets its question, and the answer the conversation."""
    scripted_llm.script("How long does replacing a laptop take?", "One working day [1].")

    answer = llm_service.client.post(
        "/v1/chat/completions",
        json={
            "messages": [
                {"role": "user", "content": "Who replaces a broken laptop?"},
                {"role": "user", "content": "How long does it take?"},
            ]
        },
    ).json()

    assert answer["whetstone"]["rewritten"] == "How long does replacing a laptop take?"
    assert answer["choices"][0]["message"]["content"] == "One working day [1]."
    assert scripted_llm.requests[-1]["messages"][-1]["content"].endswith("Question: How long does it take?")


TITLE = (
    "### Task:\nGenerate a concise title summarizing the chat history.\n### Output:\nJSON format: "
    f'{{ "title": "..." }}\n<chat_history>\nUSER: {LUNCH}\nASSISTANT: At noon.\n</chat_history>'
)


def test_front_ends_own_prompts_are_set_apart(
    service: Service, llm_service: Service, scripted_llm: ScriptedLLM
) -> None:
    """A title is written in the format asked for, with a model or without, cites nothing and is marked."""
    scripted_llm.script('{"title": "Lunch hours [1]"}')

    plain, written = ask(service, TITLE), ask(llm_service, TITLE)

    assert json.loads(plain.choices[0].message.content) == {"title": "Cafeteria serve lunch"}
    assert json.loads(written.choices[0].message.content) == {"title": "Lunch hours [1]"}
    assert scripted_llm.requests[0]["messages"] == [{"role": "user", "content": TITLE}]
    for asked, answer in ((service, plain), (llm_service, written)):
        assert answer.model_extra["citations"] == answer.choices[0].message.annotations == []
        assert [each.auxiliary for each in log(asked)] == [True]


def test_answers_tell_their_times(service: Service) -> None:
    """Server-Timing names the parts, in milliseconds, whole and streamed."""
    for response, parts in (
        (service.ask(LUNCH), {"embed", "search", "retrieve", "generate", "total"}),
        (service.ask(LUNCH, stream=True), {"embed", "search", "retrieve", "total"}),
        (
            service.client.post("/v1/retrieve", json={"query": LUNCH}),
            {"embed", "search", "retrieve", "total"},
        ),
    ):
        timing = dict(part.split(";dur=") for part in response.headers["server-timing"].split(", "))
        assert set(timing) == parts
        assert float(timing["total"]) >= float(timing["retrieve"]) >= float(timing["embed"]) >= 0


def test_leaving_ends_the_models_work_within_a_second(
    llm_service: Service, scripted_llm: ScriptedLLM
) -> None:
    """The language model sees its client go soon after ours has gone."""
    scripted_llm.script(scripted_llm.reply(text=" ".join("word" for _ in range(200)), pause_s=0.05))
    body = {"messages": [{"role": "user", "content": LUNCH}], "stream": True}

    with httpx.stream("POST", f"{llm_service.url}/v1/chat/completions", json=body) as response:
        next(response.iter_bytes())
    gone = time.monotonic()
    until(lambda: scripted_llm.left and log(llm_service), seconds=5)

    assert scripted_llm.left[0] - gone < 1.0
    assert [each.status for each in log(llm_service)] == [InteractionStatus.CANCELLED]


def test_models_are_listed_and_found(service: Service) -> None:
    """Both lasting names are listed; each, and the names that pin vectors, can be asked for; others are not there."""
    with client(service) as asked:
        names = [model.id for model in asked.models.list()]
        encoder = (asked.models.retrieve("whetstone").model_extra or {})["encoder"]
        pinned = asked.models.retrieve(f"whetstone-embedding-{encoder[:16]}")
        with pytest.raises(openai.NotFoundError) as caught:
            asked.models.retrieve("gpt-4o")

    assert names == ["whetstone", "whetstone-embedding"]
    assert (pinned.model_extra or {})["encoder"] == encoder
    assert caught.value.code == "model_not_found"


FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "hours",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"when": {"type": "string"}},
            "required": ["when"],
            "additionalProperties": False,
        },
    },
}
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]


class Hours(BaseModel):
    """What an answer is parsed into."""

    when: str


def test_json_is_asked_for_and_parsed(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """Object and schema pass through, plain and streamed; the JSON is the model's own, and its sources stand beside."""
    said = '{"when": "noon until two o\'clock"}'
    scripted_llm.default = f"```json\n{said}\n```"
    for form in ({"type": "json_object"}, FORM):
        answer = ask(llm_service, LUNCH, response_format=form, n=1)
        assert scripted_llm.requests[-1]["response_format"] == form
        assert scripted_llm.requests[-1]["n"] == 1
        assert "JSON" in scripted_llm.requests[-1]["messages"][0]["content"]
        assert answer.choices[0].message.content == said
        assert text_of(stream(llm_service, LUNCH, response_format=form)) == said
        annotation = answer.choices[0].message.annotations[0].url_citation
        assert said[annotation.start_index : annotation.end_index] == '"noon until two o\'clock"'
        assert annotation.title == "Cafeteria"
        assert (answer.model_extra or {})["search_results"]
        assert (answer.model_extra or {})["whetstone"]["unsupported"] == []
    with client(llm_service) as asking:
        messages: Any = [{"role": "user", "content": LUNCH}]
        parsed = asking.chat.completions.parse(model="whetstone", messages=messages, response_format=Hours)
        with asking.chat.completions.stream(
            model="whetstone", messages=messages, response_format=Hours
        ) as events:
            list(events)
            final = events.get_final_completion()
    assert parsed.choices[0].message.parsed == Hours(when="noon until two o'clock")
    assert final.choices[0].message.parsed == Hours(when="noon until two o'clock")
    assert all(not each.statements for each in log(llm_service))


def test_where_there_is_no_answer_json_is_refused(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """The sentence stands where OpenAI's clients look for a refusal, so that nobody parses it."""
    question = "How many moons does Jupiter have?"
    with client(llm_service) as asking:
        messages: Any = [{"role": "user", "content": question}]
        parsed = asking.chat.completions.parse(model="whetstone", messages=messages, response_format=Hours)
        with asking.chat.completions.stream(
            model="whetstone", messages=messages, response_format=Hours
        ) as events:
            list(events)
            final = events.get_final_completion()

    for message in (parsed.choices[0].message, final.choices[0].message):
        assert message.parsed is None
        assert message.refusal
    assert scripted_llm.requests == []


def test_tools_that_are_not_to_be_called_are_handed_on(
    llm_service: Service, scripted_llm: ScriptedLLM
) -> None:
    """With the choice "none" the model knows of them; a choice without tools is handed on as well."""
    for more in ({"tools": TOOLS}, {}):
        for answered in (ask, stream):
            answered(llm_service, LUNCH, tool_choice="none", **more)
            sent = scripted_llm.requests[-1]
            assert sent["tool_choice"] == "none"
            assert sent.get("tools") == more.get("tools")
    ask(llm_service, LUNCH, tools=TOOLS)
    assert "tools" not in scripted_llm.requests[-1]
    with pytest.raises(openai.BadRequestError, match="tool_choice"):
        ask(llm_service, LUNCH, tools=TOOLS, tool_choice="required")


def test_without_a_language_model_json_is_refused_with_advice(service: Service) -> None:
    """The error says what to do; text, one answer and no tools are what is given anyway."""
    for form in ({"type": "json_object"}, FORM):
        with pytest.raises(openai.BadRequestError, match="WHETSTONE_LLM_BASE_URL"):
            ask(service, LUNCH, response_format=form)
    with pytest.raises(openai.BadRequestError, match="n can only be 1"):
        ask(service, LUNCH, n=2)
    answer = ask(service, LUNCH, n=1, tools=TOOLS, tool_choice="none", response_format={"type": "text"})
    assert "noon" in answer.choices[0].message.content


def test_unsupported_sentences_are_told_and_counted(llm_service: Service, scripted_llm: ScriptedLLM) -> None:
    """Where they stand and why, plain and streamed; the log and the metrics count them by release."""
    scripted_llm.default = "The cafeteria serves lunch at noon [1]. It is on the moon, with 400 robots [1]."

    answer = ask(llm_service, LUNCH)
    chunks = stream(llm_service, LUNCH)

    text = answer.choices[0].message.content
    last = next(chunk for chunk in chunks if (chunk.model_extra or {}).get("whetstone"))
    for told in ((answer.model_extra or {})["whetstone"], (last.model_extra or {})["whetstone"]):
        (found,) = told["unsupported"]
        assert found["text"] == text[found["start"] : found["end"]] == text.split(". ", 1)[1]
        assert found["reason"] == "number"
        assert told["statements"] == 2
    first, second = log(llm_service)
    assert (first.statements, first.unsupported) == (second.statements, second.unsupported) == (2, 1)
    metrics = httpx.get(f"{llm_service.url}/metrics").text
    assert f'whetstone_answer_statements_total{{release="{first.release}"}} 4.0' in metrics
    assert f'whetstone_answer_statements_unsupported_total{{release="{first.release}"}} 2.0' in metrics
