"""Responses made from a question's events; they end the work when the client goes away."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from rag.api.wire.chat_wire import ChatWire, sse
from rag.api.wire.errors import error_body, whetstone_body
from rag.errors import WhetstoneError
from rag.questions.events import Delta, Event, Finished, Started

logger = logging.getLogger(__name__)


class WatchedAnswer(Response):
    """Runs a question's events while it watches the connection.

    Starlette leaves a plain response running and a stream's generator to the garbage collector when the
    client leaves; this closes the generator at once, so that the language model stops and the log says so.
    """

    def __init__(self, events: AsyncGenerator[Event, None], wire: ChatWire) -> None:
        super().__init__()
        self.events = events
        self.wire = wire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 ASGI's signature
        """Answer, unless the client leaves before the end."""
        async with aclosing(self.events), unless_left(receive):
            await self.respond(send)

    async def respond(self, send: Send) -> None:
        """Write the answer."""
        raise NotImplementedError


class WholeAnswer(WatchedAnswer):
    """One JSON object, once the answer is complete."""

    async def respond(self, send: Send) -> None:
        """Write the answer in one piece."""
        async for event in self.events:
            if isinstance(event, Finished):
                told = event.interaction
                headers = answer_headers(told.release, told.epoch, told.id, event.timings)
                response = JSONResponse(self.wire.whole(event), headers=headers)
                raw = response.raw_headers
                await send({"type": "http.response.start", "status": 200, "headers": raw})
                await send({"type": "http.response.body", "body": bytes(response.body)})


class StreamedAnswer(WatchedAnswer):
    """Server-sent events, as the answer comes."""

    async def respond(self, send: Send) -> None:
        """Write chunk by chunk, and ``[DONE]`` at the end.

        Nothing is sent before the answer's first piece is there, so that a failure up to then has its own
        status; a later one is an error event in the stream.
        """
        started = await anext(self.events)
        assert isinstance(started, Started)  # noqa: S101 the first event always is
        event: Event | None = await anext(self.events)
        headers = answer_headers(started.release, started.epoch, started.interaction_id, started.timings) | {
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",
        }
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})

        async def write(*chunks: dict[str, Any]) -> None:
            body = b"".join(map(sse, chunks))
            await send({"type": "http.response.body", "body": body, "more_body": True})

        await write(self.wire.opening(started))
        try:
            while event is not None:
                if isinstance(event, Delta):
                    await write(self.wire.delta(started, event.text, refused=event.refused))
                elif isinstance(event, Finished):
                    await write(*self.wire.closing(started, event))
                event = await anext(self.events, None)
        except WhetstoneError as error:
            await write(whetstone_body(error))
        except Exception:
            # The status is sent already: all that is left is to say it in the stream.
            logger.exception("interaction %s failed in the middle of its answer", started.interaction_id)
            await write(error_body("Something went wrong inside the service; see its log."))
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


def answer_headers(
    release: str, epoch: int, interaction_id: str, timings: Mapping[str, float]
) -> dict[str, str]:
    """Return the headers of an answer: what served it, and how long each part took (W3C Server Timing, ms)."""
    return {
        "X-Whetstone-Release": release,
        "X-Whetstone-Epoch": str(epoch),
        "X-Whetstone-Interaction": interaction_id,
        "Server-Timing": ", ".join(f"{name};dur={value:.1f}" for name, value in timings.items()),
    }


@asynccontextmanager
async def unless_left(receive: Receive) -> AsyncIterator[None]:
    """Cut short what happens in the context once the client has gone away; nobody hears what follows it."""
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_on_disconnect, receive, tasks.cancel_scope)
            yield
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The only task that raises is the one in the context.
        raise group.exceptions[0] from None


async def _cancel_on_disconnect(receive: Receive, scope: anyio.CancelScope) -> None:
    # The body is read by now: the next message can only say that the client is gone.
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
