"""Hits -> the text a chat model sees of them: as much as the budget holds, nothing twice."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.domain import Hit, Passage
from rag.domain.locators import joined

CountTokens = Callable[[Sequence[str]], list[int]]
"""Counts each text's tokens, without special ones; `rag.ports.Encoder.count_tokens` is one."""

_CHARS_PER_TOKEN = 16
"""No text has so many characters a token on average; what is beyond is not even counted."""
_LONGEST_OVERLAP = 2_000  # characters of two neighbouring passages that are compared
_SHORTEST_OVERLAP = 8  # characters; a shorter likeness is chance
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？؟۔।։።])[\"'”’)\]]*\s+|\n+|(?<=[。！？।።])")
_WORD_END = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """One numbered piece of the prompt."""

    rank: int  # of the hit it was found as
    title: str
    text: str  # the hit's passage with what was joined before and after it
    locator: str = ""  # where all of it stands in its document: "pages 3-4"; empty where that is not known


def pack(hits: Sequence[Hit], *, budget: int, frame: str, count_tokens: CountTokens) -> list[Packed]:
    """Fill the budget with the hits, in the order of their ranks.

    First come the passages themselves, the best one first; one that does not fit any more is cut at the end of a
    sentence, or left out where not even its first one fits. What is left of the budget goes to the hits' neighbours,
    the best hit's first and the nearest first, joined in the order of the document. A passage that is a hit itself
    or stands beside another hit already is not repeated, and neither is the text that neighbouring passages share.

    The budget is in tokens as `count_tokens` counts them, of everything together: the `frame`, which is written around
    each piece, counts too.
    """
    longest = budget * _CHARS_PER_TOKEN
    texts = [hit.passage.text[:longest] for hit in hits]
    costs = count_tokens(texts)
    frames = count_tokens(
        [f"{frame}{hit.rank}\n{hit.passage.title[:longest]}{hit.passage.locator[:longest]}" for hit in hits]
    )
    left = budget
    blocks: list[_Block] = []
    for hit, text, cost, around in zip(hits, texts, costs, frames, strict=True):
        if cost > left - around:
            text = cut(text, left - around, count_tokens, words=not blocks)
            cost = sum(count_tokens([text]))
        if not text.strip():
            continue
        left -= cost + around
        blocks.append(_Block(hit=hit, text=text, whole=text == hit.passage.text))
    shown = {block.hit.passage.id for block in blocks}
    for block in blocks:
        left = block.widen(left, shown, count_tokens)
    return [
        Packed(rank=each.hit.rank, title=each.title, text=each.text, locator=each.locator) for each in blocks
    ]


def cut(text: str, room: int, count_tokens: CountTokens, *, end: bool = False, words: bool = False) -> str:
    """Return as many of the text's first sentences as the room, in tokens, holds; none where the first is too long.

    `end` takes the last sentences, not the first. `words` takes, where not even one sentence fits, as many of its
    words as do.
    """
    if room <= 0:
        return ""
    longest = room * _CHARS_PER_TOKEN
    text = text[-longest:] if end else text[:longest]
    kept = _fitting(_split(text, _SENTENCE_END), room, count_tokens, end=end)
    if not kept and words:
        kept = _fitting(_split(text, _WORD_END), room, count_tokens, end=end)
    return kept.strip()


def overlap(before: str, after: str) -> int:
    """Return how many characters the end of one text shares with the beginning of the next; 0 for chance likeness.

    The longest stretch of whole words, up to `_LONGEST_OVERLAP`. Whatever is shared ends with the last few
    characters of `before`, so that only the places where these stand in `after` are looked at.
    """
    head, end = after[:_LONGEST_OVERLAP], before[-_SHORTEST_OVERLAP:]
    if len(end) < _SHORTEST_OVERLAP:
        return 0
    at = head.rfind(end)
    while at >= 0:
        size = at + len(end)
        if before.endswith(head[:size]) and _whole_words(before, after, size):
            return size
        at = head.rfind(end, 0, size - 1)
    return 0


