"""Word's tables: cells that span rows or columns, put where a table without spans has them."""

import copy
from typing import Any

from rag.adapters.readers.formats.packages import local, named, text_below, whole_number

_LONGEST = 200
"""Characters of a cell that is repeated; a longer one is a text, not a name."""

_WIDEST = 64
"""Columns that a cell is repeated over."""


def spread(tree: Any) -> None:
    """Repeat a cell in each row it spans, and a name of columns in each column.

    A first row of one cell alone is a caption: it is put before the table, so that the names of columns come first.
    """
    for parent in list(tree.iter()):
        for table in [child for child in parent if child.tag == named("w:tbl")]:
            rows = [row for row in table if row.tag == named("w:tr")]
            if len(rows) > 1 and len(_cells(rows[0])) == 1 < max(len(_cells(row)) for row in rows):
                at = list(parent).index(table)
                caption = [block for block in _cells(rows[0])[0] if local(block) != "tcPr"]
                table.remove(rows.pop(0))
                parent[at:at] = caption
            _down(rows)
            for row in rows:
                _indent(row)
            if rows:
                _across(rows[0])


def _cells(row: Any) -> list[Any]:
    found: list[Any] = []
    for child in row:
        if child.tag == named("w:tc"):
            found.append(child)
        elif child.tag == named("w:sdt"):
            found += [
                cell
                for content in child.iter(named("w:sdtContent"))
                for cell in content
                if local(cell) == "tc"
            ]
    return found


def _down(rows: list[Any]) -> None:
    above: dict[int, Any] = {}
    for row in rows:
        column = whole_number(row.find(f"{named('w:trPr')}/{named('w:gridBefore')}"), "w:val", 0)
        for cell in _cells(row):
            merged = cell.find(f"{named('w:tcPr')}/{named('w:vMerge')}")
            if merged is None:
                above.pop(column, None)
            elif merged.get(named("w:val")) == "restart":
                above[column] = cell
            elif column in above:
                _copy(above[column], cell)
                cell.find(named("w:tcPr")).remove(merged)
            column += _span(cell)


def _indent(row: Any) -> None:
    """Write empty cells where a row begins behind the first column."""
    before = row.find(f"{named('w:trPr')}/{named('w:gridBefore')}")
    cells = _cells(row)
    if cells and 0 < (count := whole_number(before, "w:val", 0)) <= _WIDEST:
        at = next(number for number, child in enumerate(row) if local(child) in ("tc", "sdt"))
        for _ in range(count):
            cell = row.makeelement(named("w:tc"), {})
            cell.append(row.makeelement(named("w:p"), {}))
            row.insert(at, cell)


def _across(row: Any) -> None:
    for cell in [child for child in row if child.tag == named("w:tc")]:
        span = cell.find(f"{named('w:tcPr')}/{named('w:gridSpan')}")
        if span is not None and 1 < _span(cell) <= _WIDEST and _is_name(cell):
            count = _span(cell)
            cell.find(named("w:tcPr")).remove(span)
            at = list(row).index(cell)
            row[at + 1 : at + 1] = [copy.deepcopy(cell) for _ in range(count - 1)]


def _copy(source: Any, cell: Any) -> None:
    if _is_name(source) and not text_below(cell):
        for block in [each for each in cell if local(each) != "tcPr"]:
            cell.remove(block)
        cell.extend(copy.deepcopy(block) for block in source if local(block) != "tcPr")


def _is_name(cell: Any) -> bool:
    return len(text_below(cell)) <= _LONGEST and next(cell.iter(named("w:tbl")), None) is None


def _span(cell: Any) -> int:
    return whole_number(cell.find(f"{named('w:tcPr')}/{named('w:gridSpan')}"), "w:val", 1)
