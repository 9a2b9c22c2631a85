"""Tabs: the title of each goes before its panel, where it says what the panel is about."""

from collections.abc import Iterator

from rag.adapters.readers.html.tree import Element, Page

_TOGGLES = frozenset({"tab", "pill"})
_ROWS = frozenset({"nav-tabs", "nav-pills", "tabbed-labels"})
_PANELS = frozenset({"tab-pane", "tabbed-block"})
_PARTS = frozenset(
    {"tabitem", "tab", "accordion", "accordionitem", "card", "step", "admonition", "callout", "expandable"}
)
_NEAREST = 3  # elements around a row of tabs that its panels are looked for in


def title_panels(page: Page) -> None:
    """Put the title of each tab before its panel, and take out the row of tabs that were all moved."""
    tabs = [each for each in page.elements if _is_tab(each)]
    if not tabs:
        return
    named = {element.get("id"): element for element in page.elements if "id" in element.attributes}
    by_tab = {each.get("aria-labelledby"): each for each in page.elements if _is_panel(each)}
    rows: dict[int, tuple[Element, list[Element]]] = {}
    for tab in tabs:
        row = next(filter(_is_row, tab.ancestors()), None)
        if row is not None:
            rows.setdefault(id(row), (row, []))[1].append(tab)
    titles: dict[int, tuple[Element, str]] = {}
    for tab in tabs:
        target = (
            tab.get("aria-controls") or tab.get("data-bs-target") or tab.get("data-target") or tab.get("href")
        )
        panel = named.get(target.lstrip("#")) or (by_tab.get(tab.get("id")) if tab.get("id") else None)
        if panel is not None:
            titles[id(tab)] = panel, tab.text
    known: dict[int, list[Element]] = {}
    for row, within in rows.values():
        if not any(id(tab) in titles for tab in within):
            titles.update(
                (id(tab), (panel, tab.text))
                for tab, panel in zip(within, _in_order(row, len(within), known), strict=False)
            )
        if all(id(tab) in titles for tab in within):
            row.take_out()
    for panel, title in titles.values():
        if title and not panel.text.startswith(title):
            panel.fill([Element("p", children=[title]), *panel.children])


def title_parts(page: Page) -> None:
    """Put the title of a part before it where an attribute has it, as in the components of documentation."""
    for element in page.elements:
        title = (element.get("label") or element.get("title")) if element.tag in _PARTS else ""
        if title and not element.text.startswith(title):
            element.fill([Element("p", children=[title]), *element.children])


def _is_tab(element: Element) -> bool:
    if (
        element.get("role") == "tab"
        or (element.get("data-toggle") or element.get("data-bs-toggle")) in _TOGGLES
    ):
        return True
    return element.tag == "label" and element.parent is not None and _is_row(element.parent)


def _is_row(element: Element) -> bool:
    return element.get("role") == "tablist" or not _ROWS.isdisjoint(element.classes)


def _is_panel(element: Element) -> bool:
    return element.get("role") == "tabpanel" or not _PANELS.isdisjoint(element.classes)


def _in_order(row: Element, number: int, known: dict[int, list[Element]]) -> list[Element]:
    """Return the panels of a row of tabs that name none: as many, in the nearest element around it that has some.

    `known` keeps the panels of the elements that were looked through.
    """
    for above, _ in zip(row.ancestors(), range(_NEAREST), strict=False):
        if id(above) not in known:
            known[id(above)] = list(_panels(above))
        if panels := known[id(above)]:
            return panels if len(panels) == number else []
    return []


def _panels(root: Element) -> Iterator[Element]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if _is_panel(element):
            yield element  # those within it are another row's
        else:
            waiting += [each for each in reversed(element.children) if isinstance(each, Element)]
