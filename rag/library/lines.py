"""Tables and code that are too long for one piece, cut between lines. Knows no other blocks."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.library.pieces import Pieces
from rag.text.markdown import Block, Line, cells
from rag.text.tables import named

_NOT_SPACE = re.compile(r"[^>\s]")
_LONGEST_NAME = 60  # characters of a column's name that is repeated in the pieces of one row
_LONGEST_FENCE = 60  # characters of a fence that is repeated, with the language behind it
_SMALLEST_ROOM = 16  # tokens; every character has fewer


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stands around the lines in each piece but the first."""

    opening: str
    closing: str
    opening_size: int
    closing_size: int

    @property
    def size(self) -> int:
        return self.opening_size + self.closing_size


def cut_table(pieces: Pieces, table: Block, start: int) -> None:
    """Take a table between its rows, its header repeated; `start` is where what leads to it begins.

    A row too long for a piece, and every row below a header too long to be repeated, is written as ``column: cell``
    and cut between cells, its first cell repeated.
    """
    text = pieces.text
    header, delimiter, *rows = table.lines
    names = cells(text[header.content : header.end])
    margin = _margin(text, header)
    borders = "|".join(_border(cell) for cell in cells(text[delimiter.content : delimiter.end]))
    opening = f"{margin}{text[header.content : header.end].rstrip()}\n{margin}|{borders}|\n"
    frame = _framed(pieces, opening)
    head_end = rows[0].start if rows else table.end
    if frame.size > pieces.most // 2:
        _before(pieces, start, header.start)
        pieces.close()
        for piece in pieces.splitter.split("; ".join(filter(None, names)), room=pieces.most):
            pieces.write(piece, header.start, head_end, pieces.tokens(piece))
            pieces.close()
        for row, end in _ended(rows, table.end):
            _write_row(pieces, names, row, end)
        return

    def alone(row: Line, end: int) -> None:
        _write_row(pieces, names, row, end)

    _take(pieces, start, head_end, _ended(rows, table.end), frame, alone)


def cut_code(pieces: Pieces, code: Block, start: int) -> None:
    """Take fenced code between its lines, fenced in each piece; `start` is where what leads to it begins."""
    text = pieces.text
    first, *lines = code.lines
    margin = _margin(text, first)
    fence = code.words[: len(code.words) - len(code.words.lstrip(code.words[0]))]
    frame = _framed(pieces, f"{margin}{code.words[:_LONGEST_FENCE]}\n", f"{margin}{fence}\n")
    closed = bool(lines) and text[lines[-1].content : lines[-1].end].startswith(fence)
    closing = lines.pop() if closed else None
    body_end = closing.start if closing else code.end

    def alone(line: Line, end: int) -> None:
        room = max(pieces.most - frame.size, _SMALLEST_ROOM)
        for piece in pieces.splitter.split(text[line.start : end], room=room):
            pieces.write(f"{frame.opening}{piece}\n{frame.closing}", line.start, end, pieces.most)
            pieces.close()

    _take(pieces, start, first.end, _ended(lines, body_end), frame, alone)
    pieces.closing("")
    if closing and not pieces.empty:
        pieces.add(closing.start, code.end, pieces.size(closing.start, code.end))


def _take(
    pieces: Pieces,
    start: int,
    head_end: int,
    lines: Sequence[tuple[Line, int]],
    frame: _Frame,
    alone: Callable[[Line, int], None],
) -> None:
    """Take lines with where each ends. The first piece begins with the text from `start`, others with the frame's.

    `alone` takes a line that fits into no piece.
    """
    head_size = pieces.size(start, head_end)
    begun = head_size + frame.closing_size > pieces.most // 4 * 3
    if begun:
        _before(pieces, start, head_end)
    framed = False  # the open piece has the header, or the fence
    for line, end in lines:
        size = pieces.size(line.start, end) + frame.closing_size
        around = 0 if framed else frame.opening_size if begun else head_size
        if around + size > pieces.room:
            pieces.close()
            framed = False
            around = frame.opening_size if begun else head_size
        if around + size > pieces.most:
            if not begun:
                pieces.add(start, head_end, head_size, inside=True)
                pieces.closing(frame.closing)
                pieces.close()
                begun = True
            alone(line, end)
            continue
        if not begun:
            pieces.add(start, head_end, head_size, inside=True)
        elif not framed:
            pieces.write(frame.opening, line.start, line.start, frame.opening_size, inside=True)
        pieces.add(line.start, end, size - frame.closing_size)
        pieces.closing(frame.closing)
        begun = framed = True
    if not begun:
        if head_size > pieces.room:
            pieces.close()
        pieces.add(start, head_end, head_size, inside=True)


def _write_row(pieces: Pieces, names: Sequence[str], row: Line, end: int) -> None:
    """Write a row as ``column: cell``, in as many pieces as it takes."""
    pieces.close()
    pairs = named([name[:_LONGEST_NAME] for name in names], cells(pieces.text[row.content : end]))
    label = _entry(*pairs[0]) if len(pairs) > 1 else ""
    if pieces.tokens(label) > pieces.most // 4:
        label = ""
    written: list[str] = [label] if label else []
    fresh = True

    def write(text: str) -> None:
        pieces.write(text, row.start, end, pieces.tokens(text))
        pieces.close()

    for name, cell in pairs[1:] if label else pairs:
        longer = "; ".join([*written, _entry(name, cell)])
        if pieces.tokens(longer) <= pieces.most:
            written.append(_entry(name, cell))
            fresh = False
            continue
        if not fresh:
            write("; ".join(written))
        written, fresh = ([label] if label else []), True
        longer = "; ".join([*written, _entry(name, cell)])
        if pieces.tokens(longer) <= pieces.most:
            written.append(_entry(name, cell))
            fresh = False
            continue
        before = "; ".join([*written, _entry(name, "")])
        room = max(pieces.most - pieces.tokens(before), _SMALLEST_ROOM)
        for piece in pieces.splitter.split(cell, room=room):
            write(before + piece)
    if not fresh:
        write("; ".join(written))


def _entry(name: str, cell: str) -> str:
    return f"{name}: {cell}" if name else cell


def _before(pieces: Pieces, start: int, end: int) -> None:
    """Take what leads to the lines by itself."""
    if pieces.text[start:end].strip():
        pieces.cut(start, end)
        pieces.close()


def _framed(pieces: Pieces, opening: str, closing: str = "") -> _Frame:
    return _Frame(opening, closing, pieces.tokens(opening), pieces.tokens(closing) if closing else 0)


def _ended(lines: Sequence[Line], end: int) -> list[tuple[Line, int]]:
    """Return each line with where it ends; the last one at `end`, with the blank lines behind it."""
    return list(zip(lines, [*(line.start for line in lines[1:]), end], strict=False))


def _margin(text: str, line: Line) -> str:
    """Return what the further lines of a list or a quotation have before their content."""
    before = text[line.start : line.content]
    return _NOT_SPACE.sub(" ", before[before.rfind("\n") + 1 :])


def _border(cell: str) -> str:
    return f"{':' if cell.startswith(':') else ''}---{':' if cell.endswith(':') else ''}"