def _whole_words(before: str, after: str, size: int) -> bool:
    begins = size == len(before) or not (before[-size - 1].isalnum() and after[0].isalnum())
    ends = size == len(after) or not (after[size - 1].isalnum() and after[size].isalnum())
    return begins and ends


@dataclass(kw_only=True, eq=False)
class _Block:
    """A hit's passage, growing."""

    hit: Hit
    text: str
    whole: bool  # its end is the passage's, so that more may follow
    title: str = field(init=False)
    locator: str = field(init=False)

    def __post_init__(self) -> None:
        self.title = self.hit.passage.title
        self.locator = self.hit.passage.locator
        # Title, and where the text ends in the document: what the next passage is joined to.
        self._first = self._last = self.hit.passage

    def widen(self, left: int, shown: set[str], count_tokens: CountTokens) -> int:
        """Join neighbours while the budget lasts; return what is left of it. `shown` is kept up to date."""
        for neighbour, follows in self._outwards():
            if left <= 0:
                break
            edge = self._last if follows else self._first
            # Beyond a passage that is shown elsewhere, or is gone, the text would not go on.
            beside = neighbour.position == edge.position + (1 if follows else -1)
            if not beside or neighbour.id in shown or (follows and not self.whole):
                continue
            added, whole = self._joined(neighbour, follows=follows)
            cost = sum(count_tokens([added]))
            if cost > left:
                added = cut(added, left, count_tokens, end=not follows)
                if not added:
                    continue
                self.text = f"{self.text} {added}" if follows else f"{added}\n{self.text}"
                self._stretch(neighbour, follows=follows)
                shown.add(neighbour.id)
                return left - sum(count_tokens([added]))
            self.text = whole
            self._stretch(neighbour, follows=follows)
            shown.add(neighbour.id)
            left -= cost
            if follows:
                self._last = neighbour
            else:
                self._first, self.title = neighbour, neighbour.title
        return left

    def _stretch(self, neighbour: Passage, *, follows: bool) -> None:
        ends = (self.locator, neighbour.locator) if follows else (neighbour.locator, self.locator)
        self.locator = joined(*ends)

    def _outwards(self) -> Iterator[tuple[Passage, bool]]:
        """Yield the neighbours, nearest first, each with whether it follows the hit."""
        at = self.hit.passage.position
        for other in sorted(self.hit.neighbours, key=lambda p: (abs(p.position - at), p.position < at)):
            yield other, other.position > at

    def _joined(self, neighbour: Passage, *, follows: bool) -> tuple[str, str]:
        """Return what a neighbour adds, and the whole with it."""
        if follows:
            shared = overlap(self._last.text, neighbour.text)
            rest = neighbour.text[shared:]
            if neighbour.title != self._last.title:
                rest = f"{neighbour.title}\n{rest.lstrip()}"
            seam = "" if shared and neighbour.title == self._last.title else "\n"
            return rest, f"{self.text}{seam}{rest}"
        shared = overlap(neighbour.text, self._first.text)
        rest = neighbour.text[: len(neighbour.text) - shared]
        if neighbour.title != self._first.title:
            return f"{rest}\n{self._first.title}", f"{rest.rstrip()}\n{self._first.title}\n{self.text}"
        seam = "" if shared else "\n"
        return rest, f"{rest}{seam}{self.text}"


def _split(text: str, ends: re.Pattern[str]) -> list[str]:
    """Cut after each match; the pieces joined are the text."""
    bounds = [0, *(match.end() for match in ends.finditer(text)), len(text)]
    return [text[start:stop] for start, stop in pairwise(bounds) if start < stop]


def _fitting(pieces: Sequence[str], room: int, count_tokens: CountTokens, *, end: bool) -> str:
    taken = 0
    for cost in count_tokens(pieces[::-1] if end else pieces):
        if cost > room:
            break
        room -= cost
        taken += 1
    return "".join(pieces[len(pieces) - taken :] if end else pieces[:taken])
