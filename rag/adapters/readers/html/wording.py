"""Each kind of element as words and the few blocks that Markdown knows."""

import re
from itertools import pairwise

from rag.adapters.readers.html.links import Links
from rag.adapters.readers.html.tree import BLOCKS, BREAK, Element, Node, flat, holds_blocks

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_KEPT = frozenset(
    {
        "blockquote",
        "caption",
        "del",
        "li",
        "ol",
        "p",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    }
)
_PREFORMATTED = frozenset({"pre", "xmp", "listing", "plaintext"})
_APART = frozenset({"a", "button", "label", "time"})
_FLEXIBLE = frozenset({"d-flex", "d-inline-flex", "d-grid", "flex", "inline-flex", "grid"})
_LINES = frozenset({"div", "p", "li", "tr"})  # of code
_DRAWINGS = frozenset({"svg", "mjx-container"})
_CODE = frozenset({"code", "tt", "samp", "kbd"})
_BLANKS = re.compile(r"[ \t\n\f\r\xa0]+")
_MARKS = re.compile(r"[*_`\[\]<>|\\#~$]")
_ORDINAL = re.compile(r"\d[^\W\d_]{1,3}")
_TRADE = frozenset({"tm", "sm", "®", "™", "℠", "©"})
_LANGUAGE = re.compile(r"(?:language|lang|highlight-source|highlight)-([\w+#.-]+)")
_FILE_NAME = re.compile(r"[\w.%-]+\.(png|jpe?g|gif|svg|webp|bmp|avif|tiff?)", re.IGNORECASE)
_SWITCHED = frozenset(
    {"aria-expanded", "aria-controls", "data-toggle", "data-bs-toggle", "onclick", "@click", "x-on:click"}
)
_FOLDS = re.compile(r"accordion|collaps|toggle|expand|faq|fold|question|tab")
_FEWEST_WORDS = 4  # of a button that is a sentence


def put_into_words(root: Element, *, base: str) -> None:
    """Make each element below `root` text, or one of the blocks of Markdown.

    Args:
        root: of what is shown of a page.
        base: address of the page, which relative links begin at; empty where it has none.
    """
    elements = list(root.elements())
    preformatted = {id(each) for pre in elements if pre.tag in _PREFORMATTED for each in pre.elements()}
    explained: set[str] = set()
    links = Links(base)
    for element in elements:
        _part(element)
    # From the end, so that what is within an element is text when its turn comes.
    for element in reversed(elements):
        tag = element.tag
        if id(element) not in preformatted:
            element.children = [
                _BLANKS.sub(" ", each) if isinstance(each, str) else each for each in element.children
            ]
        if tag in _PREFORMATTED:
            _write_code(element)
        elif tag == "br":
            element.become("\n" if id(element) in preformatted else BREAK)
        elif id(element) in preformatted or not tag:
            if tag == "button" or (
                tag == "a" and element.get("href").startswith("#") and element.text.isdigit()
            ):
                element.take_out()  # copies the code, or is a line's number
            if tag in _LINES and not "".join(element.texts()).endswith("\n"):
                element.children.append("\n")
            element.tag = ""
        elif tag in _HEADINGS:
            _write_heading(element)
        elif tag == "a":
            links.write(element)
        elif tag == "dl":
            _write_definitions(element)
        elif tag in _LATER or tag == "abbr":
            continue  # written with what they stand in, or once the order is that of the page
        elif tag in _WORDINGS:
            _WORDINGS[tag](element)
        elif tag in _DRAWINGS:
            element.become(" ".join(each.text for each in element.all("text", "foreignobject")))
        elif tag in _CODE:
            _write_inline_code(element)
        elif tag in _KEPT:
            element.attributes = {name: value for name, value in element.attributes.items() if name in _CELLS}
            if tag == "li":
                element.fill(_only_paragraph(element).children)
        else:
            element.attributes = {}
            element.tag = "div" if tag in BLOCKS or holds_blocks(element) else ""
    for element in elements:
        if element.tag == "abbr":
            _explain(element, explained)
        elif element.tag in _LATER:
            element.tag, element.attributes = _LATER[element.tag], {}
    links.set(sum(map(len, root.texts())))


def _part(element: Element) -> None:
    """Part what a browser sets apart, though no blank is written: links, labels, codes, parts of a flexible box."""
    beside = element.children
    flexible = not _FLEXIBLE.isdisjoint(element.classes)
    preformatted = element.tag in _PREFORMATTED
    parted: list[Node] = beside[:1]
    for before, after in pairwise(beside):
        tags = {each.tag if isinstance(each, Element) else "" for each in (before, after)}
        if preformatted:
            parted += ["\n"] if tags == {"code"} else []
        elif tags <= _APART or (flexible and "" not in tags):
            parted.append(" ")
        parted.append(after)
    if len(parted) > len(beside):
        element.fill(parted)


