"""Where an answer's citations lead: one passage, for a program or a person."""

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from rag.api.guards.roles import allow
from rag.api.pages.source import origin_of, page_wanted, refusal_page, source_page
from rag.api.serving import principal_of, serving_of, source_url
from rag.domain import Passage, Role
from rag.errors import NotFound, WhetstoneError

router = APIRouter(prefix="/v1/sources", tags=["sources"], dependencies=[allow(Role.READER)])

_HEADERS = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
}


@router.get("/{passage_id}")
async def source(request: Request, passage_id: str) -> Response:
    """Show a passage: JSON, or a page where the Accept header asks for HTML."""
    for_a_person = page_wanted(request.headers)
    try:
        passage = await _passage(request, passage_id)
    except WhetstoneError as error:
        if for_a_person:
            return refusal_page(error)
        raise
    if for_a_person:
        return source_page(passage, request.query_params.get("s", ""))
    return JSONResponse(
        {
            "passage_id": passage.id,
            "document_id": passage.document_id,
            "position": passage.position,
            "uri": passage.uri,
            "title": passage.title,
            "locator": passage.locator,
            "origin": origin_of(passage),
            "text": passage.text,
            "url": source_url(request, passage.id),
        },
        headers=_HEADERS,
    )


async def _passage(request: Request, passage_id: str) -> Passage:
    documents = serving_of(request).documents.store
    passage = (await to_thread.run_sync(documents.passages, [passage_id])).get(passage_id)
    if passage is None or passage.tenant != principal_of(request).tenant:
        raise NotFound(f"There is no passage {passage_id!r}; its document was changed or deleted.")
    return passage
