"""What of a page a browser shows, or unfolds where one clicks, and what it never shows."""

import re
from collections.abc import Callable
from itertools import islice, pairwise

from rag.adapters.readers.html.styles import Declarations, Styles
from rag.adapters.readers.html.tree import Element, Node, Page

_NEVER_SHOWN = frozenset(
    {
        "head",
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
    }
    | {
        "noframes",
        "noembed",
        "datalist",
        "select",
        "textarea",
        "input",
        "progress",
        "meter",
        "link",
        "meta",
        "title",
    }
    | {"area", "map", "param", "source", "track", "base", "basefont", "frame", "frameset"}
)
_OUT_OF_SIGHT = frozenset(  # names that style sheets of others give to what only screen readers read
    {"sr-only", "sr-only-focusable", "visually-hidden", "visually-hidden-focusable", "visuallyhidden"}
    | {"screen-reader-text", "screen-reader-only", "screenreader-only", "show-for-sr", "element-invisible"}
    | {"a11y-hidden", "u-visually-hidden", "is-visually-hidden", "assistive-text", "slick-cloned"}
    | {"swiper-slide-duplicate"}
)
_ICONS = re.compile(r"material-(icons|symbols)\b|^(glyphicon|icon|fa|fas|far|fab|bi|ti)$")
_FOLDS = re.compile(
    r"(^|[-_])(accordion|collaps\w*|tab-?pane|tab-?panel|tab-?content|expand\w*|fold\w*|spoiler|toggle\w*|faq|answer"
    r"|panel|read-?more|more-?text|details|disclosure)([-_]|$)"
)
_MORE = re.compile(r"more(?:-?text|-?content)?")  # ids of what "Read more" shows
_LEADING = frozenset(
    {"aria-controls", "data-bs-target", "data-target", "data-toggle-target", "popovertarget"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_HIDING = frozenset({"hidden", "d-none", "is-hidden", "display-none", "u-hidden", "invisible"})
_SHOWING = re.compile(
    r"(d-\w+|\w+:)-?(block|flex|grid|inline\S*|table\S*|visible)|visible-\S+|show|open|active"
)
_ANIMATED = re.compile(r"(^|[-_])(aos|wow|anim\w*|fade\w*|reveal\w*|motion|w-id|sr-item|scroll\w*)([-_]|$)")
_CLIPPED = re.compile(r"rect\((0|1px|1|0px)[,)]|inset\((50|100)%|rect\(1px1px1px1px|rect\(0000")
_LONGEST_TITLE = 300  # letters of what is clicked
_LOOKED_AT = 100  # elements within one
_LENGTH = re.compile(r"(-?\d*\.?\d+)(px|em|rem|pt|vw|vh|%)?")
_FAR_PX = 500.0
_PX = {"em": 16.0, "rem": 16.0, "pt": 1.33, "vw": 14.0, "vh": 9.0, "%": 10.0}
_WHITE = frozenset({"white", "#fff", "#ffffff", "rgb(255,255,255)", "#fefefe", "rgba(255,255,255,1)"})
_SEE_THROUGH = re.compile(r"transparent|rgba\([^)]*,0?\.?0+\)|#[0-9a-f]{3}0|#[0-9a-f]{6}00")


def keep_what_is_shown(page: Page) -> None:
    """Take out of a page what a browser neither shows nor unfolds."""
    styles = Styles(page)
    unfolds = _unfolding(page)
    hidden: list[Element] = []
    waiting = [page.root]
    while waiting:
        for child in waiting.pop().children:
            if isinstance(child, Element):
                if (
                    child.tag == "input"
                    and child.get("type") == "checkbox"
                    and "disabled" in child.attributes
                ):
                    # Of a list of tasks.
                    child.become("[x]" if "checked" in child.attributes else "[ ]")
                    continue
                gone = child.tag in _NEVER_SHOWN or _is_hidden(child, styles, unfolds)
                if gone and (shown := _shown_again(child, styles)):
                    child.fill(shown)
                    gone = False
                (hidden if gone else waiting).append(child)
    # Only now: whether a panel unfolds is told by what stands before it.
    for element in hidden:
        element.take_out()


def unfolding_names(page: Page) -> set[str]:
    """Return the ids of what a button, a tab or a link of the page shows when one clicks it."""
    names: set[str] = set()
    for element in page.elements:
        if not _LEADING.isdisjoint(element.attributes):
            for attribute in _LEADING:
                names.update(name.lstrip("#") for name in element.get(attribute).split())
    names.update(each.get("href")[1:] for each in page.tagged("a") if each.get("href").startswith("#"))
    names.update(each.get("for") for each in page.tagged("label"))
    return names - {""}


def _unfolding(page: Page) -> Callable[[Element], bool]:
    """Return what tells of a hidden element whether somebody who reads the page can unfold it."""
    names = unfolding_names(page)
    series: dict[tuple[int, str], int] = {}

    def unfolds(element: Element) -> bool:
        if element.get("hidden").lower() == "until-found" or element.get("role") in ("tabpanel", "tooltip"):
            return True
        if element.get("id") in names or any(map(_FOLDS.search, element.classes)):
            return True
        if element.get("itemprop") == "acceptedAnswer" or "x-show" in element.attributes:
            return True
        if _MORE.fullmatch(element.get("id").lower()):
            return True
        before = next(element.elements_before(), None)
        return before is not None and (is_switch(before) or _in_a_series(element, before, series))

    return unfolds


def is_switch(element: Element) -> bool:
    """Tell whether an element is made to be clicked and show something, or holds nothing but one that is."""
    text = element.text
    return len(text) <= _LONGEST_TITLE and any(
        _is_clicked(each) and (each.text == text or each.tag == "input")
        for each in islice(element.elements(), _LOOKED_AT)
    )


def _is_clicked(element: Element) -> bool:
    return (
        element.tag in ("button", "summary")
        or element.get("role") in ("button", "tab")
        or not {"aria-expanded", "onclick", "for"}.isdisjoint(element.attributes)
        or (element.tag == "input" and element.get("type").lower() in ("checkbox", "radio"))
    )


def _in_a_series(element: Element, before: Element, series: dict[tuple[int, str], int]) -> bool:
    """Tell whether several siblings are hidden after a heading each, as in a list of questions with folded answers."""
    if before.tag not in _HEADINGS | {"dt"} or element.parent is None:
        return False
    key = (id(element.parent), before.tag)
    if key not in series:
        siblings = [each for each in element.parent.children if isinstance(each, Element)]
        series[key] = sum(
            first.tag == before.tag
            and second.tag == element.tag
            and set(second.attributes) & {"hidden", "style", "class"} != set()
            for first, second in pairwise(siblings)
        )
    return series[key] > 1


def _is_hidden(element: Element, styles: Styles, unfolds: Callable[[Element], bool]) -> bool:
    classes = element.classes
    if element.tag == "dialog" and "open" not in element.attributes:
        return True
    if not _OUT_OF_SIGHT.isdisjoint(classes):
        return True
    declared = styles.of(element)
    if declared and _is_out_of_sight(element, declared, styles):
        return True
    if element.get("aria-hidden").lower() == "true" and _is_icon(element):
        return True
    hides = (
        (_pixels(declared.get("opacity", "")) == 0 and not _is_animated(element, declared))
        or not {"hidden", "popover"}.isdisjoint(element.attributes)
        or declared.get("display") == "none"
        or (declared.get("visibility") in ("hidden", "collapse") and not _is_animated(element, declared))
        or declared.get("content-visibility") == "hidden"
        or (styles.foreign and not _HIDING.isdisjoint(classes) and not any(map(_SHOWING.fullmatch, classes)))
    )
    return hides and not unfolds(element)


def _shown_again(element: Element, styles: Styles) -> list[Node]:
    """Return what is visible within something that is not, for whose sake alone it is hidden."""
    declared = styles.of(element)
    if (
        declared.get("visibility") != "hidden"
        or declared.get("display") == "none"
        or "hidden" in element.attributes
    ):
        return []
    shown: list[Node] = []
    waiting = [element]
    while waiting:
        each = waiting.pop()
        if styles.of(each).get("visibility") == "visible":
            shown.append(each)
        else:
            waiting += [child for child in reversed(each.children) if isinstance(child, Element)]
    return shown


def _is_icon(element: Element) -> bool:
    text = element.text
    return not any(map(str.isalnum, text)) or any(map(_ICONS.search, element.classes))


def _is_animated(element: Element, declared: Declarations) -> bool:
    """Tell whether a script brings an element into sight as one scrolls."""
    return "transform" in declared or any(map(_ANIMATED.search, (*element.attributes, *element.classes)))


def _is_out_of_sight(element: Element, declared: Declarations, styles: Styles) -> bool:
    """Tell whether something is shown where, or so that, nobody sees it."""
    if "scale(0)" in declared.get("transform", ""):
        return True
    size = _pixels(declared.get("font-size", ""))
    if size is not None and size <= 1 and not _reset("font-size", element, styles):
        return True
    moved = ["text-indent", "margin-left", "margin-top"]
    if declared.get("position") in ("absolute", "fixed"):
        moved += ["left", "top", "right"]
        if _CLIPPED.search(declared.get("clip", "").replace(" ", "")):
            return True
    if _CLIPPED.search(declared.get("clip-path", "").replace(" ", "")):
        return True
    if any((_pixels(declared.get(side, "")) or 0.0) <= -_FAR_PX for side in moved):
        return True
    if "hidden" in (declared.get("overflow"), declared.get("overflow-x"), declared.get("overflow-y")):
        sides = (_pixels(declared.get(side, "")) for side in ("width", "height", "max-height"))
        if any(side is not None and side <= 1 for side in sides) and declared.get("position") == "absolute":
            return True
    return _is_of_the_same_colour(element, declared, styles)


def _reset(name: str, element: Element, styles: Styles) -> bool:
    """Tell whether an element within declares the same anew."""
    return any(name in styles.of(each) for each in islice(element.elements(), 1, _LOOKED_AT))


def _is_of_the_same_colour(element: Element, declared: Declarations, styles: Styles) -> bool:
    colour = declared.get("color", "").replace(" ", "")
    if not colour or _reset("color", element, styles):
        return False
    if _SEE_THROUGH.fullmatch(colour):
        return "background" not in declared  # letters may be holes before a picture
    for each in (element, *element.ancestors()):
        ground = styles.of(each)
        if ground.get("background-image", "none") != "none":
            return False
        behind = ground.get("background-color") or ground.get("background") or each.get("bgcolor").lower()
        if behind:
            return _plain(behind) == _plain(colour)
    # A style sheet elsewhere may paint what is behind.
    return colour in _WHITE and not styles.foreign


def _plain(colour: str) -> str:
    colour = colour.replace(" ", "")
    if colour in _WHITE:
        return "white"
    return (
        "".join(2 * digit for digit in colour[1:])
        if re.fullmatch(r"#[0-9a-f]{3}", colour)
        else colour.lstrip("#")
    )


def _pixels(value: str) -> float | None:
    match = _LENGTH.fullmatch(value)
    return float(match[1]) * _PX.get(match[2] or "px", 1.0) if match else None
