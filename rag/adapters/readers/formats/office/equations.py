"""Word's equations (OMML) as TeX, so that they stand where the text has them."""

from collections.abc import Callable
from typing import Any

from rag.adapters.readers.formats.packages import local, named

_DEEPEST = 60
"""Levels of an equation; below them only its letters are read."""

_SUMS = {
    "∑": "\\sum",
    "∏": "\\prod",
    "∫": "\\int",
    "∬": "\\iint",
    "∮": "\\oint",
    "⋃": "\\bigcup",
    "⋂": "\\bigcap",
}
_FENCES = {"{": "\\{", "}": "\\}", "〈": "\\langle ", "〉": "\\rangle "}


def tex(equation: Any, depth: int = 0) -> str:
    """Return an equation, or a part of one, as TeX; letters of the alphabet of mathematics stay as they are."""
    if depth > _DEEPEST:
        return "".join(equation.itertext())
    parts = [_part(child, depth + 1) for child in equation]
    return "".join(parts).strip()


def _part(element: Any, depth: int) -> str:
    name = local(element)
    if name.endswith("Pr"):
        return ""
    if name == "t":
        return element.text or ""
    written = _KINDS.get(name)
    return written(element, depth) if written else tex(element, depth)


def _in(element: Any, name: str, depth: int) -> str:
    """Return the part of that name; empty where there is none."""
    found = element.find(named(f"m:{name}"))
    return "" if found is None else tex(found, depth)


def _set(element: Any, name: str) -> str | None:
    """Return a property of an element; None where it is left to what is usual."""
    for child in element:
        if local(child) == f"{local(element)}Pr":
            found = child.find(named(f"m:{name}"))
            return None if found is None else found.get(named("m:val"), "")
    return None


def _root(element: Any, depth: int) -> str:
    degree = _in(element, "deg", depth)
    return f"\\sqrt{f'[{degree}]' if degree else ''}{{{_in(element, 'e', depth)}}}"


def _fence(element: Any, depth: int) -> str:
    begin, end, between = (_set(element, name) for name in ("begChr", "endChr", "sepChr"))
    inner = ("|" if between is None else between).join(
        tex(each, depth) for each in element if each.tag == named("m:e")
    )
    begin, end = "(" if begin is None else begin, ")" if end is None else end
    return f"{_FENCES.get(begin, begin)}{inner}{_FENCES.get(end, end)}"


def _sum(element: Any, depth: int) -> str:
    sign = _set(element, "chr")
    sign = "∫" if sign is None else sign
    return f"{_SUMS.get(sign, sign)}{_scripts(element, depth)} {_in(element, 'e', depth)}"


def _scripts(element: Any, depth: int) -> str:
    below, above = _in(element, "sub", depth), _in(element, "sup", depth)
    return (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")


def _before(element: Any, depth: int) -> str:
    return f"{{}}{_scripts(element, depth)}{_in(element, 'e', depth)}"


def _after(element: Any, depth: int) -> str:
    return f"{_in(element, 'e', depth)}{_scripts(element, depth)}"


def _rows(element: Any, depth: int) -> str:
    rows = [each for each in element if local(each) in ("mr", "e")]
    cells = [[tex(cell, depth) for cell in row] if local(row) == "mr" else [tex(row, depth)] for row in rows]
    return " \\\\ ".join(" & ".join(row) for row in cells)


_KINDS: dict[str, Callable[[Any, int], str]] = {
    "f": lambda each, depth: f"\\frac{{{_in(each, 'num', depth)}}}{{{_in(each, 'den', depth)}}}",
    "rad": _root,
    "d": _fence,
    "nary": _sum,
    "sSup": _after,
    "sSub": _after,
    "sSubSup": _after,
    "sPre": _before,
    "func": lambda each, depth: f"{_in(each, 'fName', depth)} {_in(each, 'e', depth)}",
    "limLow": lambda each, depth: f"{_in(each, 'e', depth)}_{{{_in(each, 'lim', depth)}}}",
    "limUpp": lambda each, depth: f"{_in(each, 'e', depth)}^{{{_in(each, 'lim', depth)}}}",
    "bar": lambda each, depth: f"\\overline{{{_in(each, 'e', depth)}}}",
    "m": _rows,
    "eqArr": _rows,
}
