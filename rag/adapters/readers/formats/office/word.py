"""Word's DOCX and DOCM: xberg reads them, after what it takes wrongly was put right in their XML."""

import copy
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from rag.adapters.encodings import decoded
from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import mail, results
from rag.adapters.readers.formats.members import Members, ReaderFor
from rag.adapters.readers.formats.office import drawings, equations, headings, numbering
from rag.adapters.readers.formats.office.shown import put_right
from rag.adapters.readers.formats.office.tables import spread
from rag.adapters.readers.formats.packages import Package, become, local, named, serialised, text_below
from rag.adapters.readers.html import fragment
from rag.adapters.readers.html.declared import encoding_of
from rag.adapters.readers.xberg import extracted

_MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_AMPERSAND = re.compile(r"(\]\([^()\s]{0,2000}?|(?<=&)[^()\s&]{0,2000}?)&amp;(?=[^()\s]*\))")
_EQUATION = re.compile("\uf8fde(\\d{1,9})\uf8fd")
_AROUND_NUMBERS = frozenset(
    {"", "-", "of", "page", "page of", "page sur", "seite", "seite von", "página", "página de", "pagina"}
    | {"pagina di", "pagina van", "strona", "strona z", "страница", "страница из", "sida", "side", "side av"}
)
"""What stands around the numbers of pages."""


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
    text = numbering.with_labels(_AMPERSAND.sub(r"\1&", corrected.filled(text)))
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
        put_right(self._tree)
        changed = self._put_right_beside()
        styles, numbers = self._part("styles"), self._part("numbering")
        headings.drop_contents(self._tree, styles)
        numbering.Numbering(numbers, styles).write(self._tree)
        if styles is not None:
            headings.level(styles)
            headings.mark(self._tree)
            changed |= {
                each.target: serialised(styles) for each in self._related.values() if each.kind == "styles"
            }
        self._number_notes()
        self._write_equations()
        self._mark_parts()
        self._add_headers_and_footers()
        spread(self._tree)
        changed[self._main] = serialised(self._tree)
        return self._package.written(changed, dropped=self.embedded)

    def _part(self, kind: str) -> Any | None:
        """Return the tree of a part of which there is one; None where there is none."""
        names = (each.target for each in self._related.values() if each.kind == kind)
        found = next((name for name in names if name in self._package), None)
        return None if found is None else self._package.tree(found)

    def _put_right_beside(self) -> dict[str, bytes]:
        """Return notes and comments, put right."""
        changed: dict[str, bytes] = {}
        for each in self._related.values():
            if each.kind in ("footnotes", "endnotes", "comments") and each.target in self._package:
                tree = self._package.tree(each.target)
                put_right(tree)
                changed[each.target] = serialised(tree)
        return changed

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
        content = self._package.read(part.target)
        name = posixpath.basename(part.target).lower()
        text: str | None
        if name.endswith((".mht", ".mhtml", ".eml")):
            text = mail.body_of(content, self._members)
        elif name.endswith((".htm", ".html", ".xhtml")):
            text = fragment(decoded(content, labels=(encoding_of(content),)).text)
        else:
            text = self._members.text_of(name, content)
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
            put_right(part)
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
    text = " ".join("".join(_shown(block)).split())
    return "" if text.lower() in _AROUND_NUMBERS else text


def _shown(block: Any) -> Iterator[str]:
    inside = 0
    counted = {id(text) for each in block.iter(named("w:fldSimple")) for text in each.iter()}
    for each in block.iter():
        name = local(each)
        if name == "fldChar":
            kind = each.get(named("w:fldCharType"))
            inside += (kind == "begin") - (kind == "end")
        elif name == "t" and not inside and id(each) not in counted:
            yield each.text or ""
