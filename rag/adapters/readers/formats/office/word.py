"""Word's DOCX and DOCM: xberg reads them, after what it takes wrongly was put right in their XML."""

import copy
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.members import Members, ReaderFor
from rag.adapters.readers.formats.office import drawings, equations
from rag.adapters.readers.formats.office.tables import spread
from rag.adapters.readers.formats.packages import Package, become, local, named, serialised, text_below
from rag.adapters.readers.xberg import extracted

_MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EQUATION = re.compile("\uf8fde(\\d{1,9})\uf8fd")
_OFF = frozenset({"0", "false", "off", "none"})
_SYMBOLS = {
    "F0FC": "✓",
    "F0FE": "☑",
    "F0A8": "☐",
    "F06F": "☐",
    "F0B7": "•",
    "F0E0": "→",
    "F0D8": "➢",
    "F0A7": "▪",
}
"""Wingdings and Symbol characters that people set by hand, and the letters that look like them."""


def read(file: SourceFile, *, reader_for: ReaderFor) -> Records:
    """Read a DOCX as one document, and what office programs embedded in it as documents of their own.

    Raises:
        UnreadableDocument: it is broken, needs a password, or unpacks to far too much.
    """
    package = Package(file, kind="a DOCX", newer=".docx")
    members = Members(file, reader_for, "embedded file")
    corrected = _Corrected(package, members)
    result = extracted(corrected.written(), mime=_MIME, kind="a DOCX")
    text = results.markdown(result.content.replace("[cmt:", "[^cmt"))
    text = corrected.filled(text)
    embedded = [record for name in corrected.embedded for record in members.read(name, package.read(name))]
    yield results.document(file, result, text=text, unread=[*corrected.unread, *members.reasons()])
    yield from embedded


