"""An answer while it streams in: what its chunks tell, and how long the next one may take."""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

_AFTERMATH_S = 2.0
"""How long a count of tokens is waited for once the answer has ended, in seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeLimits:
    """How long an endpoint may take, in seconds."""

    first_token_s: float = 30.0  # until the first piece, of each try
    between_s: float = 60.0  # between two pieces of an answer
    total_s: float = 300.0  # of the whole answer, a second try included


class StreamedAnswer:
    """How far an answer has come."""

    def __init__(self, limits: TimeLimits, *, until: float) -> None:
        """Begin to wait for the first piece; `until` is the end of the whole, in seconds of the monotonic clock."""
        self._limits = limits
        self._until = until
        self._first_until = time.monotonic() + limits.first_token_s
        self.begun = False  # the model has said something, aloud or to itself
        self.finish: str | None = None  # why it ended, in the endpoint's word
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None

    def within(self) -> asyncio.Timeout:
        """Return the limit of what is waited for now."""
        now = time.monotonic()
        if self.finish is not None:
            due = now + _AFTERMATH_S
        elif self.begun:
            due = now + self._limits.between_s
        else:
            due = self._first_until
        return asyncio.timeout(max(0.0, min(due, self._until) - now))

    def overdue(self) -> tuple[str, float, str]:
        """Return what did not come in time, the limit in seconds, and the end of the setting's name."""
        if time.monotonic() >= self._until:
            return "end its answer", self._limits.total_s, "TOTAL_TIMEOUT_S"
        if self.begun:
            return "go on with its answer", self._limits.between_s, "TIMEOUT_S"
        return "begin its answer", self._limits.first_token_s, "FIRST_TOKEN_TIMEOUT_S"

    def heed(self, chunk: "ChatCompletionChunk") -> str:
        """Note what a chunk tells, and return its text, which may be empty.

        Raises:
            ValueError: it is no chunk of a chat completion. The client library checks nothing of what it reads.
        """
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self.prompt_tokens = _count(getattr(usage, "prompt_tokens", None))
            self.completion_tokens = _count(getattr(usage, "completion_tokens", None))
        choices = getattr(chunk, "choices", None)
        if not isinstance(choices, list):
            raise ValueError("a chunk without choices")
        if not choices:
            return ""
        finish = getattr(choices[0], "finish_reason", None)
        self.finish = str(finish) if finish else self.finish
        delta = getattr(choices[0], "delta", None)
        content = getattr(delta, "content", None) or ""
        if not isinstance(content, str):
            raise ValueError("a piece that is no text")
        thought = any((getattr(delta, "model_extra", None) or {}).values())
        self.begun = self.begun or bool(content) or thought
        return content


def _count(tokens: object) -> int | None:
    return tokens if isinstance(tokens, int) and tokens >= 0 else None
