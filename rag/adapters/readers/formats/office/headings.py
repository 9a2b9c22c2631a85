"""Word's headings: what is one by its style's name or its own level, and tables of contents that repeat them."""

import re
from typing import Any

from rag.adapters.readers.formats.packages import local, named

_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|nagłówek|заголовок) ?([1-9])", re.I
)
_CONTENTS = re.compile(r"(?:toc|table of figures)(?: ?\d)?", re.I)
_COUNTED = re.compile(r"[\d.()§ ]*")
_STYLE = "whetstoneheading"


def level(styles: Any) -> None:
    """Give each style that is called a heading its level, and add styles for paragraphs with levels of their own."""
    for style in styles.iter(named("w:style")):
        name = style.find(named("w:name"))
        found = _HEADING.fullmatch("" if name is None else name.get(named("w:val"), ""))
        if found and style.find(f"{named('w:pPr')}/{named('w:outlineLvl')}") is None:
            _set_level(style, int(found[1]) - 1)
    for number in range(6):
        style = styles.makeelement(
            named("w:style"), {named("w:type"): "paragraph", named("w:styleId"): f"{_STYLE}{number}"}
        )
        name = style.makeelement(named("w:name"), {named("w:val"): f"{_STYLE} {number}"})
        style.append(name)
        _set_level(style, number)
        styles.append(style)


def mark(tree: Any) -> None:
    """Give each paragraph with a level of its own a style of that level."""
    for about in tree.iter(named("w:pPr")):
        own = about.find(named("w:outlineLvl"))
        number = "" if own is None else own.get(named("w:val"), "")
        if number in ("0", "1", "2", "3", "4", "5"):
            style = about.find(named("w:pStyle"))
            if style is None:
                style = about.makeelement(named("w:pStyle"), {})
                about.insert(0, style)
            style.set(named("w:val"), f"{_STYLE}{number}")


def drop_contents(tree: Any, styles: Any | None) -> None:
    """Blank the entries of tables of contents that stand as text elsewhere in the document, and their heading."""
    names, heads = {"TableofFigures"}, {"TOCHeading"}
    for style in () if styles is None else styles.iter(named("w:style")):
        name = style.find(named("w:name"))
        if name is not None and _CONTENTS.fullmatch(name.get(named("w:val"), "")):
            names.add(style.get(named("w:styleId"), ""))
        elif name is not None and name.get(named("w:val"), "").lower() == "toc heading":
            heads.add(style.get(named("w:styleId"), ""))
    entries, titles, texts, dropped = [], [], set(), False
    for paragraph in tree.iter(named("w:p")):
        style = paragraph.find(f"{named('w:pPr')}/{named('w:pStyle')}")
        id_ = "" if style is None else style.get(named("w:val"), "")
        if id_ in heads:
            titles.append(paragraph)
        elif id_ in names or re.fullmatch(r"TOC\d", id_):
            entries.append(paragraph)
        else:
            texts.add(_flat("".join(_pieces(paragraph))))
    for entry in entries:
        pieces = [_flat(piece) for piece in "".join(_pieces(entry)).split("\t")]
        if any(len(piece) > 1 and piece in texts for piece in pieces) and all(
            piece in texts or _COUNTED.fullmatch(piece) for piece in pieces
        ):
            dropped = True
            for each in entry.iter():
                if local(each) == "t":
                    each.text = ""
                elif local(each) in ("tab", "hyperlink"):
                    each.attrib.clear()
                    each.tag = named("w:smartTag")
    for text in [each for title in titles for each in title.iter(named("w:t"))] if dropped else ():
        text.text = ""


def _pieces(paragraph: Any) -> Any:
    for each in paragraph.iter():
        if each.tag == named("w:t"):
            yield each.text or ""
        elif each.tag in (named("w:tab"), named("w:ptab")):
            yield "\t"


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()


def _set_level(style: Any, number: int) -> None:
    about = style.find(named("w:pPr"))
    if about is None:
        about = style.makeelement(named("w:pPr"), {})
        style.append(about)
    about.append(about.makeelement(named("w:outlineLvl"), {named("w:val"): str(number)}))
