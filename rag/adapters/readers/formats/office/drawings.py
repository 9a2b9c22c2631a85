"""Charts and diagrams of office files: the words and numbers in them."""

from typing import Any

from rag.adapters.readers.formats.packages import local, named, text_below
from rag.text.tables import markdown_table

_MOST_POINTS = 10_000
"""Points of a chart that are read."""


def diagram(tree: Any) -> str:
    """Return a diagram's (SmartArt's) texts as a list."""
    points = (text_below(each) for each in tree.iter(named("dgm:t")))
    return "\n".join(f"- {point}" for point in points if point)


def chart(tree: Any) -> str:
    """Return a chart's titles as paragraphs, and its series as a table with a column for each."""
    titles = [" ".join(_runs(each)) for each in tree.iter(named("c:title"))]
    series = [_series(each) for each in tree.iter(named("c:ser"))]
    categories: dict[str, str] = {}
    for _, names, _ in series:
        categories.update({at: name for at, name in names.items() if at not in categories})
    for _, _, values in series:
        categories.update({at: "" for at in values if at not in categories})
    if not categories:
        return "\n\n".join(filter(None, titles))
    header = ["", *(name for name, _, _ in series)]
    rows = [[name, *(values.get(at, "") for _, _, values in series)] for at, name in categories.items()]
    return "\n\n".join([*filter(None, titles), markdown_table([header, *rows])])


def _runs(title: Any) -> list[str]:
    return [" ".join((each.text or "").split()) for each in title.iter(named("a:t")) if each.text]


def _series(series: Any) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return (name, categories by index, values by index)."""
    parts = {local(each): each for each in series}
    names = _points(parts.get("tx")).values()
    categories = _points(parts.get("cat", parts.get("xVal")))
    return " ".join(names), categories, _points(parts.get("val", parts.get("yVal")))


def _points(holder: Any) -> dict[str, str]:
    if holder is None:
        return {}
    found: dict[str, str] = {}
    for point in holder.iter(named("c:pt")):
        if len(found) == _MOST_POINTS:
            break
        found.setdefault(point.get("idx", ""), text_below(point))
    if not found and (alone := holder.find(named("c:v"))) is not None:
        found["0"] = text_below(alone)
    return found
