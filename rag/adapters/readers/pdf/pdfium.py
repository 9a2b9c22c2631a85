"""PDFium, the library of Chrome, asked what stands on the pages of a PDF."""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rag.adapters.readers.ocr import Ocr
from rag.adapters.readers.pdf.drawn import Drawn, drawn_on
from rag.adapters.readers.pdf.fields import comments_of, fields_of
from rag.adapters.readers.pdf.forms import filled
from rag.adapters.readers.pdf.layout import Box, Lack, Line, Page, Part, Turn
from rag.adapters.readers.pdf.links import linked, links_of
from rag.adapters.readers.pdf.pictures import seen
from rag.adapters.readers.pdf.rows import tables_in
from rag.adapters.readers.pdf.tables import tables_of
from rag.errors import UnreadableDocument

if TYPE_CHECKING:
    import pypdfium2

_PARTED = "\ufffe"
"""How PDFium writes a hyphen at a line's end."""
_WRITTEN: dict[int, str | None] = dict.fromkeys((*range(32), *range(127, 160))) | {
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st",
    0x09: " ", 0xA0: " ", 0x2028: " ",
}  # fmt: skip
"""Characters -> what they are in text: ligatures are glyphs of a font, not how their author spells."""
_BULLET = "\u2022"
_MOST_MISSING = 2_000
"""Pages on end that are not there, after which no more are looked for."""
_GARBLED = 0.3
"""Share of a page's letters that are none, from which on it is not read."""
_COVERED = 0.5
"""Share of a page that a picture covers, from which on the page is one that was scanned."""
_FEW_LETTERS = 60
"""On a page that was scanned: a number or a stamp that somebody put on it."""
_MARK = re.compile(r"\s*(?:[^\w\s]|\(?\w{1,3}[.)])\s*")
"""A bullet, or the number of a list's item."""
_NEAR = 0.9
"""Room between two pieces of a line that PDFium gives apart, as it does behind small raised letters, in heights."""
_DOWNWARDS = 1
_FIXED = ("courier", "mono", "consol", "typewriter", "cmtt")
_BOLD = ("bold", "black", "heavy", "demi")
_HEAVY = 600


@contextmanager
def opened(data: bytes) -> Iterator["pypdfium2.PdfDocument"]:
    """Yield the PDF, open.

    Raises:
        UnreadableDocument: it is broken or needs a password.
    """
    import pypdfium2
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(data)
        try:
            if document.get_formtype():
                document.init_forms()
            yield document
        finally:
            document.close()
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise UnreadableDocument("is encrypted; save it without a password") from error
        raise UnreadableDocument(f"is not a PDF that can be read: {error}") from error


def pages_of(document: "pypdfium2.PdfDocument", ocr: Ocr | None = None) -> Iterator[Page]:
    """Yield what stands on each page, read by `ocr` where it is a picture; one that is broken is said to be.

    Raises:
        UnreadableDocument: it claims to have thousands of pages that are not there.
    """
    import pypdfium2

    missing = 0
    for index in range(len(document)):
        label = document.get_page_label(index) or str(index + 1)
        try:
            page = document[index]
        except pypdfium2.PdfiumError:
            missing += 1
            if missing > _MOST_MISSING:
                raise UnreadableDocument(
                    f"says that it has {len(document):,} pages, of which {missing:,} on end are not there"
                ) from None
            yield Page(number=index + 1, label=label, height=0, lack=Lack.BROKEN)
            continue
        missing = 0
        try:
            yield _page(document, page, index + 1, label, ocr)
        finally:
            page.close()


