"""Excel's XLSX: each sheet a heading and a table whose first row names the columns."""

from collections.abc import Iterator, Mapping
from typing import Any

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.members import Members, ReaderFor
from rag.adapters.readers.formats.office import cells
from rag.adapters.readers.formats.packages import OLE, Package, local, named, parsed, serialised, text_below
from rag.adapters.readers.xberg import extracted, usual
from rag.errors import UnreadableDocument

_MIME = {
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_MOST_CELLS = 1_000_000
_MOST_CORRECTED = 30_000_000
"""Bytes of a sheet whose merged cells and percentages are written out; larger ones are read as they are."""


def read(file: SourceFile, *, reader_for: ReaderFor) -> Records:
    """Read a workbook as one document whose locators are its sheets; hidden sheets are read like others.

    Raises:
        UnreadableDocument: it is broken, needs a password, unpacks to far too much, or has very many cells.
    """
    package = Package(file, kind="an XLSX", newer=".xlsx")
    book = _Book(package)
    members = Members(file, reader_for, "embedded file")
    data = package.written(book.corrected(), dropped=book.embedded)
    embedded = [record for name in book.embedded for record in members.read(name, package.read(name))]
    yield tables_of(file, data, ".xlsx", beside=book.beside, unread=[*book.unread, *members.reasons()])
    yield from embedded


def read_old(file: SourceFile) -> Records:
    """Read a workbook of Excel 97 to 2003 as `read` does, but for merged cells, comments and what is embedded."""
    data = file.read_bytes()
    if not data.startswith(OLE):
        raise UnreadableDocument("is not an XLS that can be read: it does not begin as one")
    yield tables_of(file, data, ".xls")


def tables_of(
    file: SourceFile,
    data: bytes,
    ending: str,
    *,
    beside: Mapping[str, list[str]] | None = None,
    unread: list[str] | None = None,
) -> Any:
    """Return the document of a workbook's sheets.

    Args:
        file: whose document it is.
        data: the workbook.
        ending: its format.
        beside: sheet name -> what stands on the sheet beside its cells.
        unread: what was not read of it.
    """
    import xberg

    config = usual(security_limits=xberg.SecurityLimits(max_table_cells=_MOST_CELLS))
    result = extracted(data, mime=_MIME[ending], kind=f"an {ending[1:].upper()}", config=config)
    sheets: dict[str, str] = {}
    for page in result.pages or ():
        name = page.sheet_name or str(page.page_number)
        found = results.markdown(page.content)
        table = "" if found == f"## {name}" else cells.with_names(found)
        body = "\n\n".join(filter(None, [table, *(beside or {}).get(name, ())]))
        sheets[name] = f"## {name}\n\n{body}" if body else ""
    text, locators = results.located("sheet", sheets)
    title = results.given_title(result.metadata.title)
    return results.document(
        file, result, text=text, title=title or file.stem, locators=locators, unread=unread or ()
    )


class _Book:
    """A workbook's sheets, and what of them xberg does not read."""

    def __init__(self, package: Package) -> None:
        self._package = package
        main = package.main("xl/workbook.xml")
        related = package.related(main)
        self._sheets = {
            each.get("name", ""): related[key].target
            for each in package.tree(main).iter()
            if local(each) == "sheet" and (key := each.get(named("r:id"), "")) in related
        }
        for each in related.values():
            if each.kind == "sharedStrings" and each.target in package:
                package.check(each.target)
        self._styles = next((each.target for each in related.values() if each.kind == "styles"), "")
        self.unread: list[str] = []
        self.embedded: list[str] = []
        self.beside: dict[str, list[str]] = {}
        for name, part in self._sheets.items():
            for each in package.related(part).values():
                if each.kind == "package" and each.target in package:
                    self.embedded.append(each.target)
                elif each.kind == "oleObject" and not each.external:
                    self.unread.append(f"an embedded object on the sheet {name} was not read")
            self.beside[name] = list(self._beside(part))

    def corrected(self) -> dict[str, bytes]:
        """Return the sheets in which something is put right."""
        styles = self._tree(self._styles) if self._styles in self._package else None
        percent = {} if styles is None else cells.percentages(styles)
        pad = {} if styles is None else cells.padded(styles)
        written: dict[str, bytes] = {}
        empty = 0
        for part in self._sheets.values():
            if part not in self._package:
                continue
            self._package.check(part)
            data = self._package.read(part)
            if len(data) > _MOST_CORRECTED or not (
                b"mergeCell " in data or b"f>" in data or b't="e"' in data or percent or pad
            ):
                continue
            tree = parsed(data)
            empty += cells.without_values(tree)
            if cells.spread(tree) + cells.write_percentages(tree, percent) + cells.write_shown(tree, pad):
                written[part] = serialised(tree)
        if empty:
            self.unread.append(
                f"{empty:,} formulas hold no value; open the file in a spreadsheet program and save it"
            )
        return written

    def _tree(self, part: str) -> Any:
        return self._package.tree(part)

    def _beside(self, part: str) -> Iterator[str]:
        """Yield comments and text boxes."""
        for each in self._package.related(part).values():
            if each.target not in self._package:
                continue
            if each.kind == "comments":
                for comment in self._tree(each.target).iter():
                    if local(comment) == "comment" and (text := text_below(comment)):
                        yield f"Comment on {comment.get('ref', '')}: {text}"
            elif each.kind == "drawing":
                for shape in self._tree(each.target).iter():
                    if local(shape) == "txBody":
                        yield "\n\n".join(filter(None, map(text_below, shape.iter(named("a:p")))))
