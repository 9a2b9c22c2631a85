"""OpenDocument's texts: tables of contents that repeat headings, and pieces that xberg passes over."""

import re
from typing import Any

from rag.adapters.readers.formats.packages import local, named, text_below

_COUNTED = re.compile(r"[\d.()§ ]*")


def drop(tree: Any) -> None:
    """Remove the entries of tables of contents that stand as headings elsewhere in the text."""
    heads = {_flat(text_below(each)) for each in tree.iter(named("text:h"))}
    for table in tree.iter(named("text:table-of-content")):
        for holder in list(table.iter()):
            for entry in [each for each in holder if each.tag == named("text:p")]:
                said = _COUNTED.sub("", re.sub(r"[\d\s.]+$", "", _flat(text_below(entry))), count=1)
                if said in heads or _flat(text_below(entry)) in heads:
                    holder.remove(entry)


def write_out(tree: Any) -> None:
    """Make headers of lists items of them, numbered paragraphs paragraphs, and readings text in brackets."""
    for parent in list(tree.iter()):
        for child in list(parent):
            name = local(child)
            if name == "list-header":
                child.tag = named("text:list-item")
            elif name == "numbered-paragraph":
                at = list(parent).index(child)
                parent[at : at + 1] = list(child)
            elif child.tag == named("svg:title") and child.text:
                child.text += " "
            elif name == "ruby":
                base, reading = (
                    " ".join(text_below(each) for each in child if local(each) == f"ruby-{part}")
                    for part in ("base", "text")
                )
                tail = child.tail
                child.clear()
                child.tag, child.tail = named("text:span"), tail
                child.text = f"{base}({reading})" if reading else base


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()
