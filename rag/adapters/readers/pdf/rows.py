"""Tables that no rules part: lines one below the other whose words stand in columns with room between."""

from collections.abc import Iterator, Sequence

from rag.adapters.readers.pdf.layout import Box, Line, Table

_LEAST_ROWS = 3
_LONGEST_CELL = 40
"""Letters in a cell on average; more is text in columns, which is read column by column."""
_FAR = 3.0
"""Heights of a line that a row stands below the one before it at most."""


def tables_in(lines: Sequence[Line], taken: Sequence[Table]) -> list[Table]:
    """Return the tables among lines, but for those that stand in tables that are known."""
    return [table for group in _groups(lines, taken) if (table := _table(group)) is not None]


def _groups(lines: Sequence[Line], taken: Sequence[Table]) -> Iterator[list[Line]]:
    held: list[Line] = []
    for line in lines:
        row = len(line.parts) > 1 and not line.alone and not any(each.box.holds(line.box) for each in taken)
        follows = held and 0 < line.box.middle - held[-1].box.middle <= _FAR * line.size
        if held and not (row and follows):
            yield held
            held = []
        if row:
            held.append(line)
    yield held


def _table(lines: Sequence[Line]) -> Table | None:
    if len(lines) < _LEAST_ROWS:
        return None
    columns: list[list[float]] = []
    for left, right in sorted((part.left, part.right) for line in lines for part in line.parts):
        if columns and left <= columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], right)
        else:
            columns.append([left, right])
    rows = []
    for line in lines:
        row = [""] * len(columns)
        for part in line.parts:
            at = next(number for number, (left, right) in enumerate(columns) if left <= part.left <= right)
            if row[at]:
                return None  # words, with room between
            row[at] = part.text
        rows.append(row)
    written = [cell for row in rows for cell in row if cell]
    if len(columns) < 2 or sum(map(len, written)) > _LONGEST_CELL * len(written):
        return None
    box = Box(
        left=columns[0][0], right=columns[-1][1], top=lines[0].box.top + 1, bottom=lines[-1].box.bottom - 1
    )
    return Table(rows=rows, edges=tuple(left for left, _ in columns), box=box)
