"""Text -> what of it may be quoted as an answer: sentences, each with what it needs to be understood.

A heading, a question or the line before a list is no answer; it tells what those below it are about. A short sentence
that stands beside others is quoted with its neighbour; one that stands alone is an answer as it is.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.text.quotes import Quote, quotes

_SHORT = 20  # letters; a shorter sentence hardly says by itself what it is about
_WIDE = 3  # letters that a Chinese character is worth
_REACH = 400  # characters after a question or a list's first line within which sentences answer to it
_LONGEST_LEAD = 200  # characters
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+")
_INDENT = 40  # characters before a heading's first word, at most
_AROUND = " \t*_\"'”’»)"
_ASKS = "?？؟;\u037e"


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that a text says."""

    start: int  # in characters of the text
    end: int
    text: str  # as it is quoted, on one line
    context: str = ""  # heading, question or first line of a list that it stands below
    short: bool = False  # begins with a sentence too short to say by itself what it is about

    @property
    def seen(self) -> str:
        """The text with what it stands below."""
        return f"{self.context}\n{self.text}" if self.context else self.text


def statements(text: str) -> list[Statement]:
    """Return what may be quoted of a text, in its order; what only leads to something is left out.

    A text of nothing but headings and questions is given as it stands.
    """
    pieces = quotes(text)
    found = list(_joined(text, list(_stated(text, pieces))))
    return found or [
        Statement(each.start, each.end, each.text, short=_is_short(each.text)) for each in pieces
    ]


def _stated(text: str, pieces: list[Quote]) -> Iterator[Statement]:
    heading, lead, until = "", "", 0
    for at, each in enumerate(pieces):
        begins = text[max(text.rfind("\n", 0, each.start) + 1, each.start - _INDENT) : each.start]
        if _HEADING.fullmatch(begins):
            heading, lead = each.text.rstrip("# \t"), ""
            continue
        if _leads(each.text, last=at + 1 == len(pieces)):
            lead, until = each.text, each.end + _REACH
            continue
        context = "\n".join(part for part in (heading, lead if each.start < until else "") if part)
        yield Statement(each.start, each.end, each.text, context, short=_is_short(each.text))


def _leads(piece: str, *, last: bool) -> bool:
    """Tell whether a sentence asks, or begins a list, and so says nothing without what follows."""
    if last or len(piece) > _LONGEST_LEAD:
        return False
    end = piece.rstrip(_AROUND)[-1:]
    if end == ";":
        return re.search("[\u0370-\u03ff]", piece) is not None
    return bool(end) and (end in _ASKS or end in ":：")


def _joined(text: str, stated: list[Statement]) -> Iterator[Statement]:
    """Join short sentences with the next one of their paragraph, else with the one before."""
    held: Statement | None = None
    for each in stated:
        if held is None:
            held = each
        elif (_is_short(held.text) or each.short) and _beside(text, held, each):
            blank = " " if held.end < each.start else ""
            held = replace(held, end=each.end, text=f"{held.text}{blank}{each.text}")
        else:
            yield held
            held = each
    if held is not None:
        yield held


def _beside(text: str, one: Statement, other: Statement) -> bool:
    between = text[one.end : other.start]
    return one.context == other.context and "\n" not in between and other.end - one.start <= _REACH


def _is_short(piece: str) -> bool:
    if len(piece) >= _SHORT:
        return False
    return sum(_WIDE if unicodedata.east_asian_width(char) in "WF" else 1 for char in piece) < _SHORT
