"""A document's Markdown -> its sections: what stands below a heading, under the path of headings that leads there."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter

from rag.text.markdown import Block, Kind, blocks

_LONGEST_PATH = 200  # characters of headings in a title
_NOTE = re.compile(r"^ {0,3}\[\^(?P<label>[^\]\s]{1,60})\]:", re.MULTILINE)
_REFERENCE = re.compile(r"\[\^(?P<label>[^\]\s]{1,60})\](?!:)")
_LONGEST_NOTE = 1_000  # characters; a longer one stays where it stands


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Text between two headings."""

    title: str  # of its passages
    blocks: tuple[Block, ...] = ()
    notes: dict[Block, tuple[Block, ...]] = field(default_factory=dict)  # block -> the notes it refers to
    words: tuple[str, ...] = ()  # where there are no blocks: headings with nothing below them
    start: int  # characters of the document's text
    end: int


def sections(title: str, text: str) -> Iterator[Section]:
    """Yield the sections in order; every word of the text is in a block or in the title of one.

    A note (``[^1]: like this``) goes to the block that refers to it first.
    """
    found, notes = _with_notes(text, blocks(text))
    if found and all(each.kind == Kind.HEADING or not text[each.start : each.end].strip() for each in found):
        yield Section(
            title=title, words=tuple(each.words for each in found if each.words), start=0, end=len(text)
        )
        return
    path = _Path(title)
    body: list[Block] = []
    for block in [*found, None]:
        if block is not None and block.kind != Kind.HEADING:
            body.append(block)
            continue
        if any(text[each.start : each.end].strip() for each in body):
            yield from path.untold()
            yield Section(
                title=path.told(),
                blocks=tuple(body),
                notes={each: notes[each] for each in body if each in notes},
                start=body[0].start,
                end=body[-1].end,
            )
        body = []
        if block is None:
            path.close(0)
        elif block.words:
            path.enter(block)
    yield from path.untold()


class _Path:
    """The headings that stand above a place, by their levels."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._open: list[_Heading] = []
        self._bare: list[_Heading] = []  # closed, and not in the title of any section

    def enter(self, block: Block) -> None:
        """Go below a heading; those of its level and deeper ones end."""
        self.close(block.level)
        is_title = _folded(block.words) == _folded(self._title)
        self._open.append(_Heading(block, is_title, tuple(self._open)))

    def close(self, level: int) -> None:
        """End the headings from that level downwards."""
        while self._open and (not level or self._open[-1].block.level >= level):
            heading = self._open.pop()
            if not heading.told:
                self._bare.append(heading)

    def told(self) -> str:
        """Return the title of what stands here; its headings are told by it."""
        return self._joined(self._kept(self._open))

    def untold(self) -> Iterator[Section]:
        """Yield headings as text that no title would tell otherwise: nothing is below them, or too many are above."""
        kept = self._kept(self._open)
        missing = [*self._bare, *(each for each in self._open if not each.told and each not in kept)]
        missing.sort(key=lambda heading: heading.block.start)
        self._bare = []
        titles = [self._joined(self._kept(each.above)) for each in missing]
        # One that is in another's title by now needs no place in the text.
        untold = [(title, each) for title, each in zip(titles, missing, strict=True) if not each.told]
        for title, group in groupby(untold, key=itemgetter(0)):
            headings = [heading for _, heading in group]
            for heading in headings:
                heading.told = True
            yield Section(
                title=title,
                words=tuple(heading.block.words for heading in headings),
                start=headings[0].block.start,
                end=headings[-1].block.end,
            )

    def _kept(self, path: "Sequence[_Heading]") -> "list[_Heading]":
        """Return the headings of a path that a title has room for: the deepest ones."""
        kept: list[_Heading] = []
        room = _LONGEST_PATH
        for heading in reversed(path):
            if heading.is_title:
                continue
            room -= len(heading.block.words) + 3
            if room < 0 and kept:
                break
            kept.append(heading)
        return kept[::-1]

    def _joined(self, headings: "Sequence[_Heading]") -> str:
        """Return a title that tells these headings."""
        for heading in headings:
            heading.told = True
        words = dict.fromkeys(heading.block.words for heading in headings)
        return " - ".join([self._title] * bool(self._title) + list(words))


@dataclass(eq=False, slots=True)
class _Heading:
    block: Block
    is_title: bool  # the document's title once more
    above: "tuple[_Heading, ...]"
    told: bool = False

    def __post_init__(self) -> None:
        self.told = self.is_title


def _folded(words: str) -> str:
    return " ".join(words.split()).casefold()


def _with_notes(text: str, found: Sequence[Block]) -> tuple[Sequence[Block], dict[Block, tuple[Block, ...]]]:
    """Return the blocks without the notes that are referred to, and these by the block that does so."""
    if not _NOTE.search(text):
        return found, {}
    parts = [part for block in found for part in _parted(text, block)]
    starts = [part.start for part in parts]
    referring: dict[str, Block] = {}
    for reference in _REFERENCE.finditer(text):
        part = parts[bisect_right(starts, reference.start()) - 1]
        if part.kind != Kind.HEADING:
            referring.setdefault(reference["label"], part)
    kept: list[Block] = []
    notes: dict[Block, tuple[Block, ...]] = {}
    for part in parts:
        note = _NOTE.match(text, part.start, part.end) if part.kind == Kind.PROSE else None
        place = referring.get(note["label"]) if note else None
        if place is None or place == part or _is_note(text, place) or part.end - part.start > _LONGEST_NOTE:
            kept.append(part)
        else:
            notes[place] = (*notes.get(place, ()), part)
    return kept, notes


def _parted(text: str, block: Block) -> Iterator[Block]:
    """Yield the notes of a paragraph of notes, one on each line, as blocks of their own."""
    if block.kind != Kind.PROSE or not (found := list(_NOTE.finditer(text, block.start, block.end))):
        yield block
        return
    begins = [note.start() for note in found]
    if begins[0] > block.start:
        begins.insert(0, block.start)
    for begin, end in zip(begins, [*begins[1:], block.end], strict=True):
        yield replace(block, start=begin, end=end)


def _is_note(text: str, block: Block) -> bool:
    return block.kind == Kind.PROSE and _NOTE.match(text, block.start, block.end) is not None
