"""Tabs: the title of each goes before its panel, where it says what the panel is about."""

from rag.adapters.readers.html.tree import Element, Page


def title_panels(page: Page) -> None:
    """Put the title of each tab before its panel, and take out the row of tabs that were all moved."""
    playing = [each for each in page.elements if each.get("role") in ("tab", "tabpanel")]
    if not playing:
        return
    named = {element.get("id"): element for element in page.elements if "id" in element.attributes}
    titles: dict[int, Element] = {}
    panels: dict[int, Element] = {}
    moved: set[int] = set()
    rows: dict[int, Element] = {}
    for tab in [each for each in playing if each.get("role") == "tab"]:
        row = next((above for above in tab.ancestors() if above.get("role") == "tablist"), None)
        if row is not None:
            rows[id(row)] = row
        target = tab.get("aria-controls") or tab.get("data-bs-target") or tab.get("href")
        panel = named.get(target.lstrip("#"))
        if panel is not None:
            titles[id(panel)], panels[id(panel)] = tab, panel
    for panel in [each for each in playing if each.get("role") == "tabpanel"]:
        tab_of_it = named.get(panel.get("aria-labelledby"))
        if tab_of_it is not None and id(panel) not in titles:
            titles[id(panel)], panels[id(panel)] = tab_of_it, panel
    for key, panel in panels.items():
        title = titles[key].text
        moved.add(id(titles[key]))
        if title and not panel.text.startswith(title):
            panel.fill([Element("p", children=[title]), *panel.children])
    for row in rows.values():
        tabs = [each for each in row.elements() if each.get("role") == "tab"]
        if all(id(tab) in moved for tab in tabs):
            row.take_out()
