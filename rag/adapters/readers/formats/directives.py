"""Directives and tables of reStructuredText, written as xberg reads them."""

import re
from collections.abc import Sequence

_DIRECTIVE = re.compile(
    r"^(?P<indent>[ \t]*)\.\. (?P<name>[A-Za-z][\w:+-]{0,60})::[ \t]*(?P<said>[^\n]{0,2000})$"
)
_OPTION = re.compile(r"^[ \t]+:(?P<name>[\w-]{1,40}):[ \t]*(?P<value>[^\n]*)$")
_CHANGED = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
}
_NOTES = frozenset(
    {
        "note",
        "warning",
        "tip",
        "hint",
        "important",
        "caution",
        "danger",
        "error",
        "attention",
        "seealso",
        "todo",
    }
)
_TITLED = frozenset(
    {"topic", "admonition", "sidebar", "rubric", "tab", "dropdown", "centered", "glossary", "card"}
)
_CAPTIONED = frozenset({"csv-table", "list-table", "table"})
_CODE = frozenset({"code", "code-block", "sourcecode"})
_READ = frozenset(
    {
        "include",
        "figure",
        "image",
        "math",
        "raw",
        "replace",
        "role",
        "default-role",
        "contents",
        "container",
        "class",
    }
    | {
        "highlight",
        "index",
        "only",
        "parsed-literal",
        "toctree",
        "meta",
        "epigraph",
        "highlights",
        "pull-quote",
    }
    | {
        "line-block",
        "compound",
        "currentmodule",
        "module",
        "unicode",
        "date",
        "footer",
        "header",
        "sectnum",
        "tabs",
    }
)
"""Directives that xberg reads, or whose argument is no text."""
_GRID = re.compile(r"^[ \t]*\+(?:[-=]+\+)+[ \t]*$")


def written_out(lines: Sequence[tuple[str, bool]], unread: list[str]) -> list[str]:
    """Return the lines of a source with captions, signatures and titles of directives as text of their own.

    Args:
        lines: each line, and whether it stands in a literal block.
        unread: gets the files that the source takes in.
    """
    found: list[str] = []
    at = 0
    while at < len(lines):
        line, literal = lines[at]
        directive = None if literal else _DIRECTIVE.match(line)
        if directive is not None:
            found += _directive(directive, _options(lines, at + 1), unread)
        elif not literal and _GRID.match(line):
            end = at
            while end < len(lines) and lines[end][0].strip()[:1] in ("+", "|"):
                end += 1
            found += _grid([line for line, _ in lines[at:end]])
            at = end - 1
        elif not literal and line.startswith(">>> ") and (not found or not found[-1].strip()):
            end = at
            while end < len(lines) and lines[end][0].strip():
                end += 1
            found += ["::", "", *(f"   {line}" for line, _ in lines[at:end])]
            at = end - 1
        else:
            found.append(line)
        at += 1
    return found


def _options(lines: Sequence[tuple[str, bool]], at: int) -> dict[str, str]:
    found: dict[str, str] = {}
    while at < len(lines) and (option := _OPTION.match(lines[at][0])):
        found[option["name"]] = option["value"].strip()
        at += 1
    return found


def _directive(found: re.Match[str], options: dict[str, str], unread: list[str]) -> list[str]:
    """Return a directive's line as one that xberg reads, and what of it is text before or in place of it."""
    indent, name, said = found["indent"], found["name"].rpartition(":")[2], found["said"].strip()
    if file := options.get("file", "" if name != "literalinclude" else said):
        unread.append(f"{file}, which it includes, was not read")
    if name == "literalinclude":
        return []
    if name in _CHANGED:
        version, _, more = said.partition(" ")
        return [f"{indent}**{_CHANGED[name]} {version}:** {more}".rstrip(), ""]
    if name in _NOTES:
        # On the line of its name xberg reads it twice.
        return [f"{indent}.. {name}::", "", f"{indent}   {said}"] if said else [found[0]]
    if name in _CAPTIONED and said:
        return [f"{indent}{said}", "", f"{indent}.. {name}::"]
    if name in _CODE:
        caption = options.get("caption", "")
        return [f"{indent}{caption}", "", found[0]] if caption else [found[0]]
    if name in _TITLED:
        return [f"{indent}**{said}**", ""] if said else []
    if name in _READ:
        return [found[0]]
    return [f"{indent}**{said}**", ""] if said else [found[0]]


def _grid(lines: list[str]) -> list[str]:
    """Return a grid table whose cells have a line each; one with spanning cells stays as it is."""
    lines = [line.strip() for line in lines]
    edges = [at for at, mark in enumerate(lines[0]) if mark == "+"]
    rows: list[list[list[str]]] = []
    head = 0
    fresh = True
    for line in lines[1:]:
        if _GRID.match(line):
            head = len(rows) if "=" in line else head
            fresh = True
        elif len(line) == len(lines[0]) and all(line[at] == "|" for at in edges):
            if fresh:
                rows.append([[] for _ in edges[1:]])
            fresh = False
            for cell, start, end in zip(rows[-1], edges, edges[1:], strict=False):
                cell.append(line[start + 1 : end].strip())
        else:
            return lines
    if not rows:
        return lines
    cells = [[" ".join(filter(None, cell)) for cell in row] for row in rows]
    wide = [max(3, *(len(row[at]) for row in cells)) for at in range(len(edges) - 1)]
    rule = "+" + "+".join("-" * (width + 2) for width in wide) + "+"
    written = [rule]
    for number, row in enumerate(cells, start=1):
        written.append(
            "|" + "|".join(f" {cell:<{width}} " for cell, width in zip(row, wide, strict=True)) + "|"
        )
        written.append(rule.replace("-", "=") if number == head else rule)
    return written
