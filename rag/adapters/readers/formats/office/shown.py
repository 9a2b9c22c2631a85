"""What Word shows of a part of its files: of two forms one, fields' results, symbols, text boxes, joined paragraphs."""

import copy
from typing import Any

from rag.adapters.readers.formats.packages import become, check_depth, local, named, text_below

_OFF = frozenset({"0", "false", "off", "none"})
_SYMBOL = dict(
    zip(
        range(0x41, 0x5B),
        "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ",
        strict=True,
    )
)
_SYMBOL |= dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True))
_SYMBOL |= dict(
    zip(
        bytes.fromhex(
            "22242740A2A3A5ABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCC5C6C7C8CCCDCECFD1D5D6D7D8D9DADBDEE5F2"
        ),
        "∀∃∋≅′≤∞↔←↑→↓°±″≥×∝∂•÷≠≡≈…⊕∅∩∪⊂⊆∈∉∇∏√⋅¬∧∨⇔⇒∑∫",
        strict=True,
    )
)
"""Letters of the font Symbol."""
_WINGDINGS = {
    0xFC: "✓",
    0xFB: "✗",
    0xFD: "☒",
    0xFE: "☑",
    0xA8: "☐",
    0x6F: "☐",
    0xB7: "•",
    0xE0: "→",
    0xD8: "➢",
    0xA7: "▪",
    0x4A: "☺",
}
"""Letters of the font Wingdings that people set by hand, and those that look like them."""


def put_right(tree: Any) -> None:
    """Change a part of a Word file so that the text in it is what Word shows, each piece once."""
    check_depth(tree)
    _choose(tree)
    _show_fields(tree)
    _remove_what_is_not_shown(tree)
    _unbox(tree)
    _join(tree)


def _choose(tree: Any) -> None:
    """Leave one of two forms of the same: the newer one, where it holds what the older does."""
    for parent in list(tree.iter()):
        for each in [child for child in parent if child.tag == named("mc:AlternateContent")]:
            forms = sorted(each, key=lambda form: local(form) != "Choice")
            chosen = next((form for form in forms if text_below(form)), forms[0] if forms else ())
            at = list(parent).index(each)
            parent[at : at + 1] = list(chosen)


def _show_fields(tree: Any) -> None:
    """Remove what stands within the code of fields, and write what boxes and lists to choose from show."""
    open_: list[bool] = []  # of each field around: whether its code is over
    within: list[Any] = []
    for run in tree.iter(named("w:r")):
        for child in list(run):
            name = local(child)
            kind = child.get(named("w:fldCharType")) if name == "fldChar" else ""
            if kind == "begin":
                open_.append(False)
                if (shown := _chosen(child)) and all(open_[:-1]):
                    text = run.makeelement(named("w:t"), {})
                    text.text = shown
                    run.insert(list(run).index(child), text)
            elif kind == "separate" and open_:
                open_[-1] = True
            elif kind == "end" and open_:
                open_.pop()
            elif name == "t" and not all(open_):
                within.append(child)
    for text in () if open_ else within:
        text.text = ""
    if open_:
        # A field without an end would take the rest of the text with it.
        for run in tree.iter(named("w:r")):
            run[:] = [child for child in run if local(child) not in ("fldChar", "instrText")]


def _chosen(field: Any) -> str:
    """Return what a field of an old form shows: a box, or the entry of a list."""
    box = next(field.iter(named("w:checkBox")), None)
    if box is not None:
        set_ = box.find(named("w:checked"))
        set_ = box.find(named("w:default")) if set_ is None else set_
        return "☐" if set_ is None or set_.get(named("w:val"), "1") in _OFF else "☒"
    choice = next(field.iter(named("w:ddList")), None)
    if choice is None:
        return ""
    entries = [each.get(named("w:val"), "") for each in choice.iter(named("w:listEntry"))]
    result = choice.find(named("w:result"))
    number = "0" if result is None else result.get(named("w:val"), "0")
    return entries[int(number)] if number.isdecimal() and int(number) < len(entries) else ""


