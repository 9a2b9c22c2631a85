"""CSV and TSV: rows of cells, the first of them the names of the columns."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.tables.naming import Columns, check_asked, columns_of, distinct
from rag.adapters.readers.tables.records import Record, documents, first_tells, quoted
from rag.errors import UnreadableDocument
from rag.library.documents import FieldNames

_MARKS = ",;\t|"
_NONE = "\x1f"  # a mark that no file has: each line is one cell
_SAMPLE = 200  # lines that are looked at to tell what parts the cells
_MOST_OPEN = 100  # quotes without an end that are looked for to the end of the file
_MARK = re.compile(r'"?sep=(?P<mark>[^\w"\r\n])"?\s*', re.IGNORECASE)  # Excel's own first line


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    line: int  # from 1; a row whose cells hold line ends begins there
    cells: list[str]
    fault: str = ""

    @property
    def filled(self) -> int:
        """How many of its cells say something."""
        return sum(map(bool, map(str.strip, self.cells)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Header:
    mark: str  # what parts the cells
    row: _Row
    above: tuple[_Row, ...]  # rows before it that are no part of the table

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return distinct(self.row.cells)


def read_csv(file: SourceFile) -> Records:
    """Read a CSV or TSV file. Comma, semicolon, tab and bar are told apart."""
    read = file.decoded()
    lines = read.text.split("\n")
    # A text longer than the module's 128 KiB is no mistake here; the file's size is limited already.
    csv.field_size_limit(max(csv.field_size_limit(), file.max_bytes))
    header = _header(lines, file)
    check_asked(f"line {header.row.line}", header.names, file.fields)
    columns = columns_of(header.names, file.fields)
    yield from documents(file, first_tells(read.unread, _records(lines, header, columns)), columns)


def _records(lines: Sequence[str], header: _Header, columns: Columns) -> Iterator[Record]:
    names = header.names
    above = header.above
    rows = (row for row in _rows(lines, header.mark) if row.cells and row.line > header.row.line)
    for number, row in enumerate(rows, start=1):
        if not row.filled:
            continue
        unread = [] if not row.fault else [f"line {row.line} {row.fault}"]
        if above:
            unread.append(_told_above(above))
            above = ()
        surplus = _surplus(row, len(names))
        if surplus or len(row.cells) < len(names):
            unread.append(_told(row, names, surplus))
        yield Record(
            place=f"line {row.line}",
            number=f"row-{number}",
            # A short row has the fields it has: filled up, a wide header would make many of few bytes.
            fields=dict(zip(names, row.cells, strict=False)),
            extend=_extending(surplus, names, columns, header.mark),
            unread=tuple(unread),
        )


def _surplus(row: _Row, width: int) -> list[str]:
    """Return the cells that no column is for, without empty ones at the end, which spreadsheets write."""
    cells = row.cells[width:]
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _extending(
    surplus: Sequence[str], names: Sequence[str], columns: Columns, mark: str
) -> Callable[[str], str]:
    """Return what puts surplus cells into a text: as it was meant where it comes last, unquoted; else below it."""
    if not surplus:
        return str
    if columns.text == names[-1]:
        return lambda text: mark.join((text, *surplus))
    below = "\n".join(filter(None, map(str.strip, surplus)))
    return lambda text: f"{text}\n{below}".strip()


def _told(row: _Row, names: Sequence[str], surplus: Sequence[str]) -> str:
    cells = len(names) + len(surplus) if surplus else len(row.cells)
    found = f"line {row.line} has {cells:,} {'cell' if cells == 1 else 'cells'}, the header {len(names):,}"
    if surplus:
        return (
            f"{found}; the surplus {quoted([cell.strip() for cell in surplus])} was added to the text, "
            "nothing was cut: put quotes around cells that hold the mark between cells"
        )
    return f"{found}; without a cell: {quoted(names[len(row.cells) :])}; nothing was cut"


def _told_above(above: Sequence[_Row]) -> str:
    first, last = above[0].line, above[-1].line
    where = f"line {first}" if first == last else f"lines {first} to {last}"
    cells = [cell for row in above for cell in row.cells if cell.strip()]
    return f"{where} above the header, {quoted(cells)}, belong{'s' if first == last else ''} to no record"


def _header(lines: Sequence[str], file: SourceFile) -> _Header:
    """Return the header under the mark that gives the best one.

    Best is one that names the text; then one that most rows have as many cells as; then one whose names begin with
    no blanks; then the widest.

    Raises:
        UnreadableDocument: the file holds no text.
    """
    marks = _MARKS
    if said := _MARK.fullmatch(lines[0]):
        marks = said["mark"]
    elif file.path.suffix.lower() == ".tsv" and any("\t" in line for line in lines[:_SAMPLE]):
        marks = "\t"
    found = [each for mark in marks if (each := _candidate(lines, mark, file.fields))]
    if len(found) < len(marks):
        raise UnreadableDocument("holds no text")
    best = max(found, key=lambda each: each[0])[1]
    # Of a single column, a comma in a line is one of its text.
    return best if len(best.names) > 1 else replace(best, mark=_NONE)


def _candidate(lines: Sequence[str], mark: str, asked: FieldNames) -> tuple[tuple[int, ...], _Header] | None:
    """Return how good a header a mark gives, and the header; None where no cell says anything."""
    rows = [row for row in islice(_rows(lines, mark), _SAMPLE) if row.line <= _SAMPLE]
    filled = [row for row in rows if row.filled]
    if not filled:
        return None
    at = 0
    while at + 1 < len(filled) and _is_above(filled, at, rows, asked):
        at += 1
    header = _Header(mark=mark, row=filled[at], above=tuple(filled[:at]))
    names = header.names
    agreeing = sum(len(row.cells) == len(names) for row in filled[at + 1 :]) if len(names) > 1 else 0
    # Behind a comma between words there is a blank, behind one between cells seldom.
    apart = -sum(cell.startswith(" ") for cell in header.row.cells)
    return (columns_of(names, asked).text in names, agreeing, apart, len(names)), header


def _is_above(filled: Sequence[_Row], at: int, rows: Sequence[_Row], asked: FieldNames) -> bool:
    """Tell whether a row is a comment or a headline over the table, not the names of its columns."""
    row, below = filled[at], filled[at + 1 :]
    # Where all the rows below have as many cells, one that has another number is no header of theirs.
    width = len(below[0].cells) if len({len(each.cells) for each in below}) == 1 < len(below) else 0
    if row.cells[0].lstrip().startswith("#"):
        other = below[0].filled > row.filled or (width > 1 and width != len(row.cells))
        named = columns_of(distinct(below[0].cells), asked).text in distinct(below[0].cells)
        return other or named or below[0].cells[0].lstrip().startswith("#")
    # A headline: one cell, and an empty line between it, or what else is written there, and the table.
    wider = next((each for each in below if each.filled > 1), None)
    if row.filled > 1 or wider is None:
        return False
    parted = any(not each.filled and row.line < each.line < wider.line for each in rows)
    # Or the names stand right below it; spreadsheets fill its row up to the width of the table.
    names = len(below[0].cells)
    alone = len(row.cells) == names or (len(row.cells) == 1 and width > 0)
    return parted or (alone and len(below) > 1 and below[0].filled == names > 2)


def _rows(lines: Sequence[str], mark: str) -> Iterator[_Row]:
    """Yield the rows. A line whose quotes do not pair is parted at the marks, and its quotes stay."""
    at = 1 if _MARK.fullmatch(lines[0]) else 0
    still_open = 0
    # A blank between a mark and a quote is none of the cell's; any other may be.
    blanks = any(f'{mark} "' in line for line in lines)
    while at < len(lines):
        rest = (f"{lines[each]}\n" for each in range(at, len(lines)))
        reader = csv.reader(rest, delimiter=mark, strict=True, skipinitialspace=blanks)
        begun = at
        try:
            for cells in reader:
                yield _Row(line=begun + 1, cells=cells)
                begun = at + reader.line_num
            return
        except csv.Error as error:
            still_open += "unexpected end" in str(error)
            yield _faulty(lines, begun, mark)
            at = begun + 1
        if still_open >= _MOST_OPEN:
            yield from (_faulty(lines, each, mark) for each in range(at, len(lines)) if lines[each].strip())
            return


def _faulty(lines: Sequence[str], at: int, mark: str) -> _Row:
    return _Row(
        line=at + 1,
        cells=lines[at].split(mark),
        fault="has a quote that does not pair; it was read as it stands",
    )
