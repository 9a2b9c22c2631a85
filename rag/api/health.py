"""Is the process alive, and can it answer?"""

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from rag.api.errors import whetstone_body
from rag.api.roles import public
from rag.api.serving import serving_of
from rag.errors import NotReady, Unavailable
from rag.releases import Part

router = APIRouter(tags=["health"], dependencies=[public()])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Model, index and SQL are there; 503 names those that are not."""
    serving = serving_of(request)
    parts = {part.name: part for part in serving.live.status()}
    try:
        await to_thread.run_sync(serving.stores.ping)
        parts["sql"] = Part(name="sql", ready=True, detail="answers")
    except Unavailable as error:
        parts["sql"] = Part(name="sql", ready=False, detail=str(error))
    missing = [part.name for part in parts.values() if not part.ready]
    body = {
        "status": "not ready" if missing else "ready",
        "parts": {part.name: {"ready": part.ready, "detail": part.detail} for part in parts.values()},
    }
    if not missing:
        return JSONResponse(body)
    not_ready = NotReady(f"Not ready: {', '.join(missing)}.")
    content = whetstone_body(not_ready) | body
    return JSONResponse(content, status_code=not_ready.status, headers={"Retry-After": "1"})
