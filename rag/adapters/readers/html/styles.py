"""What a page's own style sheets and style attributes say that makes an element seen or unseen."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from rag.adapters.readers.html.tree import Element, Page

Declarations = Mapping[str, str]
"""Property -> value, in small letters."""

_MOST_STYLES = 120_000  # characters of style sheets that are looked at; a rule beyond hides nothing
_MOST_TRIES = 2_000_000  # elements held against selectors
_WEIGHED = frozenset(
    {
        "background",
        "background-color",
        "background-image",
        "clip",
        "clip-path",
        "color",
        "content-visibility",
        "display",
        "font-size",
    }
    | {"height", "left", "max-height", "opacity", "overflow", "overflow-x", "overflow-y", "position", "right"}
    | {"text-indent", "top", "transform", "visibility", "width", "margin-left", "margin-top", "font"}
)
_COMPOUND = re.compile(r"(?P<tag>\*|[a-z][\w-]*)?(?P<rest>(?:[.#](?:[\w-]|[^\x00-\x7f])+)*)", re.IGNORECASE)
_PART = re.compile(r"([.#])([^.#]+)")
_NO_SCRIPTS = ("no-js", "nojs", "no-script", "noscript")

_Compound = tuple[
    str, frozenset[str], frozenset[str], bool
]  # tag, ids, classes, directly in the one before it


class Styles:
    """The declarations of each element, as far as they bear on whether it is seen."""

    def __init__(self, page: Page) -> None:
        """Read the style sheets of a page."""
        self._of_rules: dict[int, dict[str, str]] = defaultdict(dict)
        sheets = [
            sheet for sheet in page.tagged("style") if sheet.get("media").lower() not in ("print", "speech")
        ]
        self.foreign = any("stylesheet" in each.get("rel").lower() for each in page.tagged("link"))
        rules = list(_rules("\n".join("".join(sheet.texts()) for sheet in sheets)[:_MOST_STYLES]))
        if rules:
            self._apply(page, rules)

    def of(self, element: Element) -> Declarations:
        """Return what is declared of an element itself; its style attribute outweighs the style sheets."""
        own = element.attributes.get("style", "")
        ruled = self._of_rules.get(id(element), {})
        if not own:
            return ruled
        return {**ruled, **dict(_declarations(own))}

    def _apply(self, page: Page, rules: list[tuple[str, tuple[tuple[str, str], ...]]]) -> None:
        named: dict[str, list[Element]] = defaultdict(list)
        for element in page.elements:
            named[element.tag].append(element)
            named[f"#{element.get('id')}"].append(element)
            for name in set(element.attributes.get("class", "").split()):
                named[f".{name}"].append(element)
        tries = 0
        selected = [(each, declared) for selector, declared in rules for each in _selected(selector)]
        # The more exactly a rule says which elements it is for, the more it counts.
        for compounds, declarations in sorted(selected, key=lambda each: _exactness(each[0])):
            tag, ids, classes, _ = compounds[-1]
            key = next(iter([*(f"#{name}" for name in ids), *(f".{name}" for name in classes), tag]))
            candidates = named.get(key, [])
            tries += len(candidates)
            if tries > _MOST_TRIES:
                return
            for element in candidates:
                if _matches(element, compounds):
                    self._of_rules[id(element)].update(declarations)


def _rules(sheet: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield selectors with declarations that bear on whether something is seen.

    A rule for some devices only, as on narrow screens, counts where it shows and not where it hides.
    """
    import tinycss2

    waiting = [(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True), False)]
    while waiting:
        rules, sometimes = waiting.pop()
        for rule in rules:
            if (
                rule.type == "at-rule"
                and rule.content
                and rule.lower_at_keyword in ("media", "supports", "layer")
            ):
                if "print" not in tinycss2.serialize(rule.prelude).lower():
                    inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                    waiting.append((inner, sometimes or rule.lower_at_keyword != "layer"))
            elif rule.type == "qualified-rule":
                found = tuple(_weighed(tinycss2.parse_blocks_contents(rule.content)))
                if sometimes:
                    found = tuple(each for each in found if each[0] == "display" and each[1] != "none")
                if found:
                    yield tinycss2.serialize(rule.prelude), found


@lru_cache(maxsize=4_096)
def _declarations(style: str) -> tuple[tuple[str, str], ...]:
    import tinycss2

    return tuple(_weighed(tinycss2.parse_blocks_contents(style)))


def _weighed(parts: Iterable[Any]) -> Iterator[tuple[str, str]]:
    import tinycss2

    for part in parts:
        if part.type == "declaration" and part.lower_name in _WEIGHED:
            yield part.lower_name, " ".join(tinycss2.serialize(part.value).lower().split())


def _selected(selectors: str) -> Iterator[list[_Compound]]:
    """Yield the selectors made of tags, ids and classes alone; what depends on more hides nothing here."""
    for selector in selectors.split(","):
        parts = selector.replace(">", " >").replace("> ", ">").split()
        if parts and not any(mark in selector.lower() for mark in _NO_SCRIPTS):
            matches = [_COMPOUND.fullmatch(part.removeprefix(">")) for part in parts]
            if all(matches):
                yield [
                    _compound(match["tag"] or "", match["rest"], directly=part.startswith(">"))
                    for match, part in zip(matches, parts, strict=True)
                    if match
                ]


def _exactness(compounds: list[_Compound]) -> tuple[int, int, int]:
    return (
        sum(len(ids) for _, ids, _, _ in compounds),
        sum(len(classes) for _, _, classes, _ in compounds),
        sum(bool(tag) for tag, _, _, _ in compounds),
    )


def _compound(tag: str, rest: str, *, directly: bool) -> _Compound:
    parts = _PART.findall(rest)
    return (
        tag.lower() if tag != "*" else "",
        frozenset(name for mark, name in parts if mark == "#"),
        frozenset(name for mark, name in parts if mark == "."),
        directly,
    )


def _matches(element: Element, compounds: list[_Compound]) -> bool:
    if not _is(element, compounds[-1]):
        return False
    left = len(compounds) - 1
    for above in element.ancestors():
        if not left:
            break
        if _is(above, compounds[left - 1]):
            left -= 1
        elif compounds[left][3]:
            return False  # what its parent is not hides nothing
    return not left


def _is(element: Element, compound: _Compound) -> bool:
    tag, ids, classes, _ = compound
    return (
        (not tag or element.tag == tag)
        and (not ids or ids == {element.get("id")})
        and (not classes or classes <= set(element.attributes.get("class", "").split()))
    )
