"""EPUB: the chapters of a book in their order, each read as a page."""

import posixpath
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from rag.adapters.encodings import decoded
from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.packages import Package, local, parsed, text_below
from rag.adapters.readers.html import fragment
from rag.adapters.readers.html.declared import encoding_of
from rag.errors import UnreadableDocument

_RIGHTS = "META-INF/encryption.xml"
_CONTAINER = "META-INF/container.xml"
_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[\]<>]{0,1000}>")
_CLOSED = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)[\s/])"
    r"(?P<name>[A-Za-z][\w:.-]{0,50})(?P<rest>(?:\s[^<>]{0,5000})?)/>"
)
_NOTED = re.compile(r"<a\s(?=[^<>]{0,2000}epub:type\s*=\s*[\"']noteref)[^<>]{0,2000}>")


def read(file: SourceFile) -> Records:
    """Read a book as one document.

    Raises:
        UnreadableDocument: it is broken, unpacks to far too much, or its chapters are protected.
    """
    package = Package(file, kind="an EPUB")
    # Fonts may be scrambled without harm to the text.
    if _RIGHTS in package and any(
        ending in package.read(_RIGHTS).lower() for ending in (b".xhtml", b".html", b'.htm"')
    ):
        raise UnreadableDocument("is protected against copying; get it without protection")
    listing = next(
        (each.get("full-path", "") for each in package.tree(_CONTAINER).iter() if local(each) == "rootfile"),
        "",
    )
    try:
        book = parsed(_DOCTYPE.sub(b"", package.read(listing), count=1))
    except DAMAGE as error:
        raise package.broken(error) from error
    unread: list[str] = []
    chapters = list(_chapters(package, book, posixpath.dirname(listing), unread))
    text = "\n\n".join(filter(None, chapters))
    said = {name: _said(book, name) for name in ("title", "creator", "language", "date", "subject")}
    yield file.document(
        text=text,
        title=results.given_title(next(iter(said["title"]), "")) or results.first_heading(text) or file.stem,
        metadata=results.described(
            authors=said["creator"],
            created=next(iter(said["date"]), None),
            keywords=said["subject"],
            language=next(iter(said["language"]), None),
        ),
        unread=unread,
    )


def _chapters(package: Package, book: Any, folder: str, unread: list[str]) -> Iterator[str]:
    """Yield the text of each chapter in the order of the spine, but for the table of contents."""
    items = {each.get("id", ""): each for each in book.iter() if local(each) == "item"}
    order = [each.get("idref", "") for each in book.iter() if local(each) == "itemref"]
    for key in dict.fromkeys(order):
        item = items.get(key)
        if item is None or "nav" in item.get("properties", "").split():
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if item.get("media-type", "").startswith("image/"):
            continue
        if name not in package:
            unread.append(f"the chapter {name} is missing from the file")
            continue
        data = package.read(name)
        read = decoded(data, labels=(encoding_of(data),))
        unread += read.unread
        yield fragment(_as_page(read.text))


def _as_page(xhtml: str) -> str:
    """Return a chapter as a page of HTML: elements that XHTML closes in one tag, and references to notes."""
    page = _CLOSED.sub(r"<\g<name>\g<rest>></\g<name>>", xhtml)
    return _NOTED.sub('<a role="doc-noteref" href="#note">', page)


def _said(book: Any, name: str) -> list[str]:
    metadata = next((each for each in book if local(each) == "metadata"), None)
    within = () if metadata is None else metadata.iter()
    return [text for each in within if local(each).lower() == name and (text := text_below(each))]
