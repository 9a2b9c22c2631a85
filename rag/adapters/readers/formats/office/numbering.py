"""The numbers that Word counts by itself: of headings, clauses and lists, as they are shown."""

import re
from dataclasses import dataclass, field
from typing import Any

from rag.adapters.readers.formats.packages import digits, named, text_below

_MARK = re.compile(
    "^(?P<indent>[ ]*)(?P<item>(?:[-*+]|\\d{1,9}[.)]) )?(?P<before>[^\uf8fa\uf8fb\n]{0,20})"
    "\uf8fa(?P<label>[^\uf8fa\uf8fb\n]*)\uf8fb",
    re.MULTILINE,
)
_ELSEWHERE = re.compile("\uf8fa([^\uf8fa\uf8fb\n]*)\uf8fb")
_NUMBER = re.compile(r"\d{1,9}[.)]")
_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_MOST = 10_000
"""Numbers above are written in digits, whatever their format."""


@dataclass(slots=True)
class _Level:
    start: int
    format: str
    text: str


@dataclass(slots=True)
class _Count:
    """How far each level of one numbering has come."""

    reached: dict[int, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # numbers that begin anew once


class Numbering:
    """The numberings of a document, and how far each has come."""

    def __init__(self, numbering: Any | None, styles: Any | None) -> None:
        """Take the parts of a file that define them; None where the file has no such part."""
        self._levels: dict[str, dict[int, _Level]] = {}
        self._by_style: dict[tuple[str, str], int] = {}
        self._numbers: dict[str, tuple[str, dict[int, int]]] = {}
        self._styles: dict[str, tuple[str, str, str]] = {}
        self._counts: dict[str, _Count] = {}
        if numbering is not None:
            self._define(numbering)
        for style in () if styles is None else styles.iter(named("w:style")):
            self._styles[style.get(named("w:styleId"), "")] = (
                _value(style, "w:pPr/w:numPr/w:numId"),
                _value(style, "w:pPr/w:numPr/w:ilvl"),
                _value(style, "w:basedOn"),
            )

    def _define(self, numbering: Any) -> None:
        for each in numbering.iter(named("w:abstractNum")):
            key = each.get(named("w:abstractNumId"), "")
            self._levels[key] = {}
            for level in each.iter(named("w:lvl")):
                number = digits(level.get(named("w:ilvl"), ""), 0)
                self._levels[key][number] = _Level(
                    digits(_value(level, "w:start"), 1),
                    _value(level, "w:numFmt"),
                    _value(level, "w:lvlText"),
                )
                if style := _value(level, "w:pStyle"):
                    self._by_style[key, style] = number
        for each in numbering.iter(named("w:num")):
            overrides = {
                digits(override.get(named("w:ilvl"), ""), 0): digits(_value(override, "w:startOverride"), 1)
                for override in each.iter(named("w:lvlOverride"))
                if _value(override, "w:startOverride")
            }
            self._numbers[each.get(named("w:numId"), "")] = (_value(each, "w:abstractNumId"), overrides)

    def write(self, tree: Any) -> None:
        """Put the label of each numbered paragraph before its text, between marks; bullets have none."""
        for paragraph in tree.iter(named("w:p")):
            label = self._label(paragraph)
            if label and text_below(paragraph):
                run = paragraph.makeelement(named("w:r"), {})
                text = run.makeelement(named("w:t"), {})
                text.text = f"\uf8fa{label}\uf8fb"
                run.append(text)
                paragraph.insert(1 if paragraph[0].tag == named("w:pPr") else 0, run)

    def _label(self, paragraph: Any) -> str:
        style = _value(paragraph, "w:pPr/w:pStyle")
        number = _value(paragraph, "w:pPr/w:numPr/w:numId")
        level_ = _value(paragraph, "w:pPr/w:numPr/w:ilvl")
        seen: set[str] = set()
        while not number and style in self._styles and style not in seen:
            seen.add(style)
            number, of_style, above = self._styles[style]
            level_ = level_ or of_style
            if not number:
                style = above
        abstract, overrides = self._numbers.get(number, ("", {}))
        levels = self._levels.get(abstract, {})
        at = digits(level_, self._by_style.get((abstract, style), 0))
        if at not in levels:
            return ""
        count = self._counts.setdefault(abstract, _Count())
        if number not in count.used:
            count.used.add(number)
            for each, start in overrides.items():
                count.reached[each] = start - 1
        count.reached[at] = count.reached.get(at, levels[at].start - 1) + 1
        for each in [deeper for deeper in count.reached if deeper > at]:
            del count.reached[each]
        if levels[at].format in ("bullet", "none"):
            return ""
        return _PLACE.sub(lambda found: self._written(levels, count, int(found[1]) - 1), levels[at].text)

    def _written(self, levels: dict[int, _Level], count: _Count, at: int) -> str:
        level = levels.get(at)
        return "" if level is None else _number(count.reached.get(at, level.start), level.format)


def with_labels(text: str) -> str:
    """Return Markdown with the marked labels in their places: an item of a list has the number Word shows."""
    return _ELSEWHERE.sub(r"\1 ", _MARK.sub(_labelled, text))


def _labelled(found: re.Match[str]) -> str:
    label = found["label"].strip()
    if found["item"] is None:
        return f"{found['indent']}{found['before']}{label} "
    begin = f"{label} " if _NUMBER.fullmatch(label) else f"- {label} "
    return f"{found['indent']}{begin}{found['before']}"


def _number(number: int, written: str) -> str:
    if not 0 < number < _MOST:
        return str(number)
    if written in ("lowerLetter", "upperLetter"):
        # Word goes on with aa, bb, cc.
        letters = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9)
        return letters.upper() if written == "upperLetter" else letters
    if written in ("lowerRoman", "upperRoman"):
        roman = ""
        for value, letters in _ROMAN:
            roman += letters * (number // value)
            number %= value
        return roman.upper() if written == "upperRoman" else roman
    return f"{number:02}" if written == "decimalZero" else str(number)


def _value(element: Any, path: str) -> str:
    found = element.find("/".join(map(named, path.split("/"))))
    return "" if found is None else str(found.get(named("w:val"), ""))