def _remove_what_is_not_shown(tree: Any) -> None:
    """Remove text that was moved away or is hidden; mend what xberg joins words at."""
    for parent in list(tree.iter()):
        font = _font(parent)
        for child in list(parent):
            name = local(child)
            if (
                name in ("moveFrom", "del")
                or (name == "r" and _is_hidden(child))
                or (name == "tr" and child.find(f"{named('w:trPr')}/{named('w:del')}") is not None)
            ):
                # A mark on the end of a paragraph says that the paragraph was joined with the next.
                if parent.tag != named("w:rPr"):
                    parent.remove(child)
            elif name == "cr" or (
                name == "br" and child.get(named("w:type"), "textWrapping") != "textWrapping"
            ):
                child.attrib.clear()
                child.tag = named("w:br")
            elif name == "ptab":
                child.tag = named("w:tab")
            elif name == "ruby":
                base, reading = (
                    "".join(text_below(each) for each in child if local(each) == part)
                    for part in ("rubyBase", "rt")
                )
                become(child, "w:t", f"{base}({reading})" if reading else base)
            elif name == "sym":
                code = child.get(named("w:char"), "")
                code = int(code, 16) if code.isalnum() and code.isascii() and len(code) == 4 else 0
                become(child, "w:t", _symbol(child.get(named("w:font"), ""), code))
            elif name == "t" and child.text and any("\uf020" <= letter <= "\uf0ff" for letter in child.text):
                child.text = "".join(_symbol(font, ord(letter)) for letter in child.text)


def _font(run: Any) -> str:
    fonts = run.find(f"{named('w:rPr')}/{named('w:rFonts')}") if run.tag == named("w:r") else None
    return "" if fonts is None else fonts.get(named("w:ascii"), "")


def _symbol(font: str, code: int) -> str:
    """Return the letter that looks like one of a font of symbols."""
    place = code - 0xF000 if 0xF000 <= code <= 0xF0FF else code
    if font == "Symbol" and place <= 0xFF:
        return _SYMBOL.get(place, chr(place) if 0x20 <= place < 0x7F else " ")
    if place != code or (font.startswith("Wingdings") and place <= 0xFF):
        return _WINGDINGS.get(place, " ")
    return chr(code) if code >= 0x20 and not 0xD800 <= code <= 0xDFFF else " "


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{named('w:rPr')}/{named('w:vanish')}")
    return vanish is not None and vanish.get(named("w:val"), "1") not in _OFF


def _unbox(tree: Any) -> None:
    """Put what stands in text boxes before the paragraph that holds them; xberg leaves out all but one of a group."""
    parents = {child: parent for parent in tree.iter() for child in parent}
    for box in list(tree.iter(named("w:txbxContent"))):
        block = parents.get(box)
        while block is not None and block.tag != named("w:p"):
            block = parents.get(block)
        holder = parents.get(block)
        if holder is not None:
            moved = list(box)
            box[:] = []
            at = list(holder).index(block)
            holder[at:at] = moved
            parents.update(dict.fromkeys(moved, holder))
    # In headers they are watermarks.
    for path in list(tree.iter(named("v:textpath"))) if local(tree) == "document" else ():
        if (run := _run_around(path, parents)) is not None and path.get("string"):
            text = path.makeelement(named("w:t"), {})
            text.text = path.get("string")
            run.append(text)


def _run_around(element: Any, parents: dict[Any, Any]) -> Any:
    while element is not None and element.tag != named("w:r"):
        element = parents.get(element)
    return element


def _join(tree: Any) -> None:
    """Join paragraphs whose end was deleted, and large first letters, with the paragraph after them."""
    mark = f"{named('w:pPr')}/{named('w:rPr')}/{named('w:del')}"
    frame = f"{named('w:pPr')}/{named('w:framePr')}"
    for parent in list(tree.iter()):
        before = None
        for block in [child for child in parent if child.tag == named("w:p")]:
            if before is not None and list(parent).index(block) == list(parent).index(before) + 1:
                at = 1 if len(block) and block[0].tag == named("w:pPr") else 0
                block[at:at] = [copy.copy(each) for each in before if each.tag != named("w:pPr")]
                parent.remove(before)
            framed = block.find(frame)
            large = framed is not None and framed.get(named("w:dropCap"), "none") != "none"
            before = block if large or block.find(mark) is not None else None
