"""What goes into an answer, and how it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.domain.documents import Passage


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A passage found for a question."""

    passage: Passage
    rank: int  # 1 is the best, by whatever the release orders with
    score: float  # cosine of question and passage, -1 to 1; need not fall with the rank
    neighbours: tuple[Passage, ...] = ()  # of the same document, by position, without the passage itself
    also_in: tuple[str, ...] = ()  # uris of other documents that hold the same text, some of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Something that a hit says, as it could be quoted."""

    text: str  # as it is quoted, on one line
    seen: str  # with what it needs to be understood: title, heading, the question above it
    rank: int  # of the hit
    passage: float  # cosine of question and passage
    beside: bool  # its passage says other things as well
    titled: bool  # its passage has a title
    typed: float  # worth of the question's codes in it; 0: none
    at: int = 0  # its place among what the hit says, from 0
    joins: str | None = None  # what stands between it and the one before in its line; None: it begins a line
    leans: bool = False  # begins with a word for what the one before is about


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """What was found and read for a question: whether it may be answered is judged by it, and quotes are taken from it.

    Made once a question, so that no text is embedded twice.
    """

    question: str  # as it was searched for
    vector: NDArray[np.float32]  # (dimension,)
    hits: tuple[Hit, ...]  # best first
    said: tuple[
        Said, ...
    ]  # n of the hits' statements: those that have most to do with the question, in their order
    vectors: NDArray[np.float32]  # (n, dimension), of `seen`
    shared: NDArray[np.float64]  # (n,): share of the question's words, 0 to 1
    worth: NDArray[np.float64]  # (n,): how well each answers by all but its vector, in log-odds
    foreign: bool  # the encoder does not know the question's language


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One chat message."""

    role: str  # system, user or assistant
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelOptions:
    """What an asker's client says to the language model itself, in OpenAI's words; handed on as it came."""

    response_format: Mapping[str, Any] | None = None  # that the answer is to be JSON, and by which schema
    tools: tuple[Mapping[str, Any], ...] = ()  # that are known, and not to be called
    tool_choice: str | None = None  # "none"
    n: int | None = None  # 1

    @property
    def as_json(self) -> bool:
        """Whether the answer is to be a JSON object."""
        return self.response_format is not None and self.response_format.get("type") != "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """Everything a generator may use."""

    question: str
    hits: tuple[Hit, ...]
    messages: tuple[Message, ...]  # the same, written out for a chat model
    max_tokens: int | None = None  # of the answer
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    evidence: Evidence | None = None  # what quotes are taken from; None: it is read anew
    options: ModelOptions = ModelOptions()
    patient: bool = False  # nobody reads along: the answer may be held back until it has ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What a generator may say after its last piece."""

    cut: bool = False  # it ended because of the limit on tokens
    prompt_tokens: int | None = None  # as the language model counts them
    completion_tokens: int | None = None
    degraded: bool = False  # another generator stood in
    asked_again: bool = False  # the first answer cited nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsupported:
    """A sentence of an answer that the passages it cites do not bear out."""

    start: int  # in characters of the answer
    end: int
    text: str
    reason: str  # cites_nothing, number, name, negation or meaning


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A numbered source of an answer."""

    number: int  # as it stands in the text: [1] is 1
    passage: Passage
    quote: str = ""  # the sentence relied on, where it is known
