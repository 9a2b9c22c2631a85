"""Where a stretch of a document stands, in words: page 3, pages 3-4, slide 2."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from rag.domain.documents import Locator

_WRITTEN = re.compile(r"(?P<kind>[^\W\d_]+?)(?P<more>s?) (?P<names>.+)", re.DOTALL)
_MOST_NAMES = 3


def located(locators: Sequence[Locator], start: int, end: int) -> str:
    """Return where the characters from `start` to `end` of a document stand; empty where that is not known."""
    first = max(bisect_right(locators, start, key=lambda each: each.start) - 1, 0)
    last = bisect_right(locators, max(end - 1, start), key=lambda each: each.start)
    found = [each for each in locators[first:last] if each.start < max(end, start + 1)]
    if not found:
        return ""
    kind = found[0].kind
    return _written(kind, [each.name for each in found if each.kind == kind])


def joined(first: str, last: str) -> str:
    """Return where a text stands that begins at one locator and ends at another, both as `located` writes them."""
    one, other = _WRITTEN.fullmatch(first), _WRITTEN.fullmatch(last)
    if first == last or not one or not other or one["kind"] != other["kind"]:
        return first or last
    return _written(one["kind"], [*_names(one), *_names(other)])


def _written(kind: str, names: Sequence[str]) -> str:
    different = list(dict.fromkeys(names))
    if len(different) == 1:
        return f"{kind} {different[0]}"
    if all(name.isdecimal() for name in different):
        return f"{kind}s {different[0]}-{different[-1]}"
    if len(different) > _MOST_NAMES:
        return f"{kind}s {different[0]} to {different[-1]}"
    return f"{kind}s {', '.join(different)}"


def _names(found: re.Match[str]) -> list[str]:
    if not found["more"]:
        return [found["names"]]
    return re.split(r"(?<=\d)-(?=\d)|, | to ", found["names"])
