"""A chat completion as it is asked for: OpenAI's body, and what of it is understood."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.api.wire.filters import Filter
from rag.domain import Message, ModelOptions
from rag.errors import InvalidInput
from rag.questions.events import Wishes
from rag.questions.writing.abstaining import plainly

_FORMS = ("text", "json_object", "json_schema")
_SOURCES_BLOCK = re.compile(r"\n\n\*\*Sources\*\*\n\n(?:\d+\. \[.*(?:\n|\Z))+\Z")


class ContentPart(BaseModel):
    """One part of a message; only text is understood."""

    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    """One turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """The text of its parts, whatever else stands beside it."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text" and part.text)
        return self.content or ""

    def question(self) -> str:
        """Return the text of a message that asks.

        Raises:
            InvalidInput: a part of it is something else than text.
        """
        for part in self.content if isinstance(self.content, list) else ():
            if part.type != "text" or part.text is None:
                raise InvalidInput(
                    f"Content parts of type 'text' are understood, not {part.type!r}; send the question as text."
                )
        return self.text


class StreamOptions(BaseModel):
    """How to stream."""

    include_usage: bool | None = None


class ResponseFormat(BaseModel):
    """The form the answer is to have; JSON is for a language model to write."""

    model_config = ConfigDict(extra="allow")

    type: str = "text"
    json_schema: dict[str, Any] | None = None


class Extension(BaseModel):
    """What can be asked for beyond OpenAI's fields. A misspelt name is an error, or a filter would go unnoticed."""

    model_config = ConfigDict(extra="forbid")

    filter: Filter | None = None
    limit: Annotated[int, Field(ge=1, le=50)] | None = None  # passages the answer may rest on
    sources: bool = False  # a markdown list of the sources after the answer


class ChatRequest(BaseModel):
    """A chat completion asked for; fields of OpenAI's that are not here are ignored."""

    model: Annotated[str, Field(max_length=200)] = "whetstone"
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2_000)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    stop: (
        Annotated[str, Field(max_length=500)]
        | Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=4)]
        | None
    ) = None
    n: int | None = None
    response_format: ResponseFormat | None = None
    tools: list[dict[str, Any]] | None = Field(None, max_length=128)
    tool_choice: Any = None
    function_call: Any = None
    whetstone: Extension | None = None

    def asked(self) -> tuple[str, Wishes]:
        """Return the question, which is the last user message, and how it is to be answered.

        Turns of tools, and whatever follows the question, are left out.

        Raises:
            InvalidInput: there is no user message, it is not text, or something is wished that cannot be done.
        """
        self._check()
        last = max((i for i, each in enumerate(self.messages) if each.role == "user"), default=None)
        if last is None:
            raise InvalidInput("There is no message with the role 'user'; send the question as one.")
        return self.messages[last].question(), Wishes(
            history=tuple(_turns(self.messages[:last])),
            instructions=tuple(
                each.text for each in self.messages if each.role in ("system", "developer") and each.text
            ),
            where=self.extension.filter,
            limit=self.extension.limit,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            temperature=self.temperature,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
            options=self._options(),
            patient=not self.stream,
        )

    def check_writer(self, *, model: bool) -> None:
        """Raise InvalidInput where something is wished that takes a language model, and there is none."""
        form = self._form
        if form != "text" and not model:
            raise InvalidInput(
                f"response_format {form!r} takes a language model, and this service has none: answers are quoted "
                "sentences. Set WHETSTONE_LLM_BASE_URL, or leave response_format out: the sources come as JSON in "
                "`citations`, `search_results` and `whetstone` beside the answer."
            )

    @property
    def extension(self) -> Extension:
        """What is asked for beyond OpenAI's fields."""
        return self.whetstone or Extension()

    @property
    def is_plain(self) -> bool:
        """Whether the answer is text for people, and no JSON."""
        return self.response_format is None or self.response_format.type == "text"

    @property
    def include_usage(self) -> bool:
        """Whether a stream is to end with its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def _form(self) -> str:
        return self.response_format.type if self.response_format else "text"

    def _options(self) -> ModelOptions:
        """Return what goes to the language model as it came."""
        form = self.response_format
        none = self.tool_choice == "none"
        return ModelOptions(
            response_format=form.model_dump(exclude_unset=True) if form else None,
            # Tools that may be called are not shown: nobody could call them.
            tools=tuple(self.tools or ()) if none else (),
            tool_choice="none" if none else None,
            n=self.n,
        )

    def _check(self) -> None:
        if self.n not in (None, 1):
            raise InvalidInput(f"One answer is given to a question, so n can only be 1, not {self.n}.")
        if self._form not in _FORMS:
            raise InvalidInput(f"response_format can be one of {', '.join(_FORMS)}, not {self._form!r}.")
        schema = self.response_format.json_schema if self.response_format else None
        if self._form == "json_schema" and not isinstance((schema or {}).get("schema"), dict):
            raise InvalidInput(
                "response_format 'json_schema' needs the schema: "
                '{"type": "json_schema", "json_schema": {"name": "answer", "schema": {…}}}.'
            )
        for name, choice in (("tool_choice", self.tool_choice), ("function_call", self.function_call)):
            if choice not in (None, "auto", "none"):
                raise InvalidInput(
                    f"No tools are called here, so {name} can only be 'auto' or 'none'; leave it out."
                )


def _turns(messages: Iterable[ChatMessage]) -> Iterable[Message]:
    for each in messages:
        if each.role in ("user", "assistant") and each.text:
            yield Message(role=each.role, content=_said(each.text) if each.role == "assistant" else each.text)


def _said(text: str) -> str:
    """Return an earlier answer as it was given, without what was told beside it.

    Lists of sources, and of what was looked at, are for people: to a language model they would be a habit to take up,
    and the titles in them would be taken for what the conversation is about.
    """
    return plainly(_SOURCES_BLOCK.sub("", text))
