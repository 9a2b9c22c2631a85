"""Tables between ruled lines, as rows of cells. What no lines part stays as it is printed, a line a row."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from typing import ClassVar

from rag.adapters.readers.pdf.hyphens import Words, joined
from rag.adapters.readers.pdf.layout import Box, Field, Line, Table

_SNAP = 3.0
"""Rules that are nearer than this stand on one line, in points."""
_MOST_RULES = 1_200
_MOST_CELLS = 20_000
_FILLED = 1 / 3
"""Share of the cells that hold text in a table; the lines of a chart hold less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A line drawn level or upright."""

    level: bool
    at: float  # how far down, or how far right
    start: float
    end: float

    THIN: ClassVar[float] = 3.0

    @classmethod
    def along(cls, box: Box) -> "Rule":
        """Return the rule that a thin box is."""
        if box.right - box.left >= box.bottom - box.top:
            return cls(level=True, at=box.middle, start=box.left, end=box.right)
        return cls(level=False, at=box.centre, start=box.top, end=box.bottom)


def tables_of(
    rules: Sequence[Rule],
    lines: Sequence[Line],
    inside: Callable[[Box], Sequence[str]],
    fields: Sequence[Field] = (),
) -> list[Table]:
    """Return the tables that rules form, from the top.

    Args:
        rules: all that are drawn on the page; where there are very many it is a drawing.
        lines: of the page. What does not hold just the letters of the lines within it is no table.
        inside: gives the lines of text within a box.
        fields: of a form; their values stand in the cells that they stand in.
    """
    if len(rules) > _MOST_RULES:
        return []
    tables = []
    for group in _touching(rules):
        grid = _Grid(group)
        if not grid.columns or not grid.rows or grid.columns * grid.rows > _MOST_CELLS:
            continue
        held = "".join(line.text for line in lines if grid.box.holds(line.box))
        if not held:
            continue
        regions = grid.regions()
        cells = {region: list(inside(box)) for region, box in regions.items()}
        if _letters(held) != _letters("".join(text for texts in cells.values() for text in texts)):
            continue
        for region, box in regions.items():
            cells[region] += [
                field.value for field in fields if field.value and box.holds(field.box, slack=0)
            ]
        table = grid.table(cells)
        if table is not None:
            tables.append(table)
    return sorted(tables, key=lambda table: table.box.top)


class _Grid:
    """Rows and columns between rules that touch, some of whose cells are one."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        level = [rule for rule in rules if rule.level]
        upright = [rule for rule in rules if not rule.level]
        # Tables are drawn without their outer sides too.
        self._xs = _snapped(
            [rule.at for rule in upright] + [at for rule in level for at in (rule.start, rule.end)]
        )
        self._ys = _snapped(
            [rule.at for rule in level] + [at for rule in upright for at in (rule.start, rule.end)]
        )
        self._level, self._upright = level, upright
        self.columns, self.rows = len(self._xs) - 1, len(self._ys) - 1
        self._region = list(range(max(0, self.columns * self.rows)))

    @property
    def box(self) -> Box:
        """What it covers."""
        return Box(left=self._xs[0], right=self._xs[-1], top=self._ys[0], bottom=self._ys[-1])

    def regions(self) -> dict[int, Box]:
        """Return the cells, those that no rule parts as one, and where they are."""
        right = self._walls(self._upright, self._xs, self._ys)
        below = self._walls(self._level, self._ys, self._xs)
        for row in range(self.rows):
            for column in range(self.columns):
                if column + 1 < self.columns and (column + 1, row) not in right:
                    self._unite(row, column, row, column + 1)
                if row + 1 < self.rows and (row + 1, column) not in below:
                    self._unite(row, column, row + 1, column)
        boxes: dict[int, Box] = {}
        for row in range(self.rows):
            for column in range(self.columns):
                region = self._of(row, column)
                here = Box(
                    left=self._xs[column],
                    right=self._xs[column + 1],
                    top=self._ys[row],
                    bottom=self._ys[row + 1],
                )
                boxes[region] = _around(boxes[region], here) if region in boxes else here
        return boxes

    def table(self, cells: Mapping[int, Sequence[str]]) -> Table | None:
        """Return the table of the texts in the regions; None where it is a frame or a drawing."""
        filled = sum(bool(text) for text in cells.values())
        words = Words(line for text in cells.values() for line in text)
        texts = {
            region: reduce(partial(joined, words=words), lines, "").strip() for region, lines in cells.items()
        }
        rows = [[texts[self._of(row, column)] for column in range(self.columns)] for row in range(self.rows)]
        full = [column for column in range(self.columns) if any(row[column] for row in rows)]
        rows = [[row[column] for column in full] for row in rows if any(row)]
        if len(rows) < 2 or len(full) < 2 or filled < _FILLED * len(cells) or len(set(map(tuple, rows))) < 2:
            return None
        return Table(rows=rows, edges=tuple(self._xs[column] for column in full), box=self.box)

    def _of(self, row: int, column: int) -> int:
        at = row * self.columns + column
        while self._region[at] != at:
            self._region[at] = self._region[self._region[at]]
            at = self._region[at]
        return at

    def _unite(self, row: int, column: int, other_row: int, other_column: int) -> None:
        self._region[self._of(other_row, other_column)] = self._of(row, column)

    @staticmethod
    def _walls(rules: Sequence[Rule], ats: Sequence[float], spans: Sequence[float]) -> set[tuple[int, int]]:
        """Return between which cells a rule stands: the number of its line, and of each cell along it."""
        middles = [(start + end) / 2 for start, end in pairwise(spans)]
        found = set()
        for rule in rules:
            at = min(range(len(ats)), key=lambda number: abs(ats[number] - rule.at))
            first, last = bisect_left(middles, rule.start), bisect_left(middles, rule.end)
            found |= {(at, along) for along in range(first, last)}
        return found


def _touching(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Return the groups of rules that cross or meet."""
    group = list(range(len(rules)))

    def of(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    upright = [number for number, rule in enumerate(rules) if not rule.level]
    for number, level in enumerate(rules):
        if not level.level:
            continue
        for other in upright:
            rule = rules[other]
            if (
                level.start - _SNAP <= rule.at <= level.end + _SNAP
                and rule.start - _SNAP <= level.at <= rule.end + _SNAP
            ):
                group[of(other)] = of(number)
    groups: dict[int, list[Rule]] = {}
    for number, rule in enumerate(rules):
        groups.setdefault(of(number), []).append(rule)
    return [each for each in groups.values() if len(each) > 3]


def _snapped(ats: Sequence[float]) -> list[float]:
    """Return the positions from the first, those that are one made one."""
    found: list[float] = []
    for at in sorted(ats):
        if not found or at - found[-1] > _SNAP:
            found.append(at)
    return found


def _around(one: Box, other: Box) -> Box:
    return Box(
        left=min(one.left, other.left),
        right=max(one.right, other.right),
        top=min(one.top, other.top),
        bottom=max(one.bottom, other.bottom),
    )


def _letters(text: str) -> Counter[str]:
    return Counter(letter for letter in text if letter.isalnum())