_LATER = {"dt": "div", "dd": "div", "rt": "", "rp": "", "text": "", "foreignobject": "div"}
_CELLS = frozenset({"rowspan", "colspan", "start", "role"})


def _write_code(element: Element) -> None:
    named = (each for within in element.elements() for each in within.classes)
    around = (each for above in list(element.ancestors())[:2] for each in above.classes)
    matches = filter(None, map(_LANGUAGE.fullmatch, (*named, *around)))
    language = next((match[1] for match in matches), "")
    code = Element("code", {"class": f"language-{language}"} if language else {})
    code.fill(["".join(element.texts()).strip("\n")])
    element.become(code, tag="pre")


def _write_heading(element: Element) -> None:
    text = element.text
    element.become(text, tag=element.tag if text else "")


def _write_definitions(element: Element) -> None:
    """Make a term and what it means lines of one paragraph, so that they stay together."""
    entries = [each for each in element.children if isinstance(each, Element)]
    entries = [
        each
        for entry in entries
        for each in (entry.children if entry.tag == "div" else [entry])
        if isinstance(each, Element)
    ]
    made: list[Element] = []
    for entry in entries:
        words = _only_paragraph(entry).children
        if entry.tag == "dd" and made and made[-1].tag == "p" and not holds_blocks(_only_paragraph(entry)):
            made[-1].fill([*made[-1].children, f"{BREAK}: ", *words])
        else:
            made.append(Element("p" if entry.tag == "dt" and not holds_blocks(entry) else "div"))
            made[-1].fill(words)
    element.become(*made, tag="div")


def _only_paragraph(element: Element) -> Element:
    """Return the one paragraph that an element holds, or the element."""
    inner = [each for each in element.children if isinstance(each, Element) or each.strip()]
    only = inner[0] if len(inner) == 1 else None
    return only if isinstance(only, Element) and only.tag in ("p", "div") else element


def _write_inline_code(element: Element) -> None:
    text = "".join(element.texts())
    marked = element.tag == "code" and _MARKS.search(text) and "`" not in text and BREAK not in text
    element.become(f"`{flat(text)}`" if marked else text)


def _write_raised(element: Element) -> None:
    text = element.text
    if not text or text.startswith("["):
        element.become(text)
        return
    above = element.parent
    if above is not None and above.tag == "a" and above.get("href").startswith("#"):
        element.become(text)
        above.attributes["role"] = "doc-noteref"
        return
    place = element.place - 1
    before = above.children[place] if above is not None and place >= 0 else ""
    last = (before if isinstance(before, str) else before.text)[-1:]
    plain = text.lower() in _TRADE or not last.strip() or _ORDINAL.fullmatch(last + text)
    element.become(text if plain else f"^{text}" if text.isalnum() else f"^({text})")


def _write_ruby(element: Element) -> None:
    readings = list(element.all("rt"))
    reading = "".join(each.text for each in readings)
    for each in (*readings, *element.all("rp")):
        each.take_out()
    base = element.text
    element.become(f"{base}({reading})" if reading else base)


def _write_image(element: Element) -> None:
    text = flat(element.get("alt"))
    says = any(map(str.isalnum, text)) and not _FILE_NAME.fullmatch(text)
    above = element.parent
    caption = above.first("figcaption", "p") if above is not None and above.tag == "figure" else None
    said = caption is not None and caption.text == text
    decorates = element.get("role") in ("presentation", "none")
    element.become(f" {text} " if says and not said and not decorates else "")


def _write_button(element: Element) -> None:
    text = element.text
    titles = any(each.tag in _HEADINGS | {"summary", "dt", "th"} for each in element.ancestors())
    folds = not _SWITCHED.isdisjoint(element.attributes) or any(map(_FOLDS.search, element.classes))
    if titles:
        element.become(text)
    elif folds or len(text.split()) >= _FEWEST_WORDS:
        element.become(text, tag="p")
    else:
        element.take_out()


def _write_quotation(element: Element) -> None:
    element.fill(["“", *element.children, "”"])
    element.tag, element.attributes = "", {}


def _write_summary(element: Element) -> None:
    element.tag, element.attributes = "div" if holds_blocks(element) else "p", {}


def _explain(element: Element, explained: set[str]) -> None:
    title = flat(element.get("title"))
    text = element.text
    if title and title not in explained and title.lower() != text.lower():
        explained.add(title)
        element.become(f"{text} ({title})")
    else:
        element.tag, element.attributes = "", {}


_WORDINGS = {
    "button": _write_button,
    "figcaption": _write_summary,
    "hr": Element.take_out,
    "img": _write_image,
    "legend": _write_summary,
    "q": _write_quotation,
    "ruby": _write_ruby,
    "sup": _write_raised,
    "summary": _write_summary,
    "wbr": Element.take_out,
}
"""Tag -> what makes it words."""
