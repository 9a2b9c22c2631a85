"""Uvicorn's server, which comes to its end in order."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp
from uvicorn import Config, Server

from rag.adapters.uvicorn.connections import BoundedConnection
from rag.running.draining import Draining

logger = logging.getLogger(__name__)

_LAST_S = 2
"""How long requests that were cut, and connections, may take to close, in seconds."""


class DrainingServer(Server):
    """Serves until `draining` begins and what is under way has ended, or until its grace is over.

    Meanwhile it goes on listening: whoever comes is told to go elsewhere, which clients repeat, rather than meeting
    a closed port. It leaves signals alone.
    """

    def __init__(self, app: ASGIApp, draining: Draining, *, grace_s: float) -> None:
        """Make it; it serves in `run`, on the sockets given there.

        `app` refuses new requests once draining has begun; what is under way may then go on for `grace_s` seconds.
        """
        config = Config(
            app,
            http=BoundedConnection,
            # There are no routes for them, and their frames would go past the limits of requests.
            ws="none",
            log_config=None,
            # Uvicorn's access log would hold nothing that the service's own does not.
            access_log=False,
            timeout_graceful_shutdown=_LAST_S,
            server_header=False,
        )
        super().__init__(config)
        self._draining = draining
        self._grace_s = grace_s
        self._began: float | None = None
        self._cut_at: float | None = None

    async def on_tick(self, counter: int) -> bool:
        """Check, ten times a second, whether it is time to end."""
        if await super().on_tick(counter):
            return True
        if not self._draining.stopping:
            return False
        now = time.monotonic()
        if self._began is None:
            self._began = now
            logger.info("stopping; %d requests are under way", self._draining.under_way)
            for connection in list(self.server_state.connections):
                # Closes it behind its response. Of one that is idle, the next request may be on its way: that is told
                # to go elsewhere, not cut off.
                if isinstance(connection, BoundedConnection) and connection.answering:
                    connection.shutdown()
        if self._cut_at is None and now - self._began >= self._grace_s:
            self._cut_at = now
            logger.warning(
                "%d requests took longer than %g s and are ended", self._draining.cut(), self._grace_s
            )
        late = self._cut_at is not None and now - self._cut_at >= _LAST_S
        return late or self._draining.under_way == 0

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: Uvicorn would raise the signal anew after its end, before the indexes are closed."""
        yield