def _page(document: Any, page: Any, number: int, label: str, ocr: Ocr | None) -> Page:
    text, quarters = _level_text(page)
    whole = _characters(text)
    runs = list(_runs(whole))
    turn = Turn(page.get_bbox(), quarters)
    fields = list(fields_of(document, page, turn.upright))
    links = list(links_of(document, page, turn.upright))
    placed = bool(fields or links)
    rows = [row for start, run in runs for row in _rows(text, start, run, turn)]
    lines = _rejoined(
        [line for start, run in rows if (line := _line(text, start, run, turn, placed)) is not None]
    )
    drawn = drawn_on(page, turn)
    lack = _lack(whole, lines, drawn)
    if lack is not None and ocr is not None:
        read = seen(page, ocr)
        if lack is not Lack.COVERED or _length(read) > _length(lines):
            return Page(number=number, label=label, height=page.get_height(), lines=read, seen=True)
    tables = tables_of(drawn.rules, lines, lambda box: _inside(text, turn.back(box)), fields)
    free = [field for field in fields if not any(table.box.holds(field.box) for table in tables)]
    lines = filled(linked(lines, links), free)
    return Page(
        number=number,
        label=label,
        height=turn.height,
        lines=lines,
        tables=[*tables, *tables_in(lines, tables)],
        comments=list(comments_of(page)),
        lack=lack,
    )


