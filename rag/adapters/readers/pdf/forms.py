"""Values of a form's fields, put where a person reads them: beside the label on the page."""

from collections.abc import Sequence
from dataclasses import replace

from rag.adapters.readers.pdf.layout import Box, Field, Line

_ABOVE = 2.2
"""How far above a field its label stands at most, in heights of a line."""


def filled(lines: Sequence[Line], fields: Sequence[Field]) -> list[Line]:
    """Return the lines with the values of the fields in them, each once.

    A value goes into the line on its own height, between the words left and right of it; else behind a label above it;
    else it becomes a line with the field's name.
    """
    made = list(lines)
    beside: dict[int, list[Field]] = {}
    for each in sorted(fields, key=lambda field: (field.box.top, field.box.left)):
        at = _at_its_height(lines, each.box)
        if at is not None:
            beside.setdefault(at, []).append(each)
        elif each.value:
            above = _above(lines, each.box)
            # Lines come in the order of reading, so that what is added behind them keeps their numbers.
            if above is None or above in beside:
                made.append(_named(each))
            else:
                beside.setdefault(above, []).append(each)
    for at, those in beside.items():
        made[at] = _with(lines[at], those)
    return made


def _with(line: Line, fields: Sequence[Field]) -> Line:
    text, shift = line.text, 0
    spaces = len(line.centres) - len(line.text)
    for each in sorted(fields, key=lambda field: field.box.centre):
        if not each.value:
            continue
        value = " ".join(each.value.split())
        if spaces == 0 and each.box.middle <= line.box.bottom + line.size / 2:
            at = sum(centre < each.box.centre for centre in line.centres) + shift
        else:
            at = len(text)
            if not text.rstrip().endswith((":", "?", "]")):
                value = f": {value}"
        before, after = text[:at].rstrip(), text[at:].lstrip()
        put = value if value.startswith(":") else f" {value}"
        joined = f"{before}{put} {after}".strip()
        shift += len(joined) - len(text)
        text = joined
    return line.with_text(text)


def _at_its_height(lines: Sequence[Line], box: Box) -> int | None:
    """Return the number of the line nearest to the field among those on its height."""
    near = [
        (_apart(line.box, box), number)
        for number, line in enumerate(lines)
        if box.top - 2 <= line.box.middle <= box.bottom + 2
        and (
            abs(line.box.middle - box.middle) <= max(line.size, 12)
            or line.box.right <= box.left  # beside a field of several lines
        )
    ]
    # What stands left of a field names it, and where nothing does, what stands right of it.
    left = [(gap, number) for gap, number in near if lines[number].box.left <= box.left]
    return min(left or near)[1] if near else None


def _apart(line: Box, box: Box) -> float:
    return max(box.left - line.right, line.left - box.right, 0.0)


def _above(lines: Sequence[Line], box: Box) -> int | None:
    near = [
        (box.top - line.box.bottom, number)
        for number, line in enumerate(lines)
        if -line.size / 2 <= box.top - line.box.bottom <= _ABOVE * line.size
        and line.box.left < box.right
        and line.box.right > box.left
    ]
    return min(near)[1] if near else None


def _named(field: Field) -> Line:
    text = f"{field.name}: {field.value}" if field.name else field.value
    return replace(Line(text=" ".join(text.split()), box=field.box, size=0.0), alone=True)
