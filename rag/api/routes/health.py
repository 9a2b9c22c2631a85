"""Is the process alive, and can it answer?"""

from collections.abc import Callable

import anyio
from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from rag.api.guards.roles import public
from rag.api.serving import serving_of
from rag.api.wire.errors import whetstone_body
from rag.errors import NotReady, WhetstoneError
from rag.running.readiness import readiness

_PING_S = 1.0
"""How long the database may take to answer before it counts as away, in seconds."""

router = APIRouter(tags=["health"], dependencies=[public()])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Whether questions can be answered now; 503 names the parts for which they cannot."""
    serving = serving_of(request)
    parts = readiness(
        serving.answering.live.status(),
        sql_trouble=await _sql_trouble(serving.ping),
        log=serving.logs.questions.state(),
        breaker=serving.answering.breaker,
    )
    missing = [part.name for part in parts if not part.ready]
    body = {
        "status": "not ready" if missing else "ready",
        "parts": {part.name: {"ready": part.ready, "detail": part.detail} for part in parts},
    }
    if not missing:
        return JSONResponse(body)
    not_ready = NotReady(f"Not ready: {', '.join(missing)}.")
    content = whetstone_body(not_ready) | body
    return JSONResponse(content, status_code=not_ready.status, headers={"Retry-After": "1"})


async def _sql_trouble(ping: Callable[[], None]) -> str:
    with anyio.move_on_after(_PING_S):
        try:
            await to_thread.run_sync(ping, abandon_on_cancel=True)
        except WhetstoneError as error:
            return str(error)
        return ""
    return f"it did not answer within {_PING_S:g} s"