class _Corrected:
    """The main part of a DOCX, put right, and what stands for parts that xberg does not read."""

    def __init__(self, package: Package, members: Members) -> None:
        self.unread: list[str] = []
        self.embedded: list[str] = []
        self._package = package
        self._members = members
        self._main = package.main("word/document.xml")
        self._related = package.related(self._main)
        self._tree = package.tree(self._main)
        self._fillings: dict[str, str] = {}  # what stands in paragraphs of its own
        self._equations: list[str] = []  # what stands within a line
        for each in self._related.values():
            if each.kind == "package" and each.target in package:
                self.embedded.append(each.target)
            elif each.kind in ("oleObject", "subDocument"):
                what = "embedded object" if each.kind == "oleObject" else "part in another file"
                self.unread.append(f"the {what} {posixpath.basename(each.target)} was not read")

    def written(self) -> bytes:
        """Return the file with all that is put right."""
        _remove_what_is_not_shown(self._tree)
        self._number_notes()
        self._write_equations()
        self._mark_parts()
        self._add_headers_and_footers()
        spread(self._tree)
        return self._package.written({self._main: serialised(self._tree)}, dropped=self.embedded)

    def filled(self, text: str) -> str:
        """Return the text with HTML chunks, charts and diagrams in their places."""
        for mark, filling in self._fillings.items():
            before, found, after = text.partition(mark)
            if not found:
                text = f"{text}\n\n{filling}"
                continue
            line = before.rpartition("\n")[2]
            if line.startswith("|"):
                # Within a cell there is one line only.
                filling = " ".join(filling.split()).replace("|", "\\|")
                text = f"{before}{filling}{after}"
            else:
                text = f"{before.rstrip()}\n\n{filling}\n\n{after.lstrip()}"
        return _EQUATION.sub(lambda found: self._equations[int(found[1])], text).strip()

    def _write_equations(self) -> None:
        """Write equations where they stand; xberg puts them before the paragraph."""
        for kind, mark in (("m:oMathPara", "$$"), ("m:oMath", "$")):
            for each in list(self._tree.iter(named(kind))):
                written = equations.tex(each)
                # A bar would end a cell.
                self._equations.append(f"{mark}{written}{mark}".replace("|", "\\vert ") if written else "")
                text = each.makeelement(named("w:t"), {})
                text.text = f"\uf8fde{len(self._equations) - 1}\uf8fd"
                tail = each.tail
                each.clear()
                each.tag, each.tail = named("w:r"), tail
                each.append(text)

    def _number_notes(self) -> None:
        """Write the numbers of notes where they stand; xberg puts those of all notes at a paragraph's end."""
        numbers: dict[tuple[str, str], int] = {}
        for kind in ("footnote", "endnote"):
            for each in self._related.values():
                if each.kind == f"{kind}s" and each.target in self._package:
                    for note in self._package.tree(each.target).iter(named(f"w:{kind}")):
                        if note.get(named("w:type")) in (None, "normal"):
                            numbers[kind, note.get(named("w:id"), "")] = len(numbers) + 1
        for kind in ("footnote", "endnote"):
            for mark in self._tree.iter(named(f"w:{kind}Reference")):
                number = numbers.get((kind, mark.get(named("w:id"), "")))
                if number is not None:
                    become(mark, "w:t", f"[^{number}]")

    def _mark_parts(self) -> None:
        parents = {child: parent for parent in self._tree.iter() for child in parent}
        for chunk in list(self._tree.iter(named("w:altChunk"))):
            self._mark(chunk, self._chunk(chunk.get(named("r:id"), "")))
            mark = _paragraph_of(chunk)
            parents[chunk][list(parents[chunk]).index(chunk)] = mark
        for name, key, text_of in (
            (named("c:chart"), named("r:id"), drawings.chart),
            (named("dgm:relIds"), named("r:dm"), drawings.diagram),
        ):
            for found in list(self._tree.iter(name)):
                part = self._related.get(found.get(key, ""))
                drawing = _within(found, named("w:drawing"), parents)
                if part is not None and part.target in self._package and drawing is not None:
                    self._mark(drawing, text_of(self._package.tree(part.target)))

    def _mark(self, element: Any, filling: str) -> None:
        """Turn an element into text that stands for its filling until xberg has read the file."""
        mark = f"\uf8fe{len(self._fillings)}\uf8fe"
        self._fillings[mark] = filling
        become(element, "w:t", mark)

    def _chunk(self, key: str) -> str:
        part = self._related.get(key)
        if part is None or part.target not in self._package:
            self.unread.append("a part of another format is missing from the file")
            return ""
        text = self._members.text_of(posixpath.basename(part.target), self._package.read(part.target))
        if text is None:
            self.unread.append(f"the part {part.target} of another format was not read")
        return text or ""

    def _add_headers_and_footers(self) -> None:
        """Put each header before the body and each footer after it, once; page numbers alone are none."""
        body = self._tree.find(named("w:body"))
        if body is None:
            return
        seen = {text_below(each) for each in body}
        first = 0
        for each in self._related.values():
            if each.kind not in ("header", "footer") or each.target not in self._package:
                continue
            part = self._package.tree(each.target)
            _remove_what_is_not_shown(part)
            for block in part:
                text = text_below(block)
                if not any(map(str.isalpha, _without_page_numbers(block))) or text in seen:
                    continue
                seen.add(text)
                # Its links are numbered in a part of its own.
                for link in block.iter(named("w:hyperlink")):
                    link.attrib.pop(named("r:id"), None)
                if each.kind == "header":
                    body.insert(first, block)
                    first += 1
                else:
                    body.append(block)


def _remove_what_is_not_shown(tree: Any) -> None:
    """Remove text that was moved away or is hidden; mend what xberg joins words at."""
    for parent in list(tree.iter()):
        for child in list(parent):
            name = local(child)
            if name in ("moveFrom", "del") or (name == "r" and _is_hidden(child)):
                parent.remove(child)
            elif name == "cr":
                child.tag = named("w:br")
            elif name == "ptab":
                child.tag = named("w:tab")
            elif name == "sym":
                become(child, "w:t", _SYMBOLS.get(child.get(named("w:char"), "").upper(), " "))


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{named('w:rPr')}/{named('w:vanish')}")
    return vanish is not None and vanish.get(named("w:val"), "1") not in _OFF


def _paragraph_of(text: Any) -> Any:
    paragraph = text.makeelement(named("w:p"), {})
    run = text.makeelement(named("w:r"), {})
    run.append(copy.copy(text))
    paragraph.append(run)
    return paragraph


def _within(element: Any, name: str, parents: dict[Any, Any]) -> Any | None:
    while element is not None and element.tag != name:
        element = parents.get(element)
    return element


def _without_page_numbers(block: Any) -> str:
    """Return the text of a header's block without fields that count pages, and the words around them."""
    text = "".join(_shown(block))
    return (
        ""
        if text.strip().lower() in ("page", "page  of", "page of", "seite", "seite  von", "of", "-", "")
        else text
    )


def _shown(block: Any) -> Iterator[str]:
    inside = 0
    for each in block.iter():
        name = local(each)
        if name == "fldChar":
            kind = each.get(named("w:fldCharType"))
            inside += (kind == "begin") - (kind == "end")
        elif name == "t" and not inside:
            yield each.text or ""
