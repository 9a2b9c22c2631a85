"""Which models a client may ask for: one that answers and one that makes vectors."""

from typing import Any

from fastapi import APIRouter, Request

from rag.api.guards.roles import allow
from rag.api.serving import serving_of
from rag.api.wire.model_names import EMBEDDING_MODEL, MODEL, check_embedding_model
from rag.domain import Role
from rag.questions.finding.retrieval import Pinned

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[allow(Role.READER)])


@router.get("")
async def list_models(request: Request) -> dict[str, Any]:
    """List the models by their lasting names."""
    with serving_of(request).answering.live.pin() as pinned:
        return {"object": "list", "data": [_described(name, pinned) for name in (MODEL, EMBEDDING_MODEL)]}


@router.get("/{model}")
async def get_model(request: Request, model: str) -> dict[str, Any]:
    """Return one model."""
    with serving_of(request).answering.live.pin() as pinned:
        if model != MODEL:
            check_embedding_model(model, pinned)
        return _described(model, pinned)


def _described(name: str, pinned: Pinned) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(pinned.release.created_at.timestamp()),
        "owned_by": MODEL,
        "encoder": pinned.encoder.digest,
        "release": pinned.release.digest,
        "epoch": pinned.epoch,
    }
