"""The chat page at ``/``, and the pages' static files."""

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from rag.api.guards.roles import public
from rag.api.pages.html import html_page, page_files
from rag.api.serving import serving_of
from rag.errors import NotFound

router = APIRouter(tags=["pages"], include_in_schema=False, dependencies=[public()])

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@router.api_route("/", methods=["GET", "HEAD"])
async def chat_page(request: Request) -> Response:
    """Return the chat page. It holds nobody's data: whatever it shows it asks the API for, as any client does."""
    longest = str(serving_of(request).settings.max_question_chars)
    return html_page("chat", root="", headers={"Cache-Control": "no-cache"}, longest=longest)


@router.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
async def static_file(digest: str, name: str) -> Response:
    """Return a static file.

    A page of another version, loaded before an update, gets today's file, but may not keep it.
    """
    files = page_files()
    content = files.static.get(name)
    if content is None:
        raise NotFound(f"There is no file {name!r} among the pages' files.")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if digest == files.digest else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)
