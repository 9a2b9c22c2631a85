"""What a running service tells of itself: request ids, and who hears of each question. Knows no vendor."""

import logging
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from rag.domain import Interaction
from rag.ports import InteractionLog

logger = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered; empty outside of one."""


class Observer(Protocol):
    """Hears of things as they happen. Must be quick, and never waits for anybody."""

    def interaction(self, interaction: Interaction) -> None:
        """Hear of a question that has ended, however it did."""
        ...

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Hear of a request that has ended.

        Args:
            method: of HTTP.
            route: the route's template, never the path as sent; empty where there was none.
            status: of the response; 499 where the client left before it.
            seconds: until the last byte.
        """
        ...


class ObservedLog:
    """An `InteractionLog` that tells observers of what was written."""

    def __init__(self, log: InteractionLog, observers: Sequence[Observer]) -> None:
        """Write to `log`, then tell `observers`."""
        self._log = log
        self._observers = tuple(observers)

    def check(self) -> None:
        """Do nothing while there is room; errors as for the log itself."""
        self._log.check()

    async def write(self, interaction: Interaction) -> None:
        """Write one; errors as for the log itself. What goes wrong in an observer is logged and no more."""
        try:
            await self._log.write(interaction)
        finally:
            for observer in self._observers:
                try:
                    observer.interaction(interaction)
                except Exception:
                    logger.exception("telling of interaction %s failed", interaction.id)
