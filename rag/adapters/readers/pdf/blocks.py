"""Printed lines as Markdown: which of them are one paragraph, which are headings, items of lists, code, tables."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median

from rag.adapters.readers.pdf.hyphens import Words, ends_parted, joined, unspaced
from rag.adapters.readers.pdf.layout import Line, Page, Table
from rag.text.tables import markdown_table

_MARKER = re.compile(
    r"(?:[•◦▪▫‣⁃●○■□➢✓✔➔–—*-]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|\d{1,2}(?:\.\d{1,2})+\.?)\s+(?=\S)"
)
_BULLET = re.compile(r"^[•◦▪▫‣⁃●○■□➢✓✔➔–—*-]\s+")
_ENDED = tuple(".!?:…。！？")
_CLOSING = "\"'”’»)]"
_LARGER = 1.13
"""How much larger than the rest a heading's letters are."""
_SAME = 1.07
"""How much larger letters are at most that are of one size."""
_RAGGED = 0.1
"""Share of a column's width that a line may be shorter than it could be; not every program fills its lines."""
_APART = 1.35
"""Room between two lines that parts paragraphs, in steps from line to line."""
_FILLED = 6
"""Lines of a paragraph that show by themselves how far its lines go."""
_NARROW = 24
"""Letters in the lines of an address; those of a column are longer."""
_WIDE = 0.55
"""Width of a letter at most, in heights of a line, as long as it is one of many in a word."""
_LONGEST_HEADING = 200
_LONGEST_BOLD = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A piece of a page that stands by itself in the Markdown."""

    text: str
    kind: str = "text"  # or item, heading, code, table
    level: int = 0  # of a heading, from 1
    size: float = 0.0  # of its letters
    alone: bool = False  # nothing runs on from it or into it
    table: Table | None = None


class Style:
    """How a document is set: the size of most of its letters, which sizes are headings, what its outline names."""

    def __init__(self, pages: Sequence[Sequence[Line]], outline: Mapping[str, int]) -> None:
        """Look at the lines of all pages; `outline` has the level, from 1, of the titles in the outline."""
        sizes: Counter[float] = Counter()
        bold: Counter[bool] = Counter()
        fixed: Counter[bool] = Counter()
        for lines in pages:
            for line in lines:
                if line.size:
                    sizes[_rounded(line.size)] += len(line.text)
                bold[line.bold] += len(line.text)
                fixed[line.fixed] += len(line.text)
        self.body = sizes.most_common(1)[0][0] if sizes else 0.0
        self._larger = sorted((size for size in sizes if size > self.body * _LARGER), reverse=True)
        self._bold_tells = bold[False] > 2 * bold[True]
        self.code_tells = fixed[False] > fixed[True]
        self._outline = outline

    def level(self, lines: Sequence[Line], text: str) -> int:
        """Return the level of the heading that lines are; 0: they are none."""
        if not any(letter.isalpha() for letter in text) or lines[0].alone or _BULLET.match(text):
            return 0
        named = self._outline.get(outlined(text), 0)
        if named:
            return min(named, 6)
        size = _rounded(lines[0].size)
        sentence = text.endswith((".", ",", ";")) and len(text) > _LONGEST_BOLD
        if size > self.body * _LARGER and len(text) <= _LONGEST_HEADING and not sentence:
            return min(1 + self._larger.index(size), 6) if size in self._larger else 0
        bold = (
            self._bold_tells and all(line.bold for line in lines) and not text.endswith((".", ":", ",", ";"))
        )
        if bold and size >= self.body and len(text) <= _LONGEST_BOLD:
            return min(1 + len(self._larger), 6)
        return 0


def outlined(text: str) -> str:
    """Return a title as titles of the outline are compared: letters and digits alone."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def blocks_of(page: Page, lines: Sequence[Line], style: Style, words: Words) -> Iterator[Block]:
    """Yield the blocks of a page whose running headers and footers are gone, in the order of reading."""
    tables = list(page.tables)
    written: set[int] = set()
    free: list[Line] = []
    for line in lines:
        within = next((number for number, table in enumerate(tables) if table.box.holds(line.box)), None)
        if within is None:
            free.append(line)
        elif within not in written:
            written.add(within)
            yield from _text_blocks(free, style, words)
            free = []
            yield Block(text=markdown_table(tables[within].rows), kind="table", table=tables[within])
    yield from _text_blocks(free, style, words)
    for comment in page.comments:
        yield Block(text=comment, alone=True)


def runs_on(before: str, after: str) -> bool:
    """Tell whether a sentence that `before` leaves open goes on with `after`."""
    return not _ended(before) and after[:1].islower()


def _text_blocks(lines: Sequence[Line], style: Style, words: Words) -> Iterator[Block]:
    for fixed, group in groupby(lines, key=lambda line: line.fixed and not line.alone and style.code_tells):
        those = list(group)
        if fixed and len(those) > 1:
            yield Block(text=_code(those), kind="code")
        else:
            yield from (_block(each, style, words) for each in _paragraphs(those))


def _code(lines: Sequence[Line]) -> str:
    """Return lines of code as they are set, between fences."""
    margin = min(line.box.left for line in lines)
    widths = [(line.box.right - line.box.left) / len(line.text) for line in lines]
    wide = median(widths) or 1.0
    indented = (" " * round((line.box.left - margin) / wide) + line.text for line in lines)
    return "\n".join(["```", *indented, "```"])


