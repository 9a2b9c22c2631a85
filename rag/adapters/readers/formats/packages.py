"""Zipped packages of XML parts, as office programs write them: opened with care, changed, written anew.

What is written anew has true sizes and no document type, so that whatever reads it next meets no bomb.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.errors import UnreadableDocument

_MOST_UNPACKED = 4
"""Times the largest file allowed; a small archive can unpack to anything."""

OLE = b"\xd0\xcf\x11\xe0"
"""What files of the old binary formats begin with."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

_PREFIXES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "o": "urn:schemas-microsoft-com:office:office",
    "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "v": "urn:schemas-microsoft-com:vml",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "wpg": "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "xlink": "http://www.w3.org/1999/xlink",
    "dc": "http://purl.org/dc/elements/1.1/",
}
"""xberg goes by these prefixes, whatever a file calls its namespaces."""

_APART = frozenset(
    {"p", "h", "tab", "br", "cr", "line-break", "tc", "table-cell", "list-item", "desc", "title"}
)
_DEEPEST = 400
_LISTING = "http://schemas.openxmlformats.org/package/2006/relationships"
_RELATIONSHIP = _PREFIXES["r"]

# Strict OOXML has namespaces of its own for the same elements.
_STRICT = {
    f"http://purl.oclc.org/ooxml/{strict}".encode(): f"http://schemas.openxmlformats.org/{usual}".encode()
    for strict, usual in (
        ("wordprocessingml/main", "wordprocessingml/2006/main"),
        ("spreadsheetml/main", "spreadsheetml/2006/main"),
        ("presentationml/main", "presentationml/2006/main"),
        ("officeDocument/relationships", "officeDocument/2006/relationships"),
        ("officeDocument/math", "officeDocument/2006/math"),
        ("drawingml/wordprocessingDrawing", "drawingml/2006/wordprocessingDrawing"),
        ("drawingml/", "drawingml/2006/"),
    )
}


def named(name: str) -> str:
    """Return a prefixed name as ElementTree writes it: w:p -> {http://...}p."""
    prefix, _, local = name.partition(":")
    return f"{{{_PREFIXES[prefix]}}}{local}"


def local(element: Any) -> str:
    """Return an element's name without its namespace; empty for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def text_below(element: Any) -> str:
    """Return all text within an element, on one line; what stands on lines of its own is no part of one word."""
    pieces: list[str] = []
    waiting = [(element, False)]
    while waiting:
        each, over = waiting.pop()
        apart = " " if local(each) in _APART else ""
        if over:
            pieces += [apart, each.tail or "" if each is not element else ""]
        else:
            pieces += [apart, each.text or "" if isinstance(each.tag, str) else ""]
            waiting.append((each, True))
            waiting += [(child, False) for child in reversed(each)]
    return " ".join("".join(pieces).split())


def become(element: Any, name: str, text: str) -> None:
    """Make an element one of that prefixed name with nothing but a text in it; what follows it stays."""
    tail = element.tail
    element.clear()
    element.tag, element.text, element.tail = named(name), text, tail


def whole_number(element: Any, name: str, otherwise: int) -> int:
    """Return the whole number in an attribute of an element; `otherwise` where there is none."""
    return otherwise if element is None else digits(element.get(named(name), ""), otherwise)


def digits(written: str, otherwise: int) -> int:
    """Return the whole number that is written; `otherwise` where it is none, or very large."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 8 else otherwise


def refuse_old(_: SourceFile, *, newer: str) -> Records:
    """Raise UnreadableDocument for Word's and PowerPoint's formats before 2007: they cannot be read whole."""
    raise UnreadableDocument(f"is in the format of before 2007; save it as {newer}")


def _refuse_doctype(*_: object) -> None:
    """Refuse what entities are declared in: bombs, and references to other files."""
    raise UnreadableDocument("holds XML with a document type, which may hide a bomb; save it anew")


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, *_: object) -> None:
        _refuse_doctype()


def parsed(data: bytes) -> ElementTree.Element:
    """Return the tree of XML without a document type; ParseError where it is broken."""
    # Without a document type there are no entities, and the parser fetches nothing.
    tree: ElementTree.Element = ElementTree.fromstring(data, ElementTree.XMLParser(target=_Builder()))  # noqa: S314
    return tree


def serialised(tree: ElementTree.Element) -> bytes:
    """Return the tree as XML, its namespaces under xberg's prefixes; UnreadableDocument where it is too deep."""
    for prefix, uri in _PREFIXES.items():
        ElementTree.register_namespace(prefix, uri)
    try:
        written: bytes = ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True)
    except RecursionError as error:
        raise UnreadableDocument("is nested too deeply; it is broken, or hostile") from error
    return written


def check_depth(tree: ElementTree.Element) -> None:
    """Raise UnreadableDocument where elements lie in each other so deep that no program wrote them."""
    level = list(tree)
    for _ in range(_DEEPEST):
        level = [child for element in level for child in element]
        if not level:
            return
    raise UnreadableDocument("is nested too deeply; it is broken, or hostile")


