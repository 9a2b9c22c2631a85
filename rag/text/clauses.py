"""A long sentence -> its clauses, as they stand: what an answer quotes where the whole sentence would be too long."""

import re
from collections.abc import Iterator

LONGEST = 300
"""Characters of a sentence that is quoted whole, and of each of its parts."""
_SHORTEST = 40  # characters of a part
_PAUSE = re.compile(r"(?<=[;:])\s+|(?<=[；：，、])|(?<!\s)\s+(?=[–—]|--? )|(?<=[.!?…])\s+")
_COMMA = re.compile(r"(?<=,)\s+|(?<!\s)\s+(?=\()")
_BLANK = re.compile(r"\s+")


def clauses(text: str, longest: int = LONGEST) -> list[str]:
    """Return the parts of a text, each of at most `longest` characters, as they stand; one part where it is short.

    It is divided at a pause, else at a comma, else between words: each time where both parts are about as long.
    """
    return [text[start:end].strip() for start, end in _parts(text, 0, len(text), longest)]


def _parts(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    if end - start <= longest:
        yield start, end
        return
    at = _middle(text, start, end)
    yield from _parts(text, start, at, longest)
    yield from _parts(text, at, end, longest)


def _middle(text: str, start: int, end: int) -> int:
    """Return where to divide: what comes after a cut begins there."""
    middle = (start + end) // 2
    least = max(_SHORTEST, (end - start) // 5)
    for mark in (_PAUSE, _COMMA, _BLANK):
        found = [
            each.end()
            for each in mark.finditer(text, start, end)
            if each.start() >= start + least and each.end() <= end - least
        ]
        if found:
            return min(found, key=lambda at: abs(at - middle))
    return middle
