"""Citation marks of an answer, [n], and the passages that they may name."""

import re
from collections.abc import Collection, Sequence
from functools import cached_property

from rag.domain import Hit
from rag.text.forms import plain

_STANDARD = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\](?!\()")
_CODE = re.compile(
    r"(?ms)^[ \t]*(?P<fence>`{3,}|~{3,}).*?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)|(?P<run>`+)[^\n]*?(?P=run)(?!`)"
)
_BLANKS = re.compile(r"\s+")
_BEFORE = 24
"""Characters before a bracket by which a passage's own words are known."""
_FEWEST = 8
_EAST = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Given:
    """The passages an answer may cite: their numbers, and their words, by which a quotation is known."""

    def __init__(self, hits: Sequence[Hit], numbers: Collection[int] | None = None) -> None:
        """Take the hits; `numbers` are those that were shown, None: all."""
        self.numbers = frozenset(hit.rank for hit in hits) if numbers is None else frozenset(numbers)
        self._hits = hits

    @cached_property
    def _texts(self) -> list[str]:
        shown = (each.text for hit in self._hits for each in (hit.passage, *hit.neighbours))
        return [_BLANKS.sub("", plain(text)) for text in shown]

    def has(self, before: str, mark: str) -> bool:
        """Tell whether a passage has the mark itself, after the same words."""
        words = re.split('[\n“„«"]', before)[-1]
        tail = _BLANKS.sub("", plain(f"{words[-2 * _BEFORE :]}{mark}"))
        own = len(_BLANKS.sub("", plain(mark)))
        directly = re.search(r"[^\W\d_]+$", before)
        if directly and not _EAST.match(directly[0][-1]):
            tail = tail[-(own + max(_FEWEST, len(directly[0]))) :]
            return len(tail) > own and any(tail in text for text in self._texts)
        tail = tail[-(own + _BEFORE) :]
        return len(tail) >= own + _FEWEST and any(tail in text for text in self._texts)


def marks(answer: str, given: Given | None = None) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return (start, end, numbers) of each mark [n] in an answer, in characters; none in code or quotations."""
    code = [each.span() for each in _CODE.finditer(answer)] if "`" in answer or "~" in answer else []
    cited = []
    for mark in _STANDARD.finditer(answer):
        start, end = mark.span()
        before = answer[max(0, start - 200) : start]
        if any(begin <= start < stop for begin, stop in code) or is_index(before):
            continue
        if given is None or not given.has(before, mark[0]):
            cited.append((start, end, tuple(map(int, mark[1].split(",")))))
    return cited


def is_index(before: str) -> bool:
    """Tell whether a bracket stands at a name in a program, as in a[1], and not at a word."""
    word = re.search(r"\w+$", before)
    if word is None:
        return re.search(r"(?<![^\W\d])\w\[\d+\]$", before) is not None and not before[:-3].endswith(" ")
    name = word[0]
    if _EAST.match(name[-1]) or name.isdecimal():
        return False
    return (
        (len(name) == 1 and name not in "Iaà")
        or "_" in name
        or re.search(r"[a-z][A-Z]|^[a-z]+\d", name) is not None
        or (name == "a")
    )
