"""Where an answer's citations lead: one passage, for a program or a person."""

from html import escape
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from rag.api.roles import allow
from rag.api.serving import principal_of, serving_of, source_url
from rag.domain import Passage, Role
from rag.errors import NotFound

router = APIRouter(prefix="/v1/sources", tags=["sources"], dependencies=[allow(Role.READER)])

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
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
    if passage is None or passage.tenant != principal_of(request).tenant:
        raise NotFound(f"There is no passage {passage_id!r}; its document was changed or deleted.")
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_page(passage), headers=_HEADERS)
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


def _page(passage: Passage) -> str:
    title = escape(passage.title or passage.uri)
    uri = escape(passage.uri, quote=True)
    # A document's uri is whatever its author chose: javascript: and the like must not become a link.
    if urlsplit(passage.uri).scheme in ("http", "https"):
        uri = f'<a href="{uri}" rel="noopener noreferrer nofollow">{uri}</a>'
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }}
pre {{ font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }}
p {{ color: #555; overflow-wrap: anywhere; }}
</style>
<h1>{title}</h1>
<p>{uri}</p>
<pre>{escape(passage.text)}</pre>
</html>
"""
