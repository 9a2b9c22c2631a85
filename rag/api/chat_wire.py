"""OpenAI's chat completions, as JSON: what comes in and what goes out."""

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from rag.answering import Finished
from rag.domain import Hit, InteractionStatus, Message, new_id
from rag.errors import InvalidInput
from rag.prompting import marks

_SNIPPET = 300
"""Characters of a passage in ``search_results``."""
_PIECE = re.compile(r"\w+|[^\w\s]")


class ContentPart(BaseModel):
    """One part of a message; only text is understood."""

    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    """One turn of the conversation."""

    role: str
    content: str | list[ContentPart] | None = None

    def plain(self) -> str:
        """Give the text.

        Raises:
            InvalidInput: a part is something else than text.
        """
        if isinstance(self.content, str):
            return self.content
        parts = self.content or []
        for part in parts:
            if part.type != "text" or part.text is None:
                raise InvalidInput(
                    f"Content parts of type 'text' are understood, not {part.type!r}; send the question as text."
                )
        return "\n".join(part.text for part in parts if part.text is not None)


class StreamOptions(BaseModel):
    """How to stream."""

    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """A chat completion asked for; fields of OpenAI's that are not here are ignored."""

    model: str = "whetstone"
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None

    def conversation(self) -> tuple[str, tuple[Message, ...]]:
        """Give the question, which is the last user message, and the turns before it.

        System messages are left out: what the answer may rest on is the service's business.

        Raises:
            InvalidInput: there is no user message, or it is not text.
        """
        last = max((i for i, each in enumerate(self.messages) if each.role == "user"), default=None)
        if last is None:
            raise InvalidInput("There is no message with the role 'user'; send the question as one.")
        history = tuple(
            Message(role=each.role, content=each.plain())
            for each in self.messages[:last]
            if each.role in ("user", "assistant") and each.content
        )
        return self.messages[last].plain(), history

    @property
    def stops(self) -> tuple[str, ...]:
        """Where the answer is to end."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def limit(self) -> int | None:
        """Longest answer asked for, in tokens."""
        return self.max_completion_tokens or self.max_tokens


class ChatWire:
    """Writes one answer in OpenAI's form.

    Sources are given in every form clients show: ``[n]`` in the text, ``annotations`` (Open WebUI),
    ``citations`` and ``search_results`` (Perplexity), where the n-th belongs to ``[n]``.
    """

    def __init__(self, model: str, link: Callable[[str], str], *, include_usage: bool = False) -> None:
        """Take the model's name to echo, and what makes a link of a passage id."""
        self._model = model
        self._link = link
        self._include_usage = include_usage
        self._id = f"chatcmpl-{new_id()}"
        self._created = int(time.time())

    def whole(self, finished: Finished) -> dict[str, Any]:
        """Give the answer as one object."""
        message = {
            "role": "assistant",
            "content": finished.interaction.answer,
            "refusal": None,
            "annotations": self._annotations(finished),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": _usage(finished), **self._extras(finished)}

    def opening(self) -> dict[str, Any]:
        """Give the first chunk of a stream."""
        return self._chunk({"role": "assistant", "content": ""})

    def delta(self, text: str) -> dict[str, Any]:
        """Give a chunk of text."""
        return self._chunk({"content": text})

    def closing(self, finished: Finished) -> list[dict[str, Any]]:
        """Give the chunks that end a stream: reason and sources, then the usage where it was asked for."""
        last = self._chunk({"annotations": self._annotations(finished)}, "stop") | self._extras(finished)
        if not self._include_usage:
            return [last]
        return [last, {**self._head("chat.completion.chunk"), "choices": [], "usage": _usage(finished)}]

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _annotations(self, finished: Finished) -> list[dict[str, Any]]:
        sources = {citation.number: citation.passage for citation in finished.citations}
        return [
            {
                "type": "url_citation",
                "url_citation": {
                    "url": self._link(sources[number].id),
                    "title": sources[number].title or sources[number].uri,
                    "start_index": start,
                    "end_index": end,
                },
            }
            for start, end, numbers in marks(finished.interaction.answer)
            for number in numbers
            if number in sources
        ]

    def _extras(self, finished: Finished) -> dict[str, Any]:
        interaction = finished.interaction
        # An answer that rests on nothing must not look as if it had sources.
        answered = interaction.status == InteractionStatus.ANSWERED
        shown: Sequence[Hit] = finished.hits if answered else ()
        return {
            "citations": [self._link(hit.passage.id) for hit in shown],
            "search_results": [
                {
                    "title": hit.passage.title or hit.passage.uri,
                    "url": self._link(hit.passage.id),
                    "snippet": hit.passage.text[:_SNIPPET],
                }
                for hit in shown
            ],
            "whetstone": {
                "interaction_id": interaction.id,
                "release": interaction.release,
                "epoch": interaction.epoch,
                "encoder": finished.encoder,
                "status": str(interaction.status),
                "hits": [
                    {
                        "passage_id": hit.passage_id,
                        "document_id": hit.document_id,
                        "rank": hit.rank,
                        "score": hit.score,
                    }
                    for hit in interaction.hits
                ],
            },
        }


def sse(value: dict[str, Any]) -> bytes:
    """Give one server-sent event."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _usage(finished: Finished) -> dict[str, int]:
    """Count words and marks: near enough for a display, no tokenizer's exact count."""
    prompt = sum(len(_PIECE.findall(message.content)) for message in finished.prompt)
    completion = len(_PIECE.findall(finished.interaction.answer))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
