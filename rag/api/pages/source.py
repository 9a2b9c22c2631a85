"""A passage as a page, with the sentence that an answer relied on marked."""

import re
from html import escape
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

from rag.api.pages.html import Markup, html_page
from rag.api.wire.errors import error_headers
from rag.domain import Passage
from rag.errors import LinkExpired, NotFound, Unauthorised, Unavailable, WhetstoneError

# What it shows may change or be deleted, and belongs to whoever had the link or the key.
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
_PAGE = re.compile(r"pages? ([1-9][0-9]{0,8})(?:-[0-9]+)?", re.ASCII)
_SPAN = re.compile(r"([0-9]{1,9})-([0-9]{1,9})", re.ASCII)


def source_page(passage: Passage, span: str) -> HTMLResponse:
    """Write the page at ``/v1/sources/{passage_id}``.

    The characters of its text from `span`, ``<start>-<end>``, are marked; anything that is no such part is ignored.
    """
    return html_page(
        "source",
        root="../../",
        headers=_HEADERS,
        title=passage.title or passage.uri,
        origin=_origin(passage),
        text=_marked(passage.text, span),
    )


def page_wanted(headers: Headers) -> bool:
    """Tell whether a request is a browser's, which shows pages, and not a program's."""
    return "text/html" in headers.get("accept", "")


def refusal_page(error: WhetstoneError) -> HTMLResponse:
    """Write the page for a person who follows a link that shows no passage, with the status of the error."""
    title, text = _told(error)
    return html_page(
        "source",
        root="../../",
        headers={**_HEADERS, **error_headers(error)},
        status=error.status,
        title=title,
        origin="",
        text=text,
    )


def _told(error: WhetstoneError) -> tuple[str, str]:
    """Return title and text in words for a person, who sees a link and knows of no keys and ids."""
    match error:
        case NotFound():
            return (
                "This passage is not there any more",
                "Its document was changed or deleted since the answer was given. "
                "Ask again to see what it says now.",
            )
        case LinkExpired():
            return (
                "This link has expired",
                "Links to sources open for a while only. Ask your question again: the new answer's links open.",
            )
        case Unauthorised():
            return (
                "This link does not open the passage",
                "It was cut off or changed on its way, or it is an old one. Open it from the answer itself, "
                "or ask your question again.",
            )
        case Unavailable():
            return "This passage cannot be shown right now", "Try again in a moment."
        case _:
            return "This passage cannot be shown", str(error)


def _marked(text: str, span: str) -> Markup:
    found = _SPAN.fullmatch(span)
    start, end = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 0 <= start < end <= len(text):
        return Markup(escape(text))
    before, quote, after = (escape(part) for part in (text[:start], text[start:end], text[end:]))
    return Markup(f"{before}<mark>{quote}</mark>{after}")


def origin_of(passage: Passage) -> str:
    """Return the address of what the passage is from, at its page where it is a PDF on the web; empty for no address.

    A document's uri is whatever its author chose: javascript: and the like are no addresses.
    """
    try:
        parts = urlsplit(passage.uri)
    except ValueError:  # e.g. brackets that hold no IPv6 address
        return ""
    if parts.scheme not in ("http", "https"):
        return ""
    page = _PAGE.fullmatch(passage.locator)
    # Browsers and readers of PDF open the page that the fragment names (RFC 8118).
    if page and not parts.fragment and parts.path.lower().endswith(".pdf"):
        return f"{passage.uri.rstrip('#')}#page={page[1]}"
    return passage.uri


def _origin(passage: Passage) -> Markup:
    shown = escape(passage.uri, quote=True)
    if address := origin_of(passage):
        shown = f'<a href="{escape(address, quote=True)}" rel="noopener noreferrer nofollow">{shown}</a>'
    return Markup(shown + (f" · {escape(passage.locator)}" if passage.locator else ""))
