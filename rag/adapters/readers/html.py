"""HTML: the main text, with its headings, without menus and scripts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.adapters.readers.files import Records, SourceFile

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_NOT_TEXT = (
    "script, style, noscript, template, svg, math, iframe, object, canvas, nav, footer, aside, dialog, "
    "button, select, textarea, input, [hidden], [aria-hidden=true], [role=navigation], [role=search]"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_TEXTS = frozenset({"p", "pre", "table", "ul", "ol"})  # a blank line follows these
_ROWS = frozenset({"dd", "dt", "li", "tr"})  # these follow each other line by line
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "caption", "details", "div", "dl", "fieldset", "figcaption"}
    | {"figure", "form", "header", "hr", "legend", "main", "section", "summary"}
)


def read(file: SourceFile) -> Records:
    """Read an HTML page: ``<main>`` or ``<article>`` where there is one, else the body."""
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    read = file.decoded(EncodingDetector.find_declared_encoding(file.read_bytes()[:2048], is_html=True))
    page = BeautifulSoup(read.text, "html.parser")
    titles = (tag.get_text(" ") for tag in (page.title, page.find("h1")) if tag is not None)
    title = next(filter(None, (" ".join(title.split()) for title in titles)), "")
    for tag in page.select(_NOT_TEXT):
        tag.decompose()
    yield file.document(text=_main_text(page), title=title or file.stem, unread=read.unread)


def _main_text(page: "BeautifulSoup") -> str:
    found = list(page.select("main, [role=main]") or page.select("article"))
    # A nested one would be read twice.
    ids = set(map(id, found))
    mains = [tag for tag in found if not any(id(parent) in ids for parent in tag.parents)]
    if text := "\n\n".join(filter(None, map(_text, mains))):
        return text
    body = page.body or page
    for tag in body.find_all("header"):
        tag.decompose()
    if page.title:
        page.title.decompose()
    return _text(body)


def _text(root: "Tag") -> str:
    """Return the text below `root`: blocks on lines of their own, headings as in Markdown."""
    text = "".join(_pieces(root)).replace("\xa0", " ")
    # Blanks beside a line's end, and cells' bars with nothing after them.
    text = re.sub(r"(?m)[ \t|]+$", "", text)
    # A list item that holds a paragraph has its mark on a line of its own.
    text = re.sub(r"(?m)^-\n+(?=\S)", "- ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _pieces(root: "Tag") -> Iterator[str]:
    """Yield strings and line breaks in their order, in one walk, however deep the tags are nested."""
    from bs4.element import NavigableString, Tag

    walk: list[tuple[Tag, Iterator[object]]] = [(root, iter(root.children))]
    shaped = headed = 0  # how many <pre> and headings we are in
    fresh = True  # at the beginning of a line, where a blank means nothing
    while walk:
        tag, children = walk[-1]
        for child in children:
            if isinstance(child, Tag):
                walk.append((child, iter(child.children)))
                shaped += child.name == "pre"
                headed += child.name in _HEADINGS
                if mark := _opening(child.name):
                    yield mark
                    fresh = True
                break
            # Subclasses are comments, doctypes and the like.
            if type(child) is NavigableString:
                words = str(child) if shaped and not headed else re.sub(r"\s+", " ", child)
                words = words.lstrip(" ") if fresh and not shaped else words
                yield words
                fresh = words.endswith("\n") if words else fresh
        else:
            walk.pop()
            shaped -= tag.name == "pre"
            headed -= tag.name in _HEADINGS
            if mark := _closing(tag.name):
                yield mark
                fresh = True


def _opening(name: str) -> str:
    if name in _HEADINGS:
        return f"\n\n{'#' * int(name[1])} "
    if name == "li":
        return "\n- "
    return "\n" if name == "br" or name in _ROWS | _BLOCKS | _TEXTS else ""


def _closing(name: str) -> str:
    if name in _HEADINGS or name in _TEXTS:
        return "\n\n"
    if name in ("td", "th"):
        return " | "
    return "\n" if name in _BLOCKS else ""
