"""OpenDocument: texts (ODT), sheets (ODS) and slides (ODP), put right before xberg reads them."""

import copy
import re
from typing import Any

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.office import contents, sheets
from rag.adapters.readers.formats.packages import (
    Package,
    become,
    local,
    named,
    serialised,
    text_below,
    whole_number,
)
from rag.adapters.readers.xberg import extracted
from rag.errors import UnreadableDocument
from rag.text.tables import markdown_table

_MIME = "application/vnd.oasis.opendocument."
_CONTENT = "content.xml"
_SHAPES = frozenset(
    {
        "caption",
        "circle",
        "connector",
        "custom-shape",
        "ellipse",
        "line",
        "path",
        "polygon",
        "polyline",
        "rect",
    }
)
_LONGEST = 200
"""Characters of a cell that is repeated in each row it spans."""


def read_text(file: SourceFile) -> Records:
    """Read an ODT as one document; UnreadableDocument where it is broken or encrypted."""
    package, tree = _opened(file, "an ODT")
    notes = _notes(tree)
    contents.drop(tree)
    contents.write_out(tree)
    _headers_and_footers(package, tree)
    beside, unread = _objects(package, tree)
    _unbox(tree)
    _spread(tree)
    data = package.written({_CONTENT: serialised(tree)})
    result = extracted(data, mime=f"{_MIME}text", kind="an ODT")
    text = "\n\n".join(filter(None, [results.markdown(result.content), *beside, *notes]))
    yield results.document(file, result, text=text, unread=unread)


def read_sheets(file: SourceFile) -> Records:
    """Read an ODS as one document whose locators are its sheets; UnreadableDocument as above."""
    package, tree = _opened(file, "an ODS")
    beside: dict[str, list[str]] = {}
    for sheet in tree.iter(named("table:table")):
        said = [text_below(each) for each in sheet.iter(named("office:annotation"))]
        beside[sheet.get(named("table:name"), "")] = [f"Comment: {text}" for text in said if text]
    _remove(tree, "office:annotation")
    for cell in tree.iter(named("table:table-cell")):
        # Shown as 25 % and kept as 0.25; shown as 09:30 and kept as PT09H30M.
        kind = cell.get(named("office:value-type"))
        if kind in ("percentage", "time") or (kind == "float" and re.match(r"0\d", text_below(cell))):
            cell.set(named("office:value-type"), "string")
            cell.attrib.pop(named("office:value"), None)
            cell.attrib.pop(named("office:time-value"), None)
    # Charts show cells that are read already.
    _, unread = _objects(package, tree)
    _spread(tree)
    data = package.written({_CONTENT: serialised(tree)})
    yield sheets.tables_of(file, data, ".ods", beside=beside, unread=unread)


def read_slides(file: SourceFile) -> Records:
    """Read an ODP as one document whose locators are its slides; UnreadableDocument as above."""
    package, tree = _opened(file, "an ODP")
    said, _ = _objects(package, tree)
    _spaces(tree)
    heads: list[str] = []
    notes: list[str] = []
    for number, page in enumerate(tree.iter(named("draw:page"))):
        page.set(named("draw:name"), _mark(number))
        for shape in [each for each in page if local(each) in _SHAPES]:
            _frame(shape)
        heads.append(_take(page, lambda each: each.get(named("presentation:class")) == "title"))
        notes.append(_take(page, lambda each: each.tag == named("presentation:notes")))
    data = package.written({_CONTENT: serialised(tree)})
    result = extracted(data, mime=f"{_MIME}presentation", kind="an ODP")
    left = results.markdown(result.content)
    parts: dict[str, str] = {}
    for number, (head, note) in enumerate(zip(heads, notes, strict=True)):
        _, _, left = left.partition(f"## {_mark(number)}")
        body = left.partition(f"## {_mark(number + 1)}")[0].strip().removesuffix("-----")
        pieces = [f"## {head}" if head else "", body.strip(), f"Notes: {note}" if note else ""]
        parts[str(number + 1)] = "\n\n".join(filter(None, pieces))
    text, locators = results.located("slide", parts)
    title = results.given_title(result.metadata.title) or next(iter(heads), "")
    yield results.document(
        file, result, text="\n\n".join(filter(None, [text, *said])), title=title, locators=locators
    )


def _frame(shape: Any) -> None:
    """Make a shape a text box; xberg passes over others that lie by themselves."""
    inner = [each for each in shape if local(each) in ("p", "list")]
    shape.tag = named("draw:frame")
    box = shape.makeelement(named("draw:text-box"), {})
    box[:] = inner
    shape[:] = [box]


def _opened(file: SourceFile, kind: str) -> tuple[Package, Any]:
    package = Package(file, kind=kind, newer=file.path.suffix)
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise UnreadableDocument("is encrypted; save it without a password")
    if _CONTENT not in package:
        raise UnreadableDocument(f"is not {kind} that can be read: there is no {_CONTENT} in it")
    return package, package.tree(_CONTENT)


def _mark(number: int) -> str:
    return f"\uf8fe{number}\uf8fe"


def _take(page: Any, wanted: Any) -> str:
    """Remove what is wanted from a page and return its text."""
    taken = [each for each in page if wanted(each)]
    for each in taken:
        page.remove(each)
    return " ".join(filter(None, map(text_below, taken)))


