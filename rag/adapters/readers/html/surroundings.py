"""What stands around the text of a page: menus, banners, dialogs, the site's header and footer."""

import re
from dataclasses import dataclass

from rag.adapters.readers.html.tree import Element

_MAIN = frozenset({"main", "article"})
_WITHIN = _MAIN | {"section", "blockquote", "figure", "td", "dialog"}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MENU_ROLES = frozenset({"navigation", "search", "menu", "menubar", "toolbar"})
_MENUS = frozenset(
    {"breadcrumb", "breadcrumbs", "pagination", "pager", "navbar", "nav-menu", "main-menu", "site-nav"}
    | {
        "share-buttons",
        "social-links",
        "social-share",
        "skip-link",
        "skip-to-content",
        "skiplink",
        "headerlink",
    }
    | {
        "anchor-link",
        "header-anchor",
        "anchorjs-link",
        "heading-anchor",
        "hash-link",
        "mw-editsection",
        "linenos",
    }
    | {"gutter", "rouge-gutter", "lineno", "line-numbers-rows", "blob-num"}
)
_AROUND = frozenset(
    {
        "footer",
        "site-footer",
        "page-footer",
        "colophon",
        "masthead",
        "site-header",
        "page-top",
        "topbar",
        "sidebar",
    }
)
_CONSENT = re.compile(
    r"(cookies?|gdpr|ccpa|consent|privacy)[-_ ]?(banner|bar|notice|consent|pop-?up|modal|dialog|law|wall|overlay"
    r"|message|alert|layer|info|hint|warning|disclaimer|container|wrapper|manager|prompt|toast|policy-banner|root|box)(?![a-z])"
    r"|(banner|notice|accept|popup)[-_ ]?cookies?\b|\bcc-(window|banner)\b|cookieconsent|cookiebot|onetrust|didomi"
    r"|usercentrics|truste|qc-cmp|klaro|cookie-?law|iubenda-cs|cybotcookie|termly|borlabs|complianz|osano-cm|sp_message|moove_gdpr"
    r"|eupopup|cmpbox|tarteaucitron|axeptio|cookie-?(first|script|yes|hub|info)|ch2-dialog|^cc--?main$|hs-eu-",
    re.IGNORECASE,
)
_SKIPS = re.compile(r"skip-?(to|link|nav|content|main)")
_NOTES = frozenset(
    {
        "admonition",
        "alert",
        "box",
        "callout",
        "caution",
        "hint",
        "important",
        "info",
        "note",
        "tip",
        "warning",
    }
)
_COOKIES = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
_FILES = re.compile(r"\.(pdf|docx?|xlsx?|pptx?|odt|ods|csv|zip|txt|epub|rtf|md)($|[?#])", re.IGNORECASE)
_LONGEST_BANNER = 3_000  # letters
_LONGEST_LABEL = 4.0  # words of a link in a menu, on average
_FEWEST_LINKS = 3
_ELSEWHERE = re.compile(
    r"\b(related|see also|read (more|next)|more (from|on|in)|share|follow us|on this page|in this article|contents"
    r"|navigation|menu|tags|categories|popular|latest|recent)\b",
    re.IGNORECASE,
)
_LISTS = frozenset({"ul", "ol", "menu"})
_BLOCKS = _LISTS | {"div", "p", "section", "td", "form", "dl", "center"}


@dataclass(slots=True)
class _Links:
    """How much of an element is links."""

    links: int = 0
    words: int = 0  # in links
    others: int = 0  # letters and digits outside of links
    headings: int = 0
    away: int = 0  # links to files


def drop_surroundings(body: Element) -> None:
    """Take menus, banners, dialogs, and what belongs to the site and not to the page out of a page's body."""
    letters = sum(map(len, body.texts()))
    waiting = [(body, False)]  # and whether it is within the main text
    dropped: list[Element] = []
    while waiting:
        element, within = waiting.pop()
        for child in element.children:
            if isinstance(child, Element):
                outside = not within and (_is_around(child) or _is_consent(child, letters))
                if outside or _is_menu(child) or _is_dialog(child, letters):
                    dropped.append(child)
                else:
                    waiting.append((child, within or child.tag in _WITHIN or child.get("role") == "main"))
    for element in dropped:
        element.take_out()
    _drop_lists_of_links(body)


