"""XML: that of known kinds goes to its reader, of any other each element's text with the names around it."""

import html.entities
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.members import ReaderFor
from rag.adapters.readers.formats.packages import local, text_below
from rag.adapters.readers.html import fragment
from rag.adapters.readers.html.declared import encoding_of
from rag.adapters.readers.xberg import extracted
from rag.errors import UnreadableDocument

_KNOWN = {
    "FictionBook": "application/x-fictionbook+xml",
    "opml": "application/xml+opml",
    "{http://docbook.org/ns/docbook}article": "application/docbook+xml",
    "{http://docbook.org/ns/docbook}book": "application/docbook+xml",
}
"""Root element -> what xberg reads it as."""
_PAGE = "{http://www.w3.org/1999/xhtml}html"
_TITLES = frozenset({"title", "name", "head", "headline", "heading", "subject", "label"})
_PROSE = frozenset(
    {"p", "para", "paragraph", "text", "body", "content", "summary", "description", "abstract", "li"}
)
_WITHIN_LINES = frozenset(
    {
        "a",
        "abbr",
        "b",
        "c",
        "code",
        "del",
        "em",
        "emphasis",
        "font",
        "hi",
        "i",
        "ins",
        "italic",
        "bold",
        "link",
        "mark",
    }
    | {"ref", "s", "seg", "small", "span", "strong", "sub", "sup", "tt", "u", "ulink", "xref"}
)
_TAG = re.compile(
    r"</(?:p|b|i|a|em|div|span|strong|li|td|h[1-6]|pre|code|blockquote)>|<br ?/?>", re.IGNORECASE
)
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,30});")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,500}\?>")
_HEAD = 2_000
_DEEPEST = 200
_ENTITY = re.compile(
    rb"<!ENTITY|"
    + re.escape("<!ENTITY".encode("utf-16-le"))
    + rb"|"
    + re.escape("<!ENTITY".encode("utf-16-be"))
)


def read(file: SourceFile, *, reader_for: ReaderFor) -> Records:
    """Read an XML file as one document.

    Raises:
        UnreadableDocument: it is not well formed, is nested very deeply, or declares entities of its own.
    """
    data = file.read_bytes()
    if _ENTITY.search(data):
        raise UnreadableDocument("declares entities of its own, which may hide a bomb; save it without them")
    read = file.decoded(encoding_of(data))
    # What the file says of its bytes is not true of its letters any more.
    source = _NAMED_ENTITY.sub(_letter, _DECLARATION.sub("", read.text, count=1))
    try:
        # No entities are left but XML's own, and the parser fetches nothing.
        root = ElementTree.fromstring(source)  # noqa: S314
    except DAMAGE as error:
        raise UnreadableDocument(f"is not XML that can be read: {error or type(error).__name__}") from error
    page = reader_for("page.html")
    if root.tag == _PAGE and page is not None:
        yield from page(file)
        return
    kind = _KNOWN.get(root.tag, _KNOWN.get(local(root), ""))
    if not kind and local(root) in ("article", "book", "chapter") and b"DocBook" in data[:_HEAD]:
        kind = "application/docbook+xml"
    if kind:
        result = extracted(source.encode(), mime=kind, kind="an XML file")
        yield results.document(file, result, unread=read.unread)
        return
    lines = "\n".join(_lines(root, 1))
    text = re.sub(r"\n{3,}", "\n\n", lines).strip()
    titles = (text_below(each) for each in root.iter() if local(each).lower() in ("title", "name"))
    yield file.document(text=text, title=next(filter(None, titles), "") or file.stem, unread=read.unread)


def _lines(element: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise UnreadableDocument(f"is nested more than {_DEEPEST} deep; it is broken, or hostile")
    name = local(element)
    attributes = _attributes(element)
    children = list(element)
    if not children or _is_mixed(element):
        yield from _leaf(element, name, attributes)
        return
    yield ""
    head = next((each for each in children if local(each).lower() in _TITLES and not len(each)), None)
    if head is not None and (title := text_below(head)):
        yield f"{'#' * min(depth, 6)} {title}\n"
        children.remove(head)
        attributes = ", ".join(filter(None, [attributes, _attributes(head)]))
    if attributes:
        yield f"{name} {attributes}"
    for child in children:
        yield from _lines(child, depth + 1)
    yield ""


def _leaf(element: Any, name: str, attributes: str) -> Iterator[str]:
    raw = "".join(_texts(element)).strip()
    text = " ".join(raw.split())
    within = [
        f"{local(each)} {said}"
        for each in element.iter()
        if each is not element and (said := _attributes(each))
    ]
    about = f" ({'; '.join(filter(None, [attributes, *within]))})" if attributes or within else ""
    if _TAG.search(raw):
        # Feeds carry whole pages as the text of an element.
        yield f"\n{fragment(raw) or text}\n"
    elif text and (len(element) or name.lower() in _PROSE):
        yield f"\n{text}{about}\n"
    elif text or about:
        yield f"{name}{about}: {text}" if text else f"{name}{about}"


def _texts(element: Any, depth: int = 0) -> Iterator[str]:
    """Yield the texts within an element; marks within a line part no words, other elements do."""
    if depth > _DEEPEST:
        raise UnreadableDocument(f"is nested more than {_DEEPEST} deep; it is broken, or hostile")
    yield element.text or ""
    for child in element:
        apart = "" if local(child).lower() in _WITHIN_LINES else " "
        yield apart
        yield from _texts(child, depth + 1)
        yield apart
        yield child.tail or ""


def _letter(found: re.Match[str]) -> str:
    """Return the letter of HTML's names that stand in XML all the same."""
    letter = html.entities.html5.get(f"{found[1]};", "")
    return f"&#{ord(letter)};" if len(letter) == 1 else found[0]


def _is_mixed(element: Any) -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _attributes(element: Any) -> str:
    return ", ".join(
        f"{key.rpartition('}')[2]}: {value}" for key, value in element.attrib.items() if value.strip()
    )
