"""A language model whose answers are read over before anybody sees them.

What is no answer is left out, citations get one form, and where nothing is cited the model is asked once more. To know
that, the beginning of an answer is held back until its first citation: at most so many characters, and so long.
"""

import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from typing_extensions import override

from rag.domain import Ending, Prompt
from rag.errors import UpstreamFailed
from rag.ports import Encoder, Generator
from rag.questions.writing.clearing import Clearing, Thinking
from rag.questions.writing.marking import Marking
from rag.questions.writing.marks import Given
from rag.questions.writing.objects import ObjectAlone
from rag.questions.writing.prompting import again, shown
from rag.questions.writing.refusing import abstains

logger = logging.getLogger(__name__)

_HELD_CHARS = 1_000
"""Characters that are held back until something is cited; an answer beyond is shown as it comes."""
_HELD_S = 2.0
"""The same in seconds, from the first piece on."""


class Edited(Generator):
    """Streams a language model's answers as people should see them."""

    def __init__(self, model: Generator) -> None:
        self.name = model.name
        self._model = model
        self._thinks = False  # its last answer began with a thought whose beginning was not written

    @override
    async def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield the answer piece by piece, then how it ended; errors are the model's.

        An answer in JSON is the object as the model wrote it. A prompt without passages is a chat front end's own:
        of its answer only thoughts are left out.
        """
        if prompt.options.as_json or not prompt.hits:
            plain = ObjectAlone() if prompt.options.as_json else Thinking()
            async with aclosing(self._model.stream(prompt, encoder=encoder)) as pieces:
                ending = Ending()
                async for piece in pieces:
                    if isinstance(piece, Ending):
                        ending = piece
                    elif text := plain.feed(piece):
                        yield text
            if text := plain.rest():
                yield text
            yield ending
            return
        first = _Reading(prompt, thinks=self._thinks)
        async with aclosing(first.read(self._model, encoder)) as texts:
            async for text in texts:
                yield text
        self._thinks = first.thought
        if first.held and not first.cited and not abstains(first.held):
            async for piece in self._again(first, encoder):
                yield piece
            return
        if first.held:
            yield first.held
        yield first.ending

    async def _again(self, first: "_Reading", encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield a second answer where it cites something or abstains, else the first; then how it ended."""
        prompt = replace(first.prompt, messages=again(first.prompt.messages, first.held), patient=True)
        second = _Reading(prompt, thinks=self._thinks)
        try:
            async with aclosing(second.read(self._model, encoder)) as texts:
                async for text in texts:
                    yield text
        except UpstreamFailed as error:
            if second.released:
                raise
            logger.warning("%s cited nothing, and failed when it was asked again: %s", self.name, error)
            yield first.held
            yield replace(first.ending, asked_again=True)
            return
        better = second.released or second.cited or abstains(second.held)
        outcome = "cites" if second.cited else "abstains" if better else "cites nothing either"
        logger.info("%s cited nothing and was asked again; its second answer %s", self.name, outcome)
        if not second.released:
            yield second.held if better else first.held
        last = second.ending if better else first.ending
        yield replace(
            last,
            asked_again=True,
            prompt_tokens=_sum(first.ending.prompt_tokens, second.ending.prompt_tokens),
            completion_tokens=_sum(first.ending.completion_tokens, second.ending.completion_tokens),
        )


class _Reading:
    """One answer of the model, read while it comes."""

    def __init__(self, prompt: Prompt, *, thinks: bool) -> None:
        self.prompt = prompt
        self.held = ""  # of the answer, not shown yet
        self.released = False  # what came was shown, and what comes is
        self.ending = Ending()
        self._thinks = thinks
        self._given = Given(prompt.hits, shown(prompt.messages) or None)
        self._clearing = Clearing(prompt.messages)
        self._marking = Marking(self._given)

    @property
    def cited(self) -> bool:
        """Whether it cites a passage."""
        return self._marking.cited

    @property
    def thought(self) -> bool:
        """Whether it began with a thought whose beginning was not written."""
        return self._clearing.began_anew

    async def read(self, model: Generator, encoder: Encoder) -> AsyncGenerator[str, None]:
        """Yield the answer from its first citation on, with all before it; what was not yielded is `held`."""
        until: float | None = None
        async with aclosing(model.stream(self.prompt, encoder=encoder)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Ending):
                    self.ending = piece
                    continue
                until = until or time.monotonic() + _HELD_S
                self._add(piece)
                if self._may_show(late=time.monotonic() >= until) and self.held:
                    self.released = True
                    text, self.held = self.held, ""
                    yield text
        self.held += self._marking.feed(self._clearing.rest()) + self._marking.rest()
        if self.released and self.held:
            text, self.held = self.held, ""
            yield text

    def _add(self, piece: str) -> None:
        thought = self.thought
        text = self._clearing.feed(piece)
        if self.thought and not thought:
            # What was held was no answer; what was shown cannot be taken back.
            self.held, self._marking = "", Marking(self._given)
        self.held += self._marking.feed(text)

    def _may_show(self, *, late: bool) -> bool:
        if self.released:
            return True
        if self._thinks and not self.thought:
            return False
        patience = self.prompt.patient
        return self.cited or (not patience and (late or len(self.held) >= _HELD_CHARS))


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
