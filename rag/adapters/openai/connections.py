"""Open connections to an endpoint, for each event loop that asks."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from rag.adapters.openai.endpoint import Endpoint

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_IDLE_S = 60.0
"""How long a connection is kept open that nobody uses, in seconds."""


class Connections:
    """Keeps one client, and with it open connections, for each event loop; the loop's own shutdown closes it."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Name the endpoint; nothing is connected yet."""
        # A second's work that would otherwise hold up every other answer when the first one is asked for.
        import openai  # noqa: F401 loaded for its effect

        self._endpoint = endpoint
        # Reading the certificates is the dear part of a client, and would hold up the event loop.
        self._tls = ssl.create_default_context()
        self._clients: dict[asyncio.AbstractEventLoop, AsyncGenerator[AsyncOpenAI, None]] = {}

    async def client(self) -> "AsyncOpenAI":
        """Return the running loop's client."""
        loop = asyncio.get_running_loop()
        kept = self._clients.get(loop)
        if kept is None:
            # A loop that ends closes the generators that were begun in it, and so this client.
            kept = self._clients[loop] = self._keep(loop)
        return await anext(kept)

    async def _keep(self, loop: asyncio.AbstractEventLoop) -> "AsyncGenerator[AsyncOpenAI, None]":
        from httpx2 import Limits
        from openai import AsyncOpenAI, DefaultAsyncHttpx2Client, Timeout

        # All other limits are kept while an answer is read, where it is known how far it has come.
        timeout = Timeout(None, connect=self._endpoint.connect_timeout_s)
        limits = Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=_IDLE_S)
        client = AsyncOpenAI(
            base_url=self._endpoint.base_url,
            api_key=self._endpoint.sent_key,
            timeout=timeout,
            max_retries=0,
            http_client=DefaultAsyncHttpx2Client(verify=self._tls, timeout=timeout, limits=limits),
        )
        try:
            while True:
                yield client
        finally:
            self._clients.pop(loop, None)
            await client.close()
