"""What goes into an answer, and how it ends."""

from dataclasses import dataclass

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
class Message:
    """One chat message."""

    role: str  # system, user or assistant
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """Everything a generator may use."""

    question: str
    hits: tuple[Hit, ...]
    messages: tuple[Message, ...]  # the same, written out for a chat model
    max_tokens: int | None = None  # of the answer
    temperature: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What a generator may say after its last piece."""

    cut: bool = False  # it ended because of the limit on tokens
    prompt_tokens: int | None = None  # as the language model counts them
    completion_tokens: int | None = None
    degraded: bool = False  # another generator stood in


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A numbered source of an answer."""

    number: int  # as it stands in the text: [1] is 1
    passage: Passage
    quote: str = ""  # the sentence relied on, where it is known
