"""A document becomes passages: cut at headings first, then by the splitter. Knows nothing about tokens."""

import re
from collections.abc import Collection, Iterator

from typing_extensions import override

from rag.domain import Chunking, Document, Passage
from rag.errors import SettingInvalid
from rag.ports import PassageMaker, Splitter

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<words>.*?)(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_LONGEST_HEADING = 120  # characters; a longer line is text that happens to begin with "#"
_LONGEST_LINE = 500  # characters; a heading with so many blanks around it is none
_LONGEST_TRAIL = 200  # characters of headings with nothing between them; a longer list of them is text


def check_chunking(asked: Chunking, *, live: Chunking | None, stored: Collection[str]) -> None:
    """Raise SettingInvalid where the live release, or what is stored, is split otherwise than the settings ask.

    All documents of a corpus are split alike. `live` is the live release's chunking; `stored` are the digests of those
    that stored documents were split with.
    """
    if live is not None and live != asked:
        raise SettingInvalid(
            f"The documents are split into passages of {live.max_tokens} tokens with an overlap of "
            f"{live.overlap_tokens}, but the settings ask for {asked.max_tokens} and {asked.overlap_tokens}. "
            f"Set WHETSTONE_CHUNK_TOKENS={live.max_tokens} and WHETSTONE_CHUNK_OVERLAP={live.overlap_tokens}, "
            "or start over in another WHETSTONE_HOME and ingest the documents again."
        )
    if stored and asked.digest not in stored:
        raise SettingInvalid(
            "The documents that are ingested were split with other values of WHETSTONE_CHUNK_TOKENS and "
            "WHETSTONE_CHUNK_OVERLAP. Set these back, or start over in another WHETSTONE_HOME."
        )


class Chunker(PassageMaker):
    """Makes passages with the splitter that was made for one chunking setting."""

    def __init__(self, splitter: Splitter, chunking: Chunking) -> None:
        self._splitter = splitter
        self.chunking = chunking

    @property
    @override
    def digest(self) -> str:
        return self.chunking.digest

    @override
    def split(self, document: Document) -> list[Passage]:
        """Return the document's passages in order; none where it holds no text.

        A Markdown heading (``## Like this``) moves from the text to the titles of the passages below it. An
        indivisible document becomes one passage as it stands.
        """
        if not document.text.strip():
            return []
        if not document.divisible:
            return [Passage.create(document, 0, document.text)]
        pieces = (
            (title, piece)
            for title, text in _sections(document.title, document.text)
            for piece in self._splitter.split(text)
        )
        return [
            Passage.create(document, position, piece, title) for position, (title, piece) in enumerate(pieces)
        ]


def _sections(title: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield (passage title, text below it); every word of `text` is in one or the other."""
    headings: list[str] = []
    lines: list[str] = []
    for line, heading in _lines(text):
        if heading is None:
            lines.append(line)
            continue
        body = "".join(lines)
        if body.strip():
            yield _joined(title, headings), body
            headings = []
        lines = []
        headings.append(heading)
        if len(" - ".join(headings)) > _LONGEST_TRAIL:
            yield title, "\n".join(headings)
            headings = []
    body = "".join(lines)
    if body.strip():
        yield _joined(title, headings), body
    elif headings:
        yield title, "\n".join(headings)


def _joined(title: str, headings: list[str]) -> str:
    # A document's first heading is often its title once more.
    return " - ".join([title] * bool(title) + [heading for heading in headings if heading != title])


def _lines(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield (line, its words where it is a heading). Inside a fence ``#`` begins a comment, not a heading."""
    fence = ""
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        if mark := _FENCE.fullmatch(bare):
            if not fence:
                fence = mark["fence"]
            elif mark["fence"].startswith(fence) and not mark["info"].strip():
                fence = ""
        # The pattern's time grows with the square of a line of blanks.
        heading = None if fence or len(bare) > _LONGEST_LINE else _HEADING.fullmatch(bare)
        if heading and 0 < len(heading["words"]) <= _LONGEST_HEADING:
            yield line, heading["words"]
        else:
            yield line, None
