"""Who writes answers."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from rag.domain import Ending, Message, Prompt
from rag.ports.encoders import Encoder


class Generator(Protocol):
    """Writes the answer."""

    name: str

    def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield the answer piece by piece, citing hits as [rank], and an `Ending` where there is something to say.

        No text at all means: they do not say.

        Raises:
            UpstreamFailed: the model refused or broke off.
            UpstreamTimeout: it took too long.
        """


class Rewriter(Protocol):
    """Makes a follow-up a question that stands alone."""

    async def rewrite(self, question: str, history: Sequence[Message], *, encoder: Encoder) -> str:
        """Return the question as it would be searched for without the turns before it; the same where it stands alone.

        A language model that fails is no error: there is a plainer way then.
        """