def _is_menu(element: Element) -> bool:
    if element.tag == "nav":
        return element.first("a") is not None or element.first("p") is None
    if element.tag == "search" or element.get("role").lower() in _MENU_ROLES:
        return True
    return not _MENUS.isdisjoint(element.classes) or any(map(_SKIPS.match, element.classes))


def _is_dialog(element: Element, letters: int) -> bool:
    role = element.get("role").lower()
    is_modal = "modal" in element.classes and element.get("aria-hidden").lower() == "true"
    return (role in ("dialog", "alertdialog") or is_modal) and 2 * len(element.text) < letters


def _is_consent(element: Element, letters: int) -> bool:
    """Tell whether it asks for consent: by what it is called, and if it is a small part."""
    if element.tag in (*_HEADINGS, "main", "article"):
        return False
    names = f"{element.get('id')} {element.get('class')} {element.get('aria-label')}"
    if not _CONSENT.search(names):
        return False
    text = element.text
    return len(text) <= min(_LONGEST_BANNER, max(letters // 2, 0)) or (
        len(text) <= _LONGEST_BANNER and _COOKIES.search(text) is not None
    )


def _is_around(element: Element) -> bool:
    """Tell whether it belongs to the site and not to the page."""
    role = element.get("role").lower()
    if role in ("banner", "contentinfo", "complementary"):
        return True
    if element.tag == "aside":
        # One between paragraphs is a note on them.
        return _NOTES.isdisjoint(element.classes) and (
            element.parent is None
            or not any(
                isinstance(each, Element) and each.tag in ("p", *_HEADINGS)
                for each in element.parent.children
            )
        )
    if element.tag == "footer":
        return True
    if element.tag == "header":
        return not _names_the_page(element)
    return element.tag == "div" and not _AROUND.isdisjoint({element.get("id").lower(), *element.classes})


def _names_the_page(header: Element) -> bool:
    """Tell whether a header is that of a page's text: a title and what introduces it, no menu."""
    if header.first("h1") is None or header.first("nav", "ul", "form") is not None:
        return False
    if header.first("a") is None:
        return True
    # A link beside a title and what introduces it is no menu, unless it is the site that they name.
    names = {header.get("id").lower(), *header.classes}
    return header.first("p") is not None and _AROUND.isdisjoint(names)


def _drop_lists_of_links(body: Element) -> None:
    """Take out lists of nothing but links: menus that are not marked as such."""
    counted: dict[int, _Links] = {}
    within: dict[int, bool] = {}
    order = list(body.elements())
    for element in order:
        above = element.parent
        within[id(element)] = element.tag in _MAIN or (above is not None and within.get(id(above), False))
    for element in reversed(order):
        count = _Links(headings=element.tag in _HEADINGS)
        for child in element.children:
            if isinstance(child, str):
                count.others += sum(map(str.isalnum, child))
            else:
                part = counted[id(child)]
                count.links += part.links
                count.words += part.words
                count.others += part.others
                count.headings += part.headings
                count.away += part.away
        if element.tag == "a" and element.get("href"):
            words = len(element.text.split())
            count = _Links(
                links=int(words > 0),
                words=words,
                headings=count.headings,
                away=int(_FILES.search(element.get("href")) is not None),
            )
        if element.tag in _BLOCKS and _is_all_links(element, count, within[id(element)]):
            element.take_out()
            count = _Links()
        counted[id(element)] = count


def _is_all_links(element: Element, count: _Links, within: bool) -> bool:
    fewest = 2 if element.tag in _LISTS and not within else _FEWEST_LINKS
    return (
        count.links >= fewest
        and count.others == 0
        and count.headings == 0
        and count.words <= _LONGEST_LABEL * count.links
        and not (within and count.away)
        and not _is_announced(element, within)
    )


def _is_announced(element: Element, within: bool) -> bool:
    """Tell whether a sentence or a heading of the main text leads to the links, and not to other pages like it."""
    before = next(element.elements_before(), None) if within else None
    if before is None:
        return False
    if before.tag in _HEADINGS and element.tag in _LISTS:
        return _ELSEWHERE.search(before.text) is None
    return before.tag == "p" and before.text.endswith(":")
