"""Formulas as TeX: from the annotation or alternative text that comes with them, else from MathML's own tree."""

import re

from rag.adapters.readers.html.tree import Element, Page, flat

_PREVIEWS = frozenset(
    {"mathjax", "mathjax_display", "mathjax_preview", "mathjax_svg", "mathjax_svg_display", "mathjax_chtml"}
    | {"mjx-chtml"}
)
_WRAPPED = frozenset({"katex", "mwe-math-element"})
_IMAGES = re.compile(r"(^|[-_])(math|tex|latex|formula|equation)([-_]|$)|mwe-math")
_STYLED = re.compile(r"\{\\(?:displaystyle|textstyle)\s*(?P<tex>.*)\}", re.DOTALL)
_MARKED = {"msup": "^", "msub": "_", "mfrac": "/", "mover": "^", "munder": "_"}
_LONGEST = 4_000
_NEAR = 3  # siblings


def write_formulas(page: Page) -> None:
    """Make each formula of a page a text between dollar signs, once, however many forms of it there are."""
    drawn: list[Element] = []
    for element in page.elements:
        kind = element.get("type").lower() if element.tag == "script" else ""
        classes = element.classes if "class" in element.attributes else []
        if kind.startswith("math/tex"):
            _write(element, "".join(element.texts()), block="display" in kind)
        elif element.tag == "mjx-container" or not _WRAPPED.isdisjoint(classes):
            if tex := _tex(element):
                _write(element, tex, block=element.get("display") == "true" or _is_block(element))
        elif element.tag == "math":
            _write(element, _tex(element) or _linear(element), block=element.get("display") == "block")
        elif element.tag == "img" and element.get("alt") and any(map(_IMAGES.search, classes)):
            _write(element, element.get("alt"), block=False)
        elif not _PREVIEWS.isdisjoint(classes):
            drawn.append(element)
    for element in drawn:
        # What a script drew of a formula that stands beside it.
        if "$" not in element.text and _has_source(element):
            element.take_out()


def _has_source(element: Element) -> bool:
    siblings = element.parent.children if element.parent is not None else []
    near = siblings[max(0, element.place - _NEAR) : element.place + _NEAR + 1]
    return any(isinstance(each, Element) and each.tag in ("", "p") and "$" in each.text for each in near)


def _is_block(element: Element) -> bool:
    above = element.parent
    return above is not None and "katex-display" in above.classes


def _tex(root: Element) -> str:
    for annotation in root.all("annotation"):
        if "tex" in annotation.get("encoding").lower() and (tex := annotation.text):
            return tex
    for element in root.elements():
        for name in ("alttext", "data-latex", "data-tex"):
            if tex := element.get(name):
                return tex
        if element.tag == "img" and (tex := element.get("alt")):
            return tex
    math = root.first("math")
    return _linear(math) if math is not None else ""


def _write(element: Element, tex: str, *, block: bool) -> None:
    tex = flat(tex)[:_LONGEST]
    if styled := _STYLED.fullmatch(tex):
        tex = styled["tex"].strip()
    tex = tex.removeprefix("$").removesuffix("$").strip()
    if not tex:
        element.take_out()
    elif block:
        element.become(f"$${tex}$$", tag="p")
    else:
        element.become(f"${tex}$")


def _linear(math: Element) -> str:
    """Return MathML on one line: 'x^2', 'a/b', 'sqrt(x)'."""
    done: dict[int, str] = {}
    for element in reversed(list(math.elements())):
        parts = [
            flat(each) if isinstance(each, str) else done[id(each)]
            for each in element.children
            if not isinstance(each, Element) or not each.tag.startswith("annotation")
        ]
        parts = [part for part in parts if part]
        if element.tag in _MARKED and len(parts) == 2:
            done[id(element)] = _MARKED[element.tag].join(map(_grouped, parts))
        elif element.tag == "msubsup" and len(parts) == 3:
            done[id(element)] = f"{parts[0]}_{_grouped(parts[1])}^{_grouped(parts[2])}"
        elif element.tag in ("msqrt", "mroot"):
            done[id(element)] = f"sqrt({' '.join(parts)})"
        elif element.tag == "mtr":
            done[id(element)] = ", ".join(parts) + ";"
        else:
            done[id(element)] = " ".join(parts)
        done[id(element)] = done[id(element)][:_LONGEST]
    return done[id(math)]


def _grouped(part: str) -> str:
    return f"({part})" if " " in part else part
