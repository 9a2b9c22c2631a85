"""Pages that are pictures: read by OCR, and put into the order of reading."""

from collections.abc import Sequence
from io import BytesIO
from statistics import median
from typing import Any

from rag.adapters.readers.ocr import Ocr, ReadLine
from rag.adapters.readers.pdf.layout import Box, Line

_DPI = 300
_MOST_PIXELS = 24_000_000
"""Of a picture that OCR reads; a page of A4 at 300 dpi has 9 million."""
_LARGE = 1.45
"""How much higher than the others the letters of a heading are; the height of a line varies with its letters."""


def seen(page: Any, ocr: Ocr) -> list[Line]:
    """Return the lines that OCR finds on a page of a PDF."""
    wide, high = page.get_size()
    if min(wide, high) <= 0:
        return []
    scale = min(_DPI / 72, (_MOST_PIXELS / (wide * high)) ** 0.5)
    return lines_in(page.render(scale=scale, grayscale=True).to_pil(), ocr, scale)


def lines_in(picture: Any, ocr: Ocr, scale: float = 1.0) -> list[Line]:
    """Return the lines that OCR finds in a picture of Pillow's, in the order of reading.

    Args:
        picture: of any mode and size; where it is very large it is made smaller.
        ocr: what reads it.
        scale: pixels in a point of the page that it shows.
    """
    smaller = (_MOST_PIXELS / (picture.width * picture.height)) ** 0.5
    if smaller < 1:
        picture = picture.resize((int(picture.width * smaller), int(picture.height * smaller)))
        scale *= smaller
    file = BytesIO()
    picture.convert("L").save(file, "PNG")
    found = ocr.lines(file.getvalue())
    usual = median(line.height for line in found) if found else 0.0
    return in_reading_order([_line(each, usual, scale) for each in found])


def _line(read: ReadLine, usual: float, scale: float) -> Line:
    height = read.height if read.height > _LARGE * usual else usual
    box = Box(
        left=read.left / scale,
        top=read.top / scale,
        right=(read.left + read.width) / scale,
        bottom=(read.top + read.height) / scale,
    )
    return Line(text=read.text, box=box, size=height / scale)


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Return lines column by column, where a gap from top to bottom parts them, and else from the top.

    What stands across the columns comes before or after them (a simple XY cut; Nagy and Seth 1984).
    """
    lines = sorted(lines, key=lambda line: (line.box.top, line.box.left))
    for first in range(len(lines) - 3):
        for end in range(len(lines), first + 3, -1) if first == 0 else (len(lines),):
            at = _gap(lines[first:end])
            if at is not None:
                part = lines[first:end]
                left = [line for line in part if line.box.centre < at]
                right = [line for line in part if line.box.centre >= at]
                return [*lines[:first], *in_reading_order(left), *in_reading_order(right), *lines[end:]]
    return lines


def _gap(lines: Sequence[Line]) -> float | None:
    """Return where an empty strip parts lines into two columns of two lines or more; None where there is none."""
    by_left = sorted(lines, key=lambda line: line.box.left)
    wide = median(line.size for line in lines)
    reach = by_left[0].box.right
    for number, line in enumerate(by_left[1:], start=1):
        if line.box.left - reach > wide and number > 1 and len(lines) - number > 1:
            return (line.box.left + reach) / 2
        reach = max(reach, line.box.right)
    return None
