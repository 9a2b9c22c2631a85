"""What is drawn on a page: the rules that tables stand between, and whether there is a picture at all."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rag.adapters.readers.pdf.layout import Turn
from rag.adapters.readers.pdf.tables import Rule

_MOST_DRAWN = 4_000
"""Things drawn on a page that are looked at; a map has more, a table does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """What of a page is no text."""

    rules: Sequence[Rule]  # lines along or across the page; none where there is a drawing
    anything: bool
    covers: float  # share of the page that its largest picture covers


def drawn_on(page: Any, turn: Turn) -> Drawn:
    """Return what is drawn on a page."""
    from pypdfium2 import raw

    rules: list[Rule] = []
    anything, covers = False, 0.0
    for count, each in enumerate(page.get_objects(max_depth=4)):
        if each.type == raw.FPDF_PAGEOBJ_TEXT:
            continue
        anything = True
        if count > _MOST_DRAWN:
            rules = []
            break
        if each.type == raw.FPDF_PAGEOBJ_PATH and each.level == 0:
            rules += _edges(each, turn)
        elif each.type == raw.FPDF_PAGEOBJ_IMAGE and each.level == 0:
            left, bottom, right, top = each.get_bounds()
            covers = max(covers, (right - left) * (top - bottom) / (turn.area or 1.0))
    return Drawn(rules=rules, anything=anything, covers=covers)


def _edges(path: Any, turn: Turn) -> Iterator[Rule]:
    """Yield the upright and level edges of one path: a line, a box, or a grid."""
    from pypdfium2 import raw

    box = turn.upright(*path.get_bounds())
    if min(box.right - box.left, box.bottom - box.top) < Rule.THIN:
        yield Rule.along(box)
        return
    matrix = path.get_matrix()
    points: list[tuple[float, float]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(min(raw.FPDFPath_CountSegments(path), _MOST_DRAWN)):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_BEZIERTO or not raw.FPDFPathSegment_GetPoint(segment, x, y):
            return  # a drawing
        point = matrix.on_point(x.value, y.value)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            points = [point]
            continue
        points.append(point)
        if raw.FPDFPathSegment_GetClose(segment):
            points.append(points[0])
            yield from _sides(points[-3:], turn)
        else:
            yield from _sides(points[-2:], turn)


def _sides(points: list[tuple[float, float]], turn: Turn) -> Iterator[Rule]:
    for (x0, y0), (x1, y1) in pairwise(points):
        box = turn.upright(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if min(box.right - box.left, box.bottom - box.top) < Rule.THIN:
            yield Rule.along(box)
