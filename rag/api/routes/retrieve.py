"""Passages for a question, without an answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from rag.api.guards.roles import allow
from rag.api.serving import principal_of, serving_of, source_url
from rag.api.wire.answers import answer_headers
from rag.api.wire.filters import Filter
from rag.domain import Role

router = APIRouter(prefix="/v1/retrieve", tags=["retrieve"], dependencies=[allow(Role.READER)])


class RetrieveRequest(BaseModel):
    """What to look for."""

    query: str
    limit: Annotated[int, Field(ge=1, le=100)] | None = None  # unset: as many as an answer relies on
    filter: Filter | None = None


@router.post("", response_model=None)
async def retrieve(request: Request, body: RetrieveRequest) -> JSONResponse:
    """Find the passages nearest to a question."""
    principal = principal_of(request)
    found = await serving_of(request).answering.answerer.retrieve_only(
        body.query, principal=principal.id, tenant=principal.tenant, limit=body.limit, where=body.filter
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
            "locator": hit.passage.locator,
            "text": hit.passage.text,
            "metadata": dict(hit.passage.metadata),
            "url": source_url(request, hit.passage.id),
            "also_in": list(hit.also_in),
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
    headers = answer_headers(interaction.release, interaction.epoch, interaction.id, found.timings)
    return JSONResponse(content, headers=headers)
