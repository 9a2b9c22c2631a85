"""Headers and footers that run through a document: kept once, where they first stand."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from rag.adapters.readers.pdf.layout import Line, Page

_MARGIN = 0.1
"""Share of a page's height above and below in which they stand."""
_MOST = 3
"""Lines of them at the top, and at the bottom."""
_FEW_PAGES = 5
"""A document of no more has what runs through it on two pages already, a longer one on three."""
_NUMBERED_SHARE = 0.6
"""Share of the pages that have a line which is short and alike but for the page's number: Step 3."""
_SHORT = 10
"""Letters beside the number."""
_FAR = 300
"""A number that differs from the page's by more is none of a page: Invoice 4711."""
_NUMBER = re.compile(
    r"(?:(?<=^)|(?<=^\W)|(?<=^\W )|(?<=\bpage ))\d{1,5}\b|\b\d{1,5}(?=\W{0,3}$)", re.IGNORECASE
)
"""A number at either end of a line, or behind the word page."""

_Mark = tuple[bool, str, bool]
"""Whether above or below, the text, and whether the page's number is left out of it."""


def without_running(pages: Sequence[Page], body: float) -> list[list[Line]]:
    """Return the lines of each page; what runs through the document stands on the first page that has it alone.

    There it comes before the page's text, so that a sentence which goes on behind the page is not broken by it.

    Args:
        pages: all of the document.
        body: the size of most of its letters; what is larger, or bold, is a heading.
    """
    marks = [_marks(page, body) for page in pages]
    counts = Counter(mark for page in marks for mark in {each for found in page.values() for each in found})
    least = 2 if len(pages) <= _FEW_PAGES else 3

    def runs(mark: _Mark) -> bool:
        letters = sum(letter.isalpha() for letter in mark[1])
        share = _NUMBERED_SHARE if mark[2] and 0 < letters < _SHORT else 0.0
        return counts[mark] >= max(least, share * len(pages))

    seen: set[_Mark] = set()
    kept = []
    for page, marked in zip(pages, marks, strict=True):
        running: list[Line] = []
        lines: list[Line] = []
        for number, line in enumerate(page.lines):
            known = [mark for mark in marked.get(number, ()) if runs(mark)]
            if not known:
                lines.append(line)
            elif seen.isdisjoint(known):
                running.append(line.with_text(line.text))
            seen.update(known)
        kept.append(running + lines)
    return kept


def _marks(page: Page, body: float) -> dict[int, list[_Mark]]:
    """Return what the outermost lines of a page are known by."""
    by_height = sorted(range(len(page.lines)), key=lambda number: page.lines[number].box.middle)
    above = [at for at in by_height[:_MOST] if page.lines[at].box.middle < _MARGIN * page.height]
    below = [at for at in by_height[-_MOST:] if page.lines[at].box.middle > (1 - _MARGIN) * page.height]
    return {
        at: list(_known_by(page.lines[at].text, page.number, at in above))
        for at in (*above, *below)
        if page.lines[at].size <= 1.1 * body and not page.lines[at].bold
    }


def _known_by(text: str, page: int, above: bool) -> Iterator[_Mark]:
    text = " ".join(text.split())
    yield above, text, False
    for number in _NUMBER.finditer(text):
        off = int(number.group()) - page
        if abs(off) <= _FAR:
            yield above, f"{text[: number.start()]}<{off}>{text[number.end() :]}", True
