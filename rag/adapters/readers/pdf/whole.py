"""The pages of a PDF put together: one text, where each page begins in it, and which pages gave none."""

from collections.abc import Iterator, Mapping, Sequence

from rag.adapters.readers.pdf.blocks import Block, Style, blocks_of, continued
from rag.adapters.readers.pdf.hyphens import Words
from rag.adapters.readers.pdf.layout import Lack, Page
from rag.adapters.readers.pdf.running import without_running
from rag.domain import Locator

_MOST_RANGES = 8


def text_of(pages: Sequence[Page], outline: Mapping[str, int]) -> tuple[str, list[Locator]]:
    """Return the text of all pages as Markdown, and where each page that has some begins.

    A paragraph or a table that goes on behind a page's end stays one.
    """
    scanned = all(page.seen for page in pages)
    printed = [page for page in pages if scanned or not page.seen]
    body = Style([page.lines for page in printed], outline).body
    kept = without_running(pages, body)
    # What runs through a short document may be more than its text.
    style = Style(
        [lines for page, lines in zip(pages, kept, strict=True) if scanned or not page.seen], outline
    )
    words = Words(line.text for page in pages for line in page.lines)
    blocks: list[Block] = []
    begins: list[tuple[int, int, str]] = []  # number of a block, character of it, page
    for page, lines in zip(pages, kept, strict=True):
        found = list(blocks_of(page, lines, style, words))
        if not found:
            continue
        longer = continued(blocks[-1], found[0], words) if blocks else None
        if longer is None:
            begins.append((len(blocks), 0, page.label))
            blocks += found
        else:
            begins.append((len(blocks) - 1, longer[1], page.label))
            blocks[-1:] = [longer[0], *found[1:]]
    text, starts = "", []
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before is not None:
            text += "\n" if before.kind == block.kind == "item" else "\n\n"
        starts.append(len(text))
        text += block.text
    return text, [Locator(start=starts[block] + at, kind="page", name=page) for block, at, page in begins]


_REASONS = {
    Lack.BROKEN: ("cannot be read", "cannot be read", "the file is damaged there"),
    Lack.PICTURE: (
        "holds no text",
        "hold no text",
        "{pictures} perhaps, which OCR reads: set WHETSTONE_OCR=true",
    ),
    Lack.COVERED: (
        "is a picture with a few words beside it",
        "are pictures with a few words beside them",
        "OCR reads the rest: set WHETSTONE_OCR=true",
    ),
    Lack.GARBLED: (
        "has a font that does not name its letters",
        "have fonts that do not name their letters",
        "OCR reads them: set WHETSTONE_OCR=true",
    ),
}
"""Of one page, of several, and what to do."""


def gaps(pages: Sequence[Page]) -> Iterator[str]:
    """Yield which pages were not read, or in part, and why."""
    for lack, (one, several, what) in _REASONS.items():
        those = [page.number for page in pages if page.lack is lack]
        if len(those) == len(pages) == 1:
            yield f"its only page {one}; {what.format(pictures='it is a picture')}"
        elif those:
            hold, pictures = (one, "it is a picture") if len(those) == 1 else (several, "they are pictures")
            counted = f"{len(those):,} of {len(pages):,} pages {hold} ({_ranges(those)})"
            yield f"{counted}; {what.format(pictures=pictures)}"


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as a person writes them: pages 2-4, 7."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    written = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:_MOST_RANGES]]
    word = "page" if len(numbers) == 1 else "pages"
    return f"{word} {', '.join(written)}" + (" and others" if len(spans) > _MOST_RANGES else "")
