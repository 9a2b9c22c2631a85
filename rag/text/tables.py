"""Tables of Markdown: written from rows; and a row of one -> a line that can be read by itself."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text.markdown import Block, cells

_BREAK = re.compile(r"\s*<br\s{0,3}/?>\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    start: int  # characters of the text the table stands in, without the space around the row
    end: int
    line: str


def markdown_table(rows: Sequence[Sequence[str]], *, header: bool = True) -> str:
    """Return rows as a table, the first one its header; without `header` as further rows of a table."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    if header:
        lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def rows(text: str, table: Block) -> Iterator[Row]:
    """Yield the rows of a table of the text; the header alone where there is no other row."""
    header, _, *body = table.lines
    names = cells(text[header.content : header.end])
    if not body:
        yield _row(text, header.content, header.end, readable([], names))
    for each in body:
        yield _row(text, each.content, each.end, readable(names, cells(text[each.content : each.end])))


def readable(names: Sequence[str], row: Sequence[str]) -> str:
    """Return ``part: N-077; colour: green``: cells behind the names of their columns, empty ones left out."""
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in named(names, row))


def named(names: Sequence[str], row: Sequence[str]) -> list[tuple[str, str]]:
    """Return the cells of a row that are not empty, each with the name of its column.

    A cell beyond the last column has none. A row of one cell in a wider table is text that runs through it.
    """
    alone = len(row) == 1 and len(names) > 1
    found = []
    for number, cell in enumerate(map(_plain, row)):
        name = _plain(names[number]).rstrip(":") if number < len(names) and not alone else ""
        if cell:
            found.append((name, cell))
    return found


def _row(text: str, start: int, end: int, line: str) -> Row:
    return Row(start, start + len(text[start:end].rstrip()), line)


def _plain(cell: str) -> str:
    return " ".join(_BREAK.sub(" ", cell).split())
