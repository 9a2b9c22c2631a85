"""Blocks of Markdown -> pieces for passages. What belongs together stays together where it fits.

A block that fits into what is left of the open piece goes there; one that fits into a piece of its own begins one; a
longer one is cut: prose between sentences, a table between rows, a list between items, code between lines. A table's
header and a fence are repeated in each of their pieces.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.library.lines import cut_code, cut_table
from rag.library.pieces import Piece, Pieces
from rag.library.sections import Section
from rag.ports import Splitter
from rag.text.markdown import Block, Kind
from rag.text.sentences import spans

_PROSE = (Kind.PROSE, Kind.RULE, Kind.HEADING)
"""Kinds that are cut as prose. The headings are those inside of lists and quotations."""
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
_LEADS = (":", "：")
"""How a line ends that leads to what follows."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What stays in one piece where it fits: a block, what leads to it, the notes that it refers to."""

    start: int
    blocks: tuple[Block, ...]


def cut(text: str, section: Section, splitter: Splitter, most: int) -> list[Piece]:
    """Return the pieces of a section of the text, each of at most `most` tokens."""
    if section.words:
        return [Piece(each, section.start, section.end) for each in splitter.split("\n".join(section.words))]
    if all(block.kind == Kind.RULE for block in section.blocks):
        return []
    pieces = Pieces(text, splitter, most)
    whole = [each for block in section.blocks for each in (block, *section.notes.get(block, ()))]
    # A token is one byte or more: this fits whatever it is, and nothing has to be loaded to count.
    if sum(len(text[each.start : each.end].encode()) for each in whole) <= most:
        for each in whole:
            pieces.add(each.start, each.end, 0)
    else:
        _Cutter(text, pieces, section.notes).take(section.blocks, section.start, inside=False)
    pieces.close()
    return pieces.full


class _Cutter:
    def __init__(self, text: str, pieces: Pieces, notes: Mapping[Block, tuple[Block, ...]]) -> None:
        self._text = text
        self._pieces = pieces
        self._notes = notes

    def take(self, blocks: Sequence[Block], start: int, *, inside: bool) -> None:
        """Take neighbouring blocks. The first one's text begins at `start`: before it, where something leads to it."""
        for unit in self._units(blocks, start):
            self._take_unit(unit, inside=inside)

    def _units(self, blocks: Sequence[Block], start: int) -> list[_Unit]:
        units: list[_Unit] = []
        run: list[Block] = []  # of prose, to be cut as one text
        for block in blocks:
            if run and run[-1].end != block.start:
                units.append(_run(run[0].start, run[-1].end))
                run = []
            begin = block.start if units or run else start
            notes = self._notes.get(block, ())
            if block.kind in _PROSE and not notes:
                run.append(_prose(begin, block.end) if block.kind != Kind.RULE else block)
                continue
            if run:
                begin = self._lead(run[-1], block)
                if begin > run[0].start:
                    units.append(_run(run[0].start, begin))
                run = []
            units.append(_Unit(begin, (block, *notes)))
        if run:
            units.append(_run(run[0].start, run[-1].end))
        return units

    def _lead(self, before: Block, block: Block) -> int:
        """Return where what leads to a block begins: a caption, "You need:"; the block's start where nothing does."""
        words = self._text[before.start : before.end].rstrip()
        if before.kind == Kind.RULE or block.kind in _PROSE or not words:
            return block.start
        if block.kind != Kind.TABLE and not words.endswith(_LEADS):
            return block.start
        most = self._pieces.most // 4
        if self._pieces.tokens(words) <= most:
            return before.start
        sentence = before.start + spans(words)[-1][0]
        return sentence if self._pieces.size(sentence, block.start) <= most else block.start

    def _take_unit(self, unit: _Unit, *, inside: bool) -> None:
        pieces = self._pieces
        begins = [unit.start, *(block.start for block in unit.blocks[1:])]
        sizes = [pieces.size(at, block.end) for at, block in zip(begins, unit.blocks, strict=True)]
        together = pieces.room < sum(sizes) <= pieces.most
        if together and unit.blocks[0].kind not in _PROSE:
            pieces.close()
        for begin, block, size in zip(begins, unit.blocks, sizes, strict=True):
            if size <= pieces.room:
                pieces.add(begin, block.end, size, inside=inside)
            else:
                self._cut(block, begin)

    def _cut(self, block: Block, start: int) -> None:
        match block.kind:
            case Kind.TABLE:
                cut_table(self._pieces, block, start)
            case Kind.CODE:
                cut_code(self._pieces, block, start)
            case _ if block.children:
                self.take(block.children, start, inside=True)
            case _:
                self._cut_prose(start, block.end)

    def _cut_prose(self, start: int, end: int) -> None:
        """Fill the open piece with whole paragraphs; the splitter cuts what is left."""
        pieces = self._pieces
        while not pieces.empty and start < end:
            found = _PARAGRAPH_END.search(self._text, start, end)
            until = found.end() if found else end
            size = pieces.size(start, until)
            if size > pieces.room:
                break
            pieces.add(start, until, size)
            start = until
        if start < end:
            pieces.cut(start, end)


def _prose(start: int, end: int) -> Block:
    return Block(Kind.PROSE, start, end)


def _run(start: int, end: int) -> _Unit:
    return _Unit(start, (_prose(start, end),))
