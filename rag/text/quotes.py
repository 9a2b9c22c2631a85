"""A passage's text -> what an answer can quote of it: sentences and rows of tables, without Markdown's marks."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.text.markdown import Block, Kind, blocks
from rag.text.sentences import PARAGRAPH, spans
from rag.text.tables import rows

_MARKS = re.compile(r"(?:[-*+•]\s+|>\s*|#{1,6}\s+)+")
"""What stands before the first word of an item, a quotation or a heading; numbers stay, they may be meant."""
_NUMBER = re.compile(r"\d{1,9}[.)]")
_QUOTED_LINE = re.compile(r"\n[ \t]*>[> \t]*")
_RULE = re.compile(r"^[ \t]*(?:={3,}|-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)
_WHOLE_CODE = 500  # characters of a block of code that is quoted whole
_MOST_CHARACTERS = 200_000  # of a passage; what comes after is not quoted


@dataclass(frozen=True, slots=True)
class Quote:
    """One thing that can be quoted."""

    start: int  # characters of the passage's text
    end: int
    text: str  # as it is quoted: on one line, a row with the names of its columns; code as it stands


def quotes(text: str) -> list[Quote]:
    """Return what can be quoted of the text, in its order: sentences, rows of tables, code whole."""
    text = text[:_MOST_CHARACTERS]
    found: list[Quote] = []
    at = 0
    for block in _apart(blocks(text, indented_code=False)):
        first, last = block.lines[0], block.lines[-1]
        found += _sentences(text, at, first.content)
        found += _rows(text, block) if block.kind == Kind.TABLE else _code(text, block)
        at = last.end
    found += _sentences(text, at, len(text))
    return found


def _apart(found: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks whose lines are no sentences, however deep they stand."""
    for block in found:
        if block.kind in (Kind.TABLE, Kind.CODE):
            yield block
        else:
            yield from _apart(block.children)


def _rows(text: str, table: Block) -> Iterator[Quote]:
    for row in rows(text, table):
        if row.line:
            yield Quote(row.start, row.end, row.line)


def _code(text: str, code: Block) -> Iterator[Quote]:
    """Yield a block of code whole; one that is too long to be quoted, line by line."""
    fence, *lines = code.lines
    mark = text[fence.content : fence.end][:3]
    found = []
    for line in lines:
        shown = text[line.content : line.end].strip()
        if shown and not shown.startswith(mark):
            found.append(Quote(line.content, line.content + len(shown), shown))
    whole = found and found[-1].end - found[0].start <= _WHOLE_CODE
    if whole and any(char.isalnum() for char in text[found[0].start : found[-1].end]):
        start, end = found[0].start, found[-1].end
        yield Quote(start, end, text[start:end])
    else:
        yield from found


def _sentences(text: str, start: int, end: int) -> Iterator[Quote]:
    prose = _without_marks(text[start:end])
    for begin, stop in _numbered(prose, spans(prose)):
        if marks := _MARKS.match(prose, begin, stop):
            begin = marks.end()
        shown = " ".join(prose[begin:stop].split())
        if any(map(str.isalnum, shown)):  # not the line between two parts
            yield Quote(start + begin, start + stop, shown)


def _numbered(prose: str, found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join "1." with the sentence after it; a number that is all of its paragraph stays, as it may be an answer."""
    number: tuple[int, int] | None = None
    for begin, stop in found:
        if number is not None and PARAGRAPH.search(prose, number[1], begin):
            yield number
            number = None
        if number is None and _NUMBER.fullmatch(prose, begin, stop):
            number = begin, stop
            continue
        yield begin if number is None else number[0], stop
        number = None
    if number is not None:
        yield number


def _without_marks(prose: str) -> str:
    """Return the text with marks of lines blanked; not taken out, so that places stay what they are."""

    def blank(found: re.Match[str]) -> str:
        before = prose[prose.rfind("\n", 0, found.start()) + 1 : found.start()]
        # What is not quoted does not go on in a quotation.
        return "\n".ljust(len(found[0])) if before.lstrip().startswith(">") else found[0]

    return _RULE.sub(lambda found: " " * len(found[0]), _QUOTED_LINE.sub(blank, prose))
