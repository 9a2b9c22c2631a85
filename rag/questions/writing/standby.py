"""A generator that stands in for one that is out of order."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from typing_extensions import override

from rag.breaker import Breaker
from rag.domain import Ending, Prompt
from rag.errors import UpstreamFailed, UpstreamRefused
from rag.ports import Encoder, Generator

logger = logging.getLogger(__name__)

_RETRY_S = 30.0
"""When somebody who wants JSON may try again, in seconds."""


class StandIn(Generator):
    """Answers with a language model, and with another generator while the breaker leaves the model alone.

    Until the breaker opens, a failing model is an error to whoever asked. After that the other generator answers,
    and says so in its `Ending`. The one question that tries the model again gets the other's answer too where the
    model fails before its first piece.
    """

    def __init__(self, model: Generator, standby: Generator, breaker: Breaker) -> None:
        self.name = f"{model.name}, else {standby.name}"
        self.breaker = breaker
        self._model = model
        self._standby = standby

    @override
    async def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        call = self.breaker.call()
        if call is not None:
            begun = False
            try:
                async with aclosing(self._model.stream(prompt, encoder=encoder)) as pieces:
                    async for piece in pieces:
                        begun = begun or bool(piece)
                        yield piece
                call.succeeded()
                return
            except UpstreamRefused:
                raise
            except UpstreamFailed as error:
                call.failed()
                if begun or not call.trial:
                    raise
                logger.warning("%s is still out of order: %s", self._model.name, error)
            finally:
                call.abandoned()
        if prompt.options.as_json:
            # Quoted sentences are no JSON.
            raise UpstreamFailed(
                f"{self._model.name} is out of order, and an answer in JSON needs it; try again later.",
                retry_after_s=_RETRY_S,
            )
        async with aclosing(self._standby.stream(prompt, encoder=encoder)) as pieces:
            said = Ending()
            async for piece in pieces:
                if isinstance(piece, Ending):
                    said = piece
                else:
                    yield piece
        yield replace(said, degraded=True)
