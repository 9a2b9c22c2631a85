"""Tables with a value in each row and column that it spans; tables that only lay a page out become its blocks."""

from collections import Counter, deque
from itertools import zip_longest

from rag.adapters.readers.html.tree import BREAK, Element, Node

_MOST_REPEATED = 2_000_000  # letters that spanning cells add to a page; then they are said once
_MOST_CELLS = 300_000  # of a table that is filled up to as many cells in each row
_MOST_COLUMNS = 1_000  # as the standard has it
_BLOCKS = ("table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "article", "section")
_ORDER = {"thead": 0, "tfoot": 2}
_LONGEST_CELL = 500  # letters of a cell that has a heading or code within and still is a cell
_GROUPS = frozenset({"thead", "tbody", "tfoot", ""})

_Row = list[Element | None]


class _Repeats:
    """How much spanning cells may still add to a page."""

    def __init__(self) -> None:
        self._left = _MOST_REPEATED
        self._sizes: dict[int, int] = {}

    def allow(self, cell: Element) -> bool:
        """Tell whether a cell may be said once more, and count it."""
        if id(cell) not in self._sizes:
            self._sizes[id(cell)] = len(cell.text) + 3
        self._left -= self._sizes[id(cell)]
        return self._left > 0


def square_tables(root: Element) -> None:
    """Give each table of a page as many cells in each row, and one row of column names."""
    repeats = _Repeats()
    # Inner ones first, so that a table around them is seen to hold blocks.
    for table in reversed([each for each in root.elements() if each.tag == "table"]):
        captions = [each for each in table.children if isinstance(each, Element) and each.tag == "caption"]
        rows = _rows(table)
        if _lays_out(table, rows):
            _dissolve(table, captions, rows)
        else:
            _square(table, captions, rows, repeats)


def _rows(table: Element) -> list[tuple[Element, Element]]:
    """Return the rows, each with the group it is in: the head, a body, the foot, or the table."""
    rows: list[tuple[Element, Element]] = []
    waiting: list[tuple[Element, Element]] = [(table, table)]
    while waiting:
        element, group = waiting.pop()
        if element.tag == "tr":
            rows.append((element, group))
        elif element is table or element.tag in _GROUPS:
            inside = element if element.tag else group
            waiting += [(each, inside) for each in reversed(element.children) if isinstance(each, Element)]
    # Wherever they are written, the head is shown first and the foot last.
    return sorted(rows, key=lambda row: _ORDER.get(row[1].tag, 1))


def _cells(row: Element) -> list[Element]:
    return [each for each in row.children if isinstance(each, Element) and each.tag in ("td", "th")]


def _lays_out(table: Element, rows: list[tuple[Element, Element]]) -> bool:
    if table.get("role") in ("presentation", "none"):
        return True
    if max((len(_cells(row)) for row, _ in rows), default=0) < 2:
        return True
    if table.first(*_BLOCKS) is None:
        return False
    cells = [cell for row, _ in rows for cell in _cells(row)]
    return all(cell.tag != "th" for cell in cells) or any(len(cell.text) > _LONGEST_CELL for cell in cells)


def _dissolve(table: Element, captions: list[Element], rows: list[tuple[Element, Element]]) -> None:
    blocks = [*captions]
    blocks += [cell for row, _ in rows for cell in _cells(row)]
    for block in blocks:
        block.tag, block.attributes = "div", {}
    table.become(*blocks, tag="div")


def _square(
    table: Element, captions: list[Element], rows: list[tuple[Element, Element]], repeats: _Repeats
) -> None:
    for row, _ in rows:
        for within in row.elements():
            within.children = [
                each.replace(BREAK, " ") if isinstance(each, str) else each for each in within.children
            ]
    grid = _grid(rows, repeats)
    if not grid:
        table.take_out()
        return
    names = _names([row for row, (_, group) in zip(grid, rows, strict=True) if group.tag == "thead"])
    body = [row for row, (_, group) in zip(grid, rows, strict=True) if group.tag != "thead"]
    if not names and body:
        names = _first_names(body)
    made = [Element("tr", children=_copies(names, "th"))] + [
        Element("tr", children=_copies(row, "td")) for row in body
    ]
    squared = Element("table")
    squared.fill(made)
    for caption in captions:
        caption.tag = "p"
    table.become(*captions, squared)


def _grid(rows: list[tuple[Element, Element]], repeats: _Repeats) -> list[_Row]:
    """Return rows of the same length, with a spanning cell wherever it reaches."""
    grid: list[_Row] = []
    below: dict[int, tuple[Element, int]] = {}  # column -> the cell that reaches down, and how many rows more
    of_group = Counter(id(group) for _, group in rows)
    before: Element | None = None
    for element, group in rows:
        if group is not before:
            below, before = {}, group  # no cell reaches out of its group
        grid.append(_row(_cells(element), below, of_group[id(group)], repeats))
        of_group[id(group)] -= 1
    width = max(map(len, grid), default=0)
    for row in grid:
        if width > 1 and len(row) == width and row[0] is not None and all(each is row[0] for each in row):
            row[1:] = [None] * (width - 1)  # a line across the table is said once
        if len(grid) * width <= _MOST_CELLS:
            row += [None] * (width - len(row))
    return grid


def _row(cells: list[Element], below: dict[int, tuple[Element, int]], left: int, repeats: _Repeats) -> _Row:
    """Return a row with the cells that reach into it; `below` takes those that reach further."""
    row: _Row = []
    waiting = deque(cells)
    reach = max(below, default=-1)
    while waiting or len(row) <= reach:
        column = len(row)
        if column in below:
            cell, more = below.pop(column)
            allowed = repeats.allow(cell)
            row.append(cell if allowed else None)
            if more > 1 and allowed:
                below[column] = (cell, more - 1)
        elif not waiting:
            row.append(None)
        else:
            cell = waiting.popleft()
            down = _span(cell, "rowspan", left)
            for number in range(_span(cell, "colspan", _MOST_COLUMNS)):
                # One from above may stand in its way.
                if number and (len(row) in below or not repeats.allow(cell)):
                    break
                if down > 1:
                    below[len(row)] = (cell, down - 1)
                row.append(cell)
    return row


def _span(cell: Element, name: str, most: int) -> int:
    value = cell.get(name)
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1
    return max(1, min(most, number)) if number or name == "colspan" else most


def _names(rows: list[_Row]) -> _Row:
    """Return one row of column names for the several that a table has."""
    if len(rows) < 2:
        return rows[0] if rows else []
    return [_joined(column) for column in zip_longest(*rows)]


def _joined(column: tuple[Element | None, ...]) -> Element:
    texts = dict.fromkeys(cell.text for cell in column if cell is not None and cell.text)
    return Element("th", children=[" / ".join(texts)])


def _first_names(body: list[_Row]) -> _Row:
    """Take the first row for column names, if it is not one of several that begin with their own name."""
    first = body[0]
    named_by_row = any(row[0] is not None and row[0].tag == "th" for row in body)
    if named_by_row and any(cell is not None and cell.tag == "td" for cell in first):
        return [None] * len(first)
    return body.pop(0)


def _copies(row: _Row, tag: str) -> list[Node]:
    return [Element(tag, children=list(cell.children) if cell is not None else []) for cell in row]