def _level_text(page: Any) -> tuple[Any, int]:
    """Return the text of a page, and by how many quarters most of its lines are turned from the level."""
    from pypdfium2 import raw

    text = page.get_textpage()
    angles = [raw.FPDFText_GetCharAngle(text, start) for start, _ in _runs(_characters(text))]
    if not angles:
        return text, page.get_rotation() // 90
    quarters = _turned(angles)
    if (page.get_rotation() // 90 - quarters) % 4 == _DOWNWARDS:
        # PDFium gives lines that run down the page from the last to the first.
        text.close()
        page.set_rotation((page.get_rotation() + 180) % 360)
        text = page.get_textpage()
    return text, quarters


def _lack(whole: str, lines: list[Line], drawn: Drawn) -> Lack | None:
    """Return why the letters of a page are not all that is to be read on it."""
    letters = [letter for letter in whole if not letter.isspace() and letter != _PARTED]
    untold = sum(letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" or letter < " " for letter in letters)
    if untold > _GARBLED * len(letters):
        return Lack.GARBLED
    if not lines:
        return Lack.PICTURE if drawn.anything else None
    return Lack.COVERED if drawn.covers > _COVERED and len(letters) < _FEW_LETTERS else None


def _length(lines: list[Line]) -> int:
    return sum(len(line.text) for line in lines)


def _runs(whole: str) -> Iterator[tuple[int, str]]:
    """Yield each line with the number of its first character."""
    start = 0
    for end, letter in enumerate(whole):
        if letter in "\r\n" or letter == _PARTED:
            if start < end:
                yield start, whole[start:end] + ("-" if letter == _PARTED else "")
            start = end + 1
    if start < len(whole):
        yield start, whole[start:]


def _characters(text: Any) -> str:
    """Return the page's characters, each at its own number."""
    from pypdfium2 import raw

    count = text.count_chars()
    whole: str = text.get_text_range() if count else ""
    if len(whole) == count and "\ufffd" not in whole:
        return whole
    # PDFium leaves some out of the text as a whole, and halves those beyond 16 bits.
    codes = (raw.FPDFText_GetUnicode(text, index) for index in range(count))
    return "".join(
        chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd" for code in codes
    )


def _rows(text: Any, start: int, run: str, turn: Turn) -> Iterator[tuple[int, str]]:
    """Yield the lines in one that PDFium gives as one: it misses the end of a line before a bullet."""
    rects = [turn.upright(*text.get_rect(each)) for each in range(text.count_rects(start, len(run)))]
    if all(after.left >= before.left for before, after in pairwise(rects)):
        yield start, run
        return
    begun, last = 0, None
    for at, letter in enumerate(run):
        if letter.isspace():
            continue
        box = turn.upright(*text.get_charbox(start + at, loose=True))
        if last and box.left < last.left and box.middle > last.middle + (last.bottom - last.top) / 2:
            yield start + begun, run[begun:at]
            begun = at
        last = box
    yield start + begun, run[begun:]


def _line(text: Any, start: int, run: str, turn: Turn, placed: bool) -> Line | None:
    clean = _clean(run)
    rects = [turn.upright(*text.get_rect(each)) for each in range(text.count_rects(start, len(run)))]
    if not clean or not rects:
        return None
    first, last = len(run) - len(run.lstrip()), len(run.rstrip("-").rstrip()) - 1
    samples = sorted({first, (first + last) // 2, max(first, last)})
    boxes = [turn.upright(*text.get_charbox(start + each, loose=True)) for each in samples]
    fonts = [_font(text, start + each) for each in samples]
    size = sorted(box.bottom - box.top for box in boxes)[len(boxes) // 2]
    gaps = any(after.left - before.right > size for before, after in pairwise(sorted(rects, key=_left)))
    placed = placed or gaps
    letters = [turn.upright(*text.get_charbox(start + each)) for each in range(len(run))] if placed else []
    return Line(
        text=clean,
        box=Box(
            left=boxes[0].left if first else min(rect.left for rect in rects),
            right=max(rect.right for rect in rects),
            top=boxes[len(boxes) // 2].top,
            bottom=boxes[len(boxes) // 2].bottom,
        ),
        size=size,
        bold=all(bold for bold, _ in fonts),
        fixed=all(fixed for _, fixed in fonts),
        parts=tuple(_parts(run, letters, size)) if gaps else (),
        centres=tuple(letter.centre for letter in letters),
    )


def _rejoined(lines: list[Line]) -> list[Line]:
    """Return the lines, one that goes on on the height of the last one made one with it."""
    made: list[Line] = []
    for line in lines:
        last = made[-1] if made else None
        if last is None or not last.box.top < line.box.middle < last.box.bottom or line.fixed:
            made.append(line)
            continue
        room = line.box.left - last.box.right
        if not (-0.3 * line.size < room < _NEAR * line.size or (room > 0 and _MARK.fullmatch(last.text))):
            made.append(line)
            continue
        gap = " " if room > 0.15 * line.size and line.text[0] not in ".,;:!?)" else ""
        longer = max(last, line, key=lambda each: len(each.text))
        made[-1] = replace(
            longer,
            text=f"{last.text}{gap}{line.text}",
            box=replace(longer.box, left=last.box.left, right=line.box.right),
            bold=last.bold and line.bold,
            parts=(),
            centres=(*last.centres, *([line.box.left] * len(gap)), *line.centres),
        )
    return made


def _left(box: Box) -> float:
    return box.left


def _parts(run: str, letters: list[Box], size: float) -> Iterator[Part]:
    """Yield the pieces of a line between which there is room; a bullet or a number before the first is of it."""
    begun: list[int] = []  # numbers of the letters that begin a piece
    reach = 0.0
    for at, letter in enumerate(run):
        if letter.isspace():
            continue
        if not begun or letters[at].left - reach > size:
            begun.append(at)
        reach = letters[at].right
    if len(begun) > 1 and _MARK.fullmatch(run[begun[0] : begun[1]]):
        del begun[1]
    for at, end in pairwise([*begun, len(run)]):
        if piece := _clean(run[at:end]):
            right = max(letter.right for letter in letters[at : at + len(run[at:end].rstrip())])
            yield Part(text=piece, left=letters[at].left, right=right)


def _clean(run: str) -> str:
    """Return a line as letters: ligatures taken apart, a sign of a symbol font at its beginning made a bullet."""
    run = run.strip()
    if len(run) > 1 and run[1].isspace() and (not run[0].isprintable() or "\ue000" <= run[0] <= "\uf8ff"):
        run = _BULLET + run[1:]
    return run.translate(_WRITTEN).strip()


def _font(text: Any, index: int) -> tuple[bool, bool]:
    """Return whether the font of a character is bold, and whether it is of one width."""
    from pypdfium2 import raw

    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(text, index, name, len(name), flags)
    called = name.value.decode(errors="replace").casefold()
    heavy = raw.FPDFText_GetFontWeight(text, index) >= _HEAVY
    return heavy or any(each in called for each in _BOLD), bool(flags.value & 1) or any(
        each in called for each in _FIXED
    )


def _inside(text: Any, rect: tuple[float, float, float, float]) -> list[str]:
    left, bottom, right, top = rect
    found: str = text.get_text_bounded(left=left, bottom=bottom, right=right, top=top)
    lines = found.replace(_PARTED, "-\n").splitlines()
    return [clean for line in lines if (clean := _clean(line))]


def _turned(angles: list[float]) -> int:
    """Return by how many quarters most lines are turned from the level."""
    quarters = [round(angle / 1.5708) % 4 for angle in angles]
    return -max(range(4), key=quarters.count) % 4
