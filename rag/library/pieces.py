"""The piece of a document that is being filled, and those that are full. Counts tokens; knows no Markdown."""

import re
import textwrap
from dataclasses import dataclass

from rag.ports import Splitter

_CHARS_PER_TOKEN = 24
"""A text with more characters for each token of the room is not counted: it counts as too long."""
_INDENTED = re.compile(r"\s*?^[ \t]+\S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage's text, and where it stands in the document's; repeated headers and the like stand elsewhere too."""

    text: str
    start: int
    end: int


class Pieces:
    """Fills one piece after the other from stretches of one text, in the order they are added."""

    def __init__(self, text: str, splitter: Splitter, most: int) -> None:
        """Fill pieces of at most `most` tokens."""
        self.text = text
        self.most = most
        self.splitter = splitter
        self.full: list[Piece] = []
        self._parts: list[str] = []
        self._taken = 0
        self._start = self._end = 0
        self._closing = ""
        self._inside = False

    @property
    def empty(self) -> bool:
        """Whether nothing has been added since the last piece was closed."""
        return not self._parts

    @property
    def room(self) -> int:
        """Tokens that the open piece still takes."""
        return self.most - self._taken

    def size(self, start: int, end: int) -> int:
        """Return the tokens of a stretch; more than fit anywhere where it is far too long to be counted."""
        return self.tokens(self.text[start:end])

    def tokens(self, text: str) -> int:
        """Return the tokens of a text, as `size` does."""
        if len(text) > self.most * _CHARS_PER_TOKEN:
            return self.most + 1
        return self.splitter.tokens(text)

    def add(self, start: int, end: int, size: int, *, inside: bool = False) -> None:
        """Add a stretch; `inside` a list or the like, where its lines may all be indented."""
        self.write(self.text[start:end], start, end, size, inside=inside)

    def write(self, text: str, start: int, end: int, size: int, *, inside: bool = False) -> None:
        """Add text that stands for the stretch."""
        if self.empty:
            self._start = start
            self._inside = inside
        elif start != self._end:
            between = self.text[self._end : start]
            if not between or between.strip():
                self._parts[-1] = self._parts[-1].rstrip()
                between = "\n\n"
            self._parts.append(between)
        self._parts.append(text)
        self._taken += size
        self._end = end

    def closing(self, text: str) -> None:
        """Have the open piece end with that text where it is closed now; empty: with nothing."""
        self._closing = text

    def close(self) -> None:
        """End the open piece; nothing happens where it is empty."""
        text = "".join([*self._parts, self._closing])
        if self._inside and _INDENTED.match(text):
            text = textwrap.dedent(text)
        start, end = _without_space(self.text, self._start, self._end)
        if text.strip():
            self.full.append(Piece(text.strip(), start, end))
        self._parts = []
        self._taken = 0
        self._closing = ""

    def cut(self, start: int, end: int) -> None:
        """Cut prose where the splitter does; its last piece stays open. Overlaps, as only prose does."""
        self.close()
        pieces = self.splitter.split(self.text[start:end])
        at, until = start - 1, start
        for number, piece in enumerate(pieces):
            # The splitter gives stretches of the text, each of which begins and ends after the one before.
            found = self.text.find(piece, max(at + 1, until - len(piece) + 1), end)
            at = found if found >= 0 else until
            until = min(at + len(piece), end)
            self.write(piece, at, until, self.tokens(piece))
            if number < len(pieces) - 1:
                self.close()


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
