"""What elements are by their roles: headings, rows and cells made of other tags; and the words that icons stand for."""

from rag.adapters.readers.html.tree import Element, Page

_PLAIN = frozenset({"div", "span", "p", "section", "ul", "li"})
_TAGS = {
    "table": "table",
    "grid": "table",
    "rowgroup": "tbody",
    "row": "tr",
    "columnheader": "th",
    "rowheader": "th",
    "cell": "td",
    "gridcell": "td",
}
_FOR_EARS = frozenset({"sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text"})
_LOOKED_AT = 100  # elements within a cell
_LONGEST_NAME = 60  # letters of what an icon says


def apply_roles(page: Page) -> None:
    """Give elements the tags of what their roles say they are, and cells that show an icon alone its name."""
    for element in page.elements:
        role = element.get("role").lower()
        if role == "heading":
            level = element.get("aria-level")
            element.tag = f"h{level}" if level in tuple("123456") else "h2"
        elif role in _TAGS and element.tag in _PLAIN:
            element.tag = _TAGS[role]
    for element in page.elements:
        if element.tag in ("td", "th") and (name := _icon_name(element)):
            element.fill([name])


def _icon_name(cell: Element) -> str:
    """Return what the icon in a cell stands for; empty where the cell shows words."""
    names: list[str] = []
    waiting = [cell]
    while waiting:
        if len(names) > _LOOKED_AT:
            return ""
        element = waiting.pop()
        for node in element.children:
            if isinstance(node, str):
                if any(map(str.isalnum, node)):
                    return ""
            elif node.tag == "svg":
                title = node.first("title")
                names.append(node.get("aria-label") or (title.text if title is not None else ""))
            elif node.tag in ("img", "input", "script", "style", "select", "textarea"):
                return ""
            elif not _FOR_EARS.isdisjoint(node.classes):
                names.append(node.text)
            else:
                names.append(node.get("aria-label") or node.get("title"))
                waiting.append(node)
    name = " ".join(dict.fromkeys(filter(None, names)))
    return name if len(name) <= _LONGEST_NAME else ""