def _block(lines: Sequence[Line], style: Style, words: Words) -> Block:
    text = lines[0].text
    for line in lines[1:]:
        text = joined(text, line.text, words)
    size, alone = lines[-1].size, lines[0].alone
    level = style.level(lines, text)
    if level:
        return Block(text=f"{'#' * level} {text}", kind="heading", level=level, size=size)
    if _MARKER.match(text) and not alone:
        return Block(text=_BULLET.sub("- ", text, count=1), kind="item", size=size)
    return Block(text=text, size=size, alone=alone)


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each paragraph; one may go on at the top of the next column."""
    gap = _leading(lines)
    held: list[Line] = []
    for column in _columns(lines):
        for number, (line, edge) in enumerate(zip(column, _edges(column, gap), strict=True)):
            goes_on = held and (_goes_on(held, line, edge, gap) if number else _goes_over(held[-1], line))
            if held and not goes_on:
                yield held
                held = []
            held.append(line)
    if held:
        yield held


def _columns(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield lines that stand one below the other."""
    held: list[Line] = []
    for line in lines:
        if held:
            last = held[-1].box
            below = line.box.middle > last.middle + 0.3 * line.size
            if not below or line.box.left > last.right or line.box.right < last.left:
                yield held
                held = []
        held.append(line)
    if held:
        yield held


def _edges(column: Sequence[Line], leading: float) -> list[float]:
    """Return for each line of a column how far right it could have gone.

    That is as far as the lines around it go that no room parts from it; where they are few, as the lines of an address,
    as far as others go that begin below one another.
    """
    edges: list[float] = []
    begun = 0
    for number, line in enumerate(column, start=1):
        after = column[number] if number < len(column) else None
        step = (after.box.middle - line.box.middle) / (line.size or 1.0) if after else math.inf
        if step > _APART * leading:
            around = column[begun:number]
            edges += [max(each.box.right for each in around)] * len(around)
            begun = number
            if len(around) < _FILLED:
                below: dict[int, float] = {}
                for each in column:
                    at = round(each.box.left / 3)
                    below[at] = max(below.get(at, 0.0), each.box.right)
                for at, each in enumerate(around, start=number - len(around)):
                    edges[at] = max(edges[at], below[round(each.box.left / 3)])
    return edges


def _leading(lines: Sequence[Line]) -> float:
    """Return how far below a line the next one of its paragraph begins, in heights of a line."""
    steps = [
        (after.box.middle - before.box.middle) / before.size
        for before, after in pairwise(lines)
        if before.size and max(before.size, after.size) <= _SAME * min(before.size, after.size)
    ]
    near = [step for step in steps if 0.7 <= step <= 2.2]
    return median(near) if near else 1.2


def _goes_on(held: Sequence[Line], line: Line, edge: float, leading: float) -> bool:
    """Tell whether a line belongs to the paragraph of the lines above it."""
    first, last = held[0], held[-1]
    if last.alone or line.alone or max(line.size, last.size) > _SAME * min(line.size, last.size):
        return False
    step = (line.box.middle - last.box.middle) / last.size
    if ends_parted(last.text) and line.text[:1].isalnum():
        return step <= 2 * leading
    if line.parts and last.parts:
        return False  # rows of a table
    if step > _APART * leading or line.bold != last.bold or _MARKER.match(line.text):
        return False
    if runs_on(last.text, line.text):
        return True
    item = _MARKER.match(first.text)
    if item and line.box.left > first.box.left + 0.4 * line.size:
        return True
    if not item and _ended(last.text) and line.box.left > last.box.left + 0.8 * line.size:
        return False
    # A line that has room for the next word was ended on purpose.
    letter = (line.box.right - line.box.left) / len(line.text)
    # Letters as wide as they are high say twice as much.
    if edge - first.box.left < _NARROW * min(letter, _WIDE * line.size):
        return False
    room = edge - last.box.right - _RAGGED * (edge - first.box.left)
    word = 1 if unspaced(line.text[0]) else len(line.text.split(maxsplit=1)[0]) + 1
    return word * letter > room


def _goes_over(last: Line, line: Line) -> bool:
    """Tell whether the first line of a column goes on with the sentence that the last column ends in."""
    if last.alone or line.alone or max(line.size, last.size) > _SAME * min(line.size, last.size):
        return False
    return runs_on(last.text, line.text) or (ends_parted(last.text) and line.text[:1].islower())


def _ended(text: str) -> bool:
    return text.rstrip().rstrip(_CLOSING).endswith(_ENDED)


def _rounded(size: float) -> float:
    return round(2 * size) / 2


def continued(before: Block, after: Block, words: Words) -> tuple[Block, int] | None:
    """Return a paragraph, or a table, with what goes on of it on the next page, and where that begins in its text.

    None where the next page begins anew.
    """
    if before.table and after.table:
        return _longer_table(before, before.table, after.table)
    same = before.size and max(before.size, after.size) <= _SAME * min(before.size, after.size)
    if not same or before.alone or after.alone or before.kind not in ("text", "item") or after.kind != "text":
        return None
    parted = ends_parted(before.text) and after.text[:1].isalnum()
    if not parted and not runs_on(before.text, after.text):
        return None
    text = joined(before.text, after.text, words)
    # A word that the page parts belongs to the page it begins on.
    begun = len(text) - len(after.text)
    if parted:
        begun += len(after.text.split(maxsplit=1)[0])
    return replace(before, text=text), min(begun, len(text))


def _longer_table(before: Block, one: Table, other: Table) -> tuple[Block, int] | None:
    if len(one.edges) != len(other.edges) or any(
        abs(here - there) > 2 * _SAME for here, there in zip(one.edges, other.edges, strict=True)
    ):
        return None
    rows = other.rows[1:] if list(other.rows[0]) == list(one.rows[0]) else other.rows
    if not rows:
        return None
    text = f"{before.text}\n{markdown_table(rows, header=False)}"
    return replace(before, text=text), len(before.text) + 1
