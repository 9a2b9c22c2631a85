"""Where an answer's citations lead: one passage, for a program or a person."""

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from rag.api.roles import allow
from rag.api.serving import principal_of, serving_of, source_url
from rag.api.source_page import gone_page, source_page
from rag.domain import Role
from rag.errors import NotFound

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
    serving = serving_of(request)
    found = await to_thread.run_sync(serving.stores.documents.passages, [passage_id])
    passage = found.get(passage_id)
    page_wanted = "text/html" in request.headers.get("accept", "")
    if passage is None or passage.tenant != principal_of(request).tenant:
        if page_wanted:
            return gone_page()
        raise NotFound(f"There is no passage {passage_id!r}; its document was changed or deleted.")
    if page_wanted:
        return source_page(passage, request.query_params.get("s", ""))
    return JSONResponse(
        {
            "passage_id": passage.id,
            "document_id": passage.document_id,
            "position": passage.position,
            "uri": passage.uri,
            "title": passage.title,
            "text": passage.text,
            "url": source_url(request, passage.id),
        },
        headers=_HEADERS,
    )
