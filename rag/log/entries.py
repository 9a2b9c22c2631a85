"""A question on its way to disk, and who waits for it."""

import asyncio
from collections.abc import Callable

from rag.domain import Interaction


class Entry:
    """An interaction on its way; `written` is done when it is durable, failed when neither SQL nor spool took it."""

    def __init__(self, interaction: Interaction) -> None:
        self.interaction = interaction
        self._loop = asyncio.get_running_loop()
        self.written: asyncio.Future[None] = self._loop.create_future()
        self.settled = False

    def watch(self, seconds: float, overdue: "Callable[[Entry], None]") -> None:
        """Call `overdue` in so many seconds, unless it is written by then."""
        timer = self._loop.call_later(seconds, overdue, self)
        self.written.add_done_callback(lambda _: timer.cancel())

    def settle(self, error: Exception | None = None) -> None:
        """Tell who waits; the first word counts."""
        if self.settled:
            return
        self.settled = True
        try:
            self._loop.call_soon_threadsafe(self._tell, error)
        except RuntimeError:
            # The event loop is closed: nobody waits any more.
            return

    def _tell(self, error: Exception | None) -> None:
        if self.written.done():
            return
        if error is None:
            self.written.set_result(None)
        else:
            self.written.set_exception(error)
