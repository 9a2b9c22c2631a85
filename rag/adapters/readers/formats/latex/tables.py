"""Tables of LaTeX, as their cells come."""

MARKS = frozenset({"midrule", "endhead", "endfirsthead", "endfoot", "endlastfoot", "tabularnewline", "hline"})
"""Commands that stand between rows."""


class Table:
    """The rows of a table as they come."""

    def __init__(self) -> None:
        self.cell: list[str] = []
        self.across = self.down = 1
        self.caption = ""
        self._row: list[str] = []
        self._column = 0
        self._covered: dict[int, int] = {}  # column -> rows that a cell above still reaches into
        self._rows: list[str] = []
        self._head: list[str] = []
        self._foot: list[str] = []

    def next_cell(self) -> None:
        """Close the cell."""
        text = "".join(self.cell).strip()
        left = self._covered.get(self._column, 0)
        if left:
            self._covered[self._column] = left - 1
        if not left or text:
            self._row.append(f'<td colspan="{self.across}" rowspan="{self.down}">{text}</td>')
        if self.down > 1:
            self._covered[self._column] = self.down - 1
        self._column += self.across
        self.cell, self.across, self.down = [], 1, 1

    def next_row(self) -> None:
        """Close the row."""
        empty = not self._row and not "".join(self.cell).strip()
        if not empty:
            self.next_cell()
            self._rows.append(f"<tr>{''.join(self._row)}</tr>")
        self.cell, self._row, self._column = [], [], 0

    def mark(self, name: str) -> None:
        """Take what stands above a line or a mark for the head or the foot."""
        if name == "tabularnewline":
            self.next_row()
        elif name in ("endfirsthead", "endhead"):
            self.next_row()
            self._head = self._head or self._rows
            self._rows = []
        elif name in ("endfoot", "endlastfoot"):
            self.next_row()
            self._foot, self._rows = self._rows, []
        elif name == "midrule" and not self._head:
            self._head, self._rows = self._rows, []

    def html(self) -> str:
        """Return it as HTML."""
        self.next_row()
        caption = f"<caption>{self.caption}</caption>" if self.caption else ""
        head = f"<thead>{''.join(self._head)}</thead>" if self._head else ""
        return f"<table>{caption}{head}<tbody>{''.join([*self._rows, *self._foot])}</tbody></table><p>"
