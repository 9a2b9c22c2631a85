"""A passage's text -> what an answer can quote of it: sentences and rows of tables, without Markdown's marks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.text.markdown import Block, Kind, blocks
from rag.text.sentences import spans
from rag.text.tables import rows

_MARKS = re.compile(r"(?:[-*+•]\s+|>\s*|#{1,6}\s+)+")
"""What stands before the first word of an item, a quotation or a heading; numbers stay, they may be meant."""
_NUMBER = re.compile(r"\d{1,9}[.)]")
_QUOTED_LINE = re.compile(r"\n[ \t]*>[> \t]*")
_MOST_CHARACTERS = 200_000  # of a passage; what comes after is not quoted


@dataclass(frozen=True, slots=True)
class Quote:
    """One thing that can be quoted."""

    start: int  # characters of the passage's text
    end: int
    text: str  # as it is quoted: on one line, a row with the names of its columns


def quotes(text: str) -> list[Quote]:
    """Return what can be quoted of the text, in its order.

    A row of a table is one quote, and so is a line of code. Headings and rules are none: who reads them learns nothing.
    """
    text = text[:_MOST_CHARACTERS]
    return [quote for block in blocks(text, indented_code=False) for quote in _quotes(text, block)]


def _quotes(text: str, block: Block) -> Iterator[Quote]:
    match block.kind:
        case Kind.HEADING | Kind.RULE:
            return
        case Kind.TABLE:
            for row in rows(text, block):
                if row.line:
                    yield Quote(row.start, row.end, row.line)
        case Kind.CODE:
            opening, *inner = block.lines
            mark = text[opening.content : opening.end].strip()[:3]
            for line in inner:
                shown = text[line.content : line.end].strip()
                if shown and not shown.startswith(mark):
                    yield Quote(line.content, line.content + len(shown), shown)
        case _ if block.children:
            for child in block.children:
                yield from _quotes(text, child)
        case _:
            yield from _sentences(text, block.start, block.end)


def _sentences(text: str, start: int, end: int) -> Iterator[Quote]:
    # The marks of a quotation's lines are blanked, not taken out, so that places stay what they are.
    prose = _QUOTED_LINE.sub(lambda found: "\n".ljust(len(found[0])), text[start:end])
    numbered: int | None = None
    for begin, stop in spans(prose):
        if _NUMBER.fullmatch(prose, begin, stop):
            numbered = begin  # "1." is no sentence, but the beginning of the next
            continue
        if numbered is not None:
            begin, numbered = numbered, None
        elif marks := _MARKS.match(prose, begin, stop):
            begin = marks.end()
        if shown := " ".join(prose[begin:stop].split()):
            yield Quote(start + begin, start + stop, shown)
