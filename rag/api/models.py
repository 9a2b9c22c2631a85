"""Which models a client may ask for: one, and which encoder it finds passages with."""

from typing import Any

from fastapi import APIRouter, Request

from rag.api.roles import allow
from rag.api.serving import serving_of
from rag.domain import Role
from rag.errors import NotFound

MODEL = "whetstone"

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[allow(Role.READER)])


@router.get("")
async def list_models(request: Request) -> dict[str, Any]:
    """List the one model."""
    return {"object": "list", "data": [_model(request)]}


@router.get("/{model}")
async def get_model(request: Request, model: str) -> dict[str, Any]:
    """Give the one model."""
    if model != MODEL:
        raise NotFound(f"There is no model {model!r}, only {MODEL!r}.")
    return _model(request)


def _model(request: Request) -> dict[str, Any]:
    with serving_of(request).live.pin() as pinned:
        return {
            "id": MODEL,
            "object": "model",
            "created": int(pinned.release.created_at.timestamp()),
            "owned_by": MODEL,
            "encoder": pinned.encoder.digest,
            "release": pinned.release.digest,
            "epoch": pinned.epoch,
        }
