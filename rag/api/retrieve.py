"""Passages for a question, without an answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from rag.api.roles import allow
from rag.api.serving import principal_of, serving_of, source_url
from rag.domain import Role

router = APIRouter(prefix="/v1/retrieve", tags=["retrieve"], dependencies=[allow(Role.READER)])


class RetrieveRequest(BaseModel):
    """What to look for."""

    query: str
    limit: Annotated[int, Field(ge=1, le=100)] | None = None  # unset: as many as an answer relies on


@router.post("")
async def retrieve(request: Request, body: RetrieveRequest) -> JSONResponse:
    """Find the passages nearest to a question."""
    principal = principal_of(request)
    found = await serving_of(request).answerer.retrieve_only(
        body.query, principal=principal.id, tenant=principal.tenant, limit=body.limit
    )
    interaction = found.interaction
    hits: list[dict[str, Any]] = [
        {
            "rank": hit.rank,
            "score": hit.score,
            "passage_id": hit.passage.id,
            "document_id": hit.passage.document_id,
            "uri": hit.passage.uri,
            "title": hit.passage.title,
            "text": hit.passage.text,
            "url": source_url(request, hit.passage.id),
        }
        for hit in found.hits
    ]
    content = {
        "interaction_id": interaction.id,
        "release": interaction.release,
        "epoch": interaction.epoch,
        "encoder": found.encoder,
        "hits": hits,
    }
    headers = {
        "X-Whetstone-Release": interaction.release,
        "X-Whetstone-Epoch": str(interaction.epoch),
        "X-Whetstone-Interaction": interaction.id,
    }
    return JSONResponse(content, headers=headers)