def listed(related: "Mapping[str, Related]") -> bytes:
    """Return what a part points at, as the package lists it."""
    rows = "".join(
        f"<Relationship Id={quoteattr(key)} Type={quoteattr(f'{_RELATIONSHIP}/{each.kind}')} "
        f"Target={quoteattr(each.target if each.external else f'/{each.target}')}"
        + (' TargetMode="External"/>' if each.external else "/>")
        for key, each in related.items()
    )
    return f'<Relationships xmlns="{_LISTING}">{rows}</Relationships>'.encode()


def listing_of(part: str) -> str:
    """Return the name of the list of what a part points at."""
    folder, _, name = part.rpartition("/")
    return posixpath.join(folder, "_rels", f"{name}.rels")


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """What a part points at."""

    kind: str  # the last word of its type: image, header, hyperlink
    target: str  # name of a part, or an address where it is external
    external: bool


def opened(data: bytes, *, kind: str, max_bytes: int) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """Return a zipped file, opened, and its files; UnreadableDocument where it is none, or unpacks to too much."""
    try:
        archive = zipfile.ZipFile(BytesIO(data))
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except DAMAGE as error:
        raise _broken(kind, error) from error
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MOST_UNPACKED * max_bytes:
        raise UnreadableDocument(f"unpacks to {unpacked:,} bytes, which is too much; split it")
    return archive, entries


def _broken(kind: str, error: BaseException) -> UnreadableDocument:
    return UnreadableDocument(f"is not {kind} that can be read: {error or type(error).__name__}")


class Package:
    """An opened package."""

    def __init__(self, file: SourceFile, *, kind: str, newer: str = "") -> None:
        """Open it.

        Args:
            file: the package.
            kind: the format as a person calls it, for failures: "a DOCX".
            newer: the ending to save files of the old binary format as.

        Raises:
            UnreadableDocument: it is none, is broken or encrypted, or unpacks to too much.
        """
        data = file.read_bytes()
        if data.startswith(OLE):
            if _ENCRYPTED in data:
                raise UnreadableDocument("is encrypted; save it without a password")
            raise UnreadableDocument(f"is in an old binary format; save it as {newer or 'a newer one'}")
        self._kind = kind
        self._archive, entries = opened(data, kind=kind, max_bytes=file.max_bytes)
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnreadableDocument("is encrypted; save it without a password")
        self.names = tuple(dict.fromkeys(entry.filename for entry in entries))
        self._known = frozenset(self.names)

    def broken(self, error: BaseException) -> UnreadableDocument:
        """Return the failure for damage that was met."""
        return _broken(self._kind, error)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def read(self, name: str) -> bytes:
        """Return a part's bytes; UnreadableDocument where it is missing or damaged."""
        try:
            content = self._archive.read(name)
        except (*DAMAGE, NotImplementedError) as error:
            raise self.broken(error) from error
        if name.endswith((".xml", ".rels")) and b"//purl.oclc.org/ooxml/" in content:
            for strict, usual in _STRICT.items():
                content = content.replace(strict, usual)
        return content

    def tree(self, name: str) -> ElementTree.Element:
        """Return a part's tree; UnreadableDocument where it is missing or damaged."""
        try:
            return parsed(self.read(name))
        except DAMAGE as error:
            raise self.broken(error) from error

    def check(self, name: str) -> None:
        """Raise UnreadableDocument where a part is no whole XML; xberg gives what comes before the fault."""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(self.read(name), True)
        except expat.ExpatError as error:
            raise self.broken(error) from error

    def related(self, part: str) -> dict[str, Related]:
        """Return what a part points at, by id; the package itself is the part ''."""
        folder = posixpath.dirname(part)
        listing = listing_of(part)
        if listing not in self._known:
            return {}
        found: dict[str, Related] = {}
        for each in self.tree(listing):
            target = each.get("Target", "")
            external = each.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
            kind = each.get("Type", "").rpartition("/")[2]
            found[each.get("Id", "")] = Related(kind=kind, target=target, external=external)
        return found

    def main(self, usual: str) -> str:
        """Return the name of the part that holds the document; UnreadableDocument where there is none."""
        for each in self.related("").values():
            if each.kind == "officeDocument" and each.target in self._known:
                return each.target
        if usual in self._known:
            return usual
        raise UnreadableDocument(f"is not {self._kind} that can be read: there is no {usual} in it")

    def written(
        self,
        changed: Mapping[str, bytes],
        *,
        dropped: Iterable[str] = (),
        renamed: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return the package anew with parts changed, dropped and renamed; pictures, sounds and films are left out."""
        left_out = frozenset(dropped)
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for name in self.names:
                if name in left_out or _MEDIA.search(name):
                    continue
                content = changed[name] if name in changed else self.read(name)
                archive.writestr((renamed or {}).get(name, name), content)
        return out.getvalue()


_MEDIA = re.compile(
    r"(?:^|/)(?:media|Pictures|Thumbnails|thumbnail)[/.]|\.(?:png|jpe?g|gif|emf|wmf|tiff?|bmp|mp[34]|wav|bin)$",
    re.I,
)
