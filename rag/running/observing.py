"""What a running service tells of itself: request ids, and who hears of each question."""

import logging
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from typing_extensions import override

from rag.domain import Interaction
from rag.ports import InteractionLog

logger = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered; empty outside of one."""


class Observer(Protocol):
    """Hears of things as they happen. Must be quick, and never waits for anybody."""

    def interaction(self, interaction: Interaction) -> None:
        """Hear of a question that has ended, however it did."""

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Hear of a request that has ended, so many seconds after it began.

        The route is its template, never the path as sent; empty where there was none. The status is 499 where the
        client left before the response.
        """


class ObservedLog(InteractionLog):
    """Writes to another log, then tells observers. What goes wrong in an observer is logged and no more."""

    def __init__(self, log: InteractionLog, observers: Sequence[Observer]) -> None:
        self._log = log
        self._observers = tuple(observers)

    @override
    def check(self) -> None:
        self._log.check()

    @override
    async def write(self, interaction: Interaction) -> None:
        try:
            await self._log.write(interaction)
        finally:
            for observer in self._observers:
                try:
                    observer.interaction(interaction)
                except Exception:
                    logger.exception("telling of interaction %s failed", interaction.id)
