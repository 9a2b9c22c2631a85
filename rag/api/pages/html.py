"""Templates and static files of the pages, and how a page is filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse

_FOLDER = Path(__file__).parent

PAGE_HEADERS: Mapping[str, str] = {
    # Scripts, styles and requests from here only, none inline. Trusted types forbid, on top of that, every way of
    # making elements or code of a string, so that no answer and no document can become markup by a slip of ours.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""What every page is sent with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFiles:
    """The templates and static files, as they were when first asked for."""

    templates: Mapping[str, Template]  # by name, e.g. "chat"
    static: Mapping[str, bytes]  # by file name, e.g. "chat.js"
    digest: str  # over names and bytes of all static files: modules of two versions never meet on one page


@cache
def page_files() -> PageFiles:
    """Read the files that the package brings along, once."""
    static = {file.name: file.read_bytes() for file in sorted((_FOLDER / "static").iterdir())}
    digest = sha256()
    for name, content in static.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    templates = {file.stem: Template(file.read_text("utf-8")) for file in _FOLDER.glob("*.html")}
    return PageFiles(templates=templates, static=static, digest=digest.hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that is safe as it stands."""

    html: str


def html_page(
    template: str, *, root: str, headers: Mapping[str, str], status: int = 200, **values: str | Markup
) -> HTMLResponse:
    """Fill the values into the template's places, and send the page with `headers` beside `PAGE_HEADERS`.

    Text is escaped here, for element content and quoted attributes alike; `Markup` is taken as it is. `root` is the
    way from the page's address to ``/``, e.g. ``../../``: links stay right below a proxy's prefix.
    """
    files = page_files()
    escaped = {
        name: value.html if isinstance(value, Markup) else escape(value, quote=True)
        for name, value in values.items()
    }
    content = files.templates[template].substitute(escaped, root=root, static=f"{root}static/{files.digest}")
    return HTMLResponse(content, status, headers={**PAGE_HEADERS, **headers})