def _spaces(tree: Any) -> None:
    """Write out the spaces that xberg joins words at."""
    for each in list(tree.iter(named("text:s"))):
        become(each, "text:span", " ")


def _notes(tree: Any) -> list[str]:
    """Put the mark of each note and comment where it stands, and return their texts."""
    _spaces(tree)
    found: list[str] = []
    for kind, body in (("text:note", "text:note-body"), ("office:annotation", None)):
        for each in list(tree.iter(named(kind))):
            holder = each if body is None else each.find(named(body))
            blocks = (
                [] if holder is None else [block for block in holder if local(block) in ("p", "list", "h")]
            )
            text = " ".join(filter(None, map(text_below, blocks)))
            mark = f"[^{'c' if body is None else ''}{len(found) + 1}]"
            become(each, "text:span", mark if text else "")
            if text:
                found.append(f"{mark}: {text}")
    return found


def _remove(tree: Any, name: str) -> None:
    for parent in list(tree.iter()):
        for child in [each for each in parent if each.tag == named(name)]:
            at = list(parent).index(child)
            if child.tail and at:
                parent[at - 1].tail = (parent[at - 1].tail or "") + child.tail
            elif child.tail:
                parent.text = (parent.text or "") + child.tail
            parent.remove(child)


def _headers_and_footers(package: Package, tree: Any) -> None:
    """Put each header before the text and each footer after it, once."""
    body = tree.find(f"{named('office:body')}/{named('office:text')}")
    if body is None or "styles.xml" not in package:
        return
    seen: set[str] = set()
    first = 0
    for each in package.tree("styles.xml").iter():
        if not local(each).startswith(("header", "footer")) or not each.tag.startswith(named("style:")):
            continue
        for number in list(each.iter(named("text:page-number"))) + list(each.iter(named("text:page-count"))):
            number.text = ""
        _spaces(each)
        for block in [block for block in each if local(block) in ("p", "h", "list", "table")]:
            text = text_below(block)
            if text in seen or not any(map(str.isalpha, text)):
                continue
            seen.add(text)
            if local(each).startswith("header"):
                body.insert(first, block)
                first += 1
            else:
                body.append(block)


def _objects(package: Package, tree: Any) -> tuple[list[str], list[str]]:
    """Return texts of embedded charts and formulas, and what was not read of other objects."""
    texts: list[str] = []
    unread: list[str] = []
    for each in list(tree.iter(named("draw:object"))) + list(tree.iter(named("draw:object-ole"))):
        name = each.get(named("xlink:href"), "").removeprefix("./").strip("/")
        part = f"{name}/{_CONTENT}"
        found = _object(package.tree(part)) if part in package else None
        if found:
            texts.append(found)
        elif found is None and name:
            unread.append(f"the embedded object {name} was not read")
    return texts, unread


def _object(tree: Any) -> str | None:
    if local(tree) == "math":
        formulas = [text_below(each) for each in tree.iter() if local(each) == "annotation"]
        return f"$${' '.join(formulas) or text_below(tree)}$$"
    table = next(tree.iter(named("table:table")), None)
    if table is None:
        return None
    rows = [
        [text_below(cell) for cell in row if local(cell) == "table-cell"]
        for row in table.iter(named("table:table-row"))
    ]
    widest = max(map(len, rows), default=0)
    return markdown_table([row + [""] * (widest - len(row)) for row in rows]) if widest else None


def _unbox(tree: Any) -> None:
    """Put what stands in text boxes after the paragraph that holds them; xberg gives it twice otherwise."""
    parents = {child: parent for parent in tree.iter() for child in parent}
    for box in list(tree.iter(named("draw:text-box"))):
        block = box
        while block is not None and local(block) not in ("p", "h"):
            block = parents.get(block)
        holder = parents.get(block)
        if block is None or holder is None:
            continue
        at = list(holder).index(block) + 1
        moved = list(box)
        box[:] = []
        holder[at:at] = moved
        parents.update(dict.fromkeys(moved, holder))


def _spread(tree: Any) -> None:
    """Repeat a cell in each row that it spans."""
    for table in list(tree.iter(named("table:table"))):
        above: dict[int, tuple[Any, int]] = {}
        for row in _rows(table):
            column = 0
            for at, cell in enumerate(list(row)):
                source, left = above.pop(column, (None, 0))
                if local(cell) == "covered-table-cell" and source is not None:
                    filled = copy.deepcopy(source)
                    for name in ("number-rows-spanned", "number-columns-spanned"):
                        filled.attrib.pop(named(f"table:{name}"), None)
                    row[at] = filled
                    if left > 1:
                        above[column] = (source, left - 1)
                spanned = whole_number(cell, "table:number-rows-spanned", 1)
                if spanned > 1 and len(text_below(cell)) <= _LONGEST and not list(cell.iter(table.tag)):
                    above[column] = (cell, spanned - 1)
                column += whole_number(cell, "table:number-columns-repeated", 1)


def _rows(table: Any) -> list[Any]:
    rows: list[Any] = []
    for child in table:
        if local(child) == "table-row":
            rows.append(child)
        elif local(child) in ("table-header-rows", "table-rows", "table-row-group"):
            rows += _rows(child)
    return rows
