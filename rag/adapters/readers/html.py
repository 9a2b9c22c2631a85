"""HTML: the main text, with its headings, without menus and scripts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.adapters.readers.files import SourceFile, decoded
from rag.documents import ReadFailure
from rag.domain import Document

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_NOT_TEXT = (
    "script, style, noscript, template, svg, math, iframe, object, canvas, nav, footer, aside, dialog, "
    "button, select, textarea, input, [hidden], [aria-hidden=true], [role=navigation], [role=search]"
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LISTS_AND_TEXTS = ("p", "pre", "table", "ul", "ol")  # a blank line follows these
_BLOCKS = (
    *_LISTS_AND_TEXTS,
    *("address", "article", "aside", "blockquote", "caption", "dd", "details", "div", "dl", "dt", "fieldset"),
    *("figcaption", "figure", "form", "header", "hr", "legend", "li", "main", "section", "summary", "tr"),
)


def read(file: SourceFile) -> Iterator[Document | ReadFailure]:
    """Read an HTML page: ``<main>`` or ``<article>`` where there is one, else the body."""
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    data = file.read_bytes()
    # A declared encoding is not a guess, so an old page in windows-1252 is read as what it is.
    declared = EncodingDetector.find_declared_encoding(data[:2048], is_html=True)
    page = BeautifulSoup(decoded(data, declared=declared), "html.parser")
    title = page.title.get_text(" ", strip=True) if page.title else ""
    if not title and (first := page.find("h1")):
        title = first.get_text(" ", strip=True)
    for tag in page.select(_NOT_TEXT):
        tag.decompose()
    yield file.document(text=_main_text(page), title=title or file.stem)


def _main_text(page: "BeautifulSoup") -> str:
    found = list(page.select("main, [role=main]") or page.select("article"))
    # A nested one would be read twice.
    mains = [tag for tag in found if not any(parent is other for parent in tag.parents for other in found)]
    if text := "\n\n".join(filter(None, map(_text, mains))):
        return text
    body = page.body or page
    for tag in body.find_all("header"):
        tag.decompose()
    if page.title:
        page.title.decompose()
    return _text(body)


def _text(root: "Tag") -> str:
    """Give the text below `root`: blocks on lines of their own, headings as in Markdown."""
    from bs4.element import NavigableString

    for string in list(root.find_all(string=True)):
        if type(string) is NavigableString and string.find_parent("pre") is None:
            string.replace_with(NavigableString(re.sub(r"\s+", " ", string)))
    for tag in root.find_all("br"):
        tag.replace_with("\n")
    for tag in root.find_all(["td", "th"]):
        if tag.find_next_sibling(["td", "th"]):
            tag.append(" | ")
    for tag in root.find_all(_HEADINGS):
        words = tag.get_text(" ", strip=True)
        tag.replace_with(f"\n\n{'#' * int(tag.name[1])} {words}\n\n" if words else "\n")
    for tag in root.find_all(_BLOCKS):
        tag.insert(0, "\n- " if tag.name == "li" else "\n")
        tag.append("\n\n" if tag.name in _LISTS_AND_TEXTS else "\n")
    lines = (line.rstrip() for line in root.get_text().replace("\xa0", " ").split("\n"))
    text = re.sub(r"(?m)^ (?=\S)", "", "\n".join(lines))
    # A list item that holds a paragraph has its mark on a line of its own.
    text = re.sub(r"(?m)^-\n+(?=\S)", "- ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
