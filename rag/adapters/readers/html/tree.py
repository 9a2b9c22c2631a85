"""A page as a tree of elements and texts, parsed as HTML5 says, and written as HTML again."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Union

from rag.errors import UnreadableDocument

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

Node = Union["Element", str]
"""An element, or the text between two."""

BREAK = "\ufdd0"
"""Stands for a line's end until the page is Markdown; no text holds it, for it is no letter."""

BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
    }
    | {
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
    }
    | {
        "hgroup",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "ul",
        "hr",
    }
    | {"tbody", "td", "tfoot", "th", "thead", "tr", "nav", "search", "optgroup", "option", "dir"}
)
"""Elements that begin on a line of their own."""

_DEEPEST = 10_000  # open tags within each other; the standard's parser takes their square in steps
_NESTING = re.compile(
    r"<(/?)(?!(?:html|body|head|a|p|li|dt|dd|td|th|tr|tbody|thead|tfoot|option|button|nobr)\b)([a-z][\w:-]*)([^<>]*)",
    re.I,
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_BLANKS = re.compile(r"[ \t\n\f\r\xa0]+")


@dataclass(slots=True, eq=False)
class Element:
    """A tag with what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    parent: "Element | None" = None
    place: int = 0  # among the parent's children

    def get(self, name: str) -> str:
        """Return an attribute, without blanks around it; empty where it is not set."""
        return self.attributes.get(name, "").strip()

    @property
    def classes(self) -> list[str]:
        """The names in its class attribute, in small letters."""
        return self.attributes.get("class", "").lower().split()

    def ancestors(self) -> Iterator["Element"]:
        """Yield the elements around it, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def elements(self) -> Iterator["Element"]:
        """Yield it and the elements within, in their order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += [each for each in reversed(element.children) if isinstance(each, Element)]

    def all(self, *tags: str) -> Iterator["Element"]:
        """Yield the elements within that have one of the tags."""
        return (each for each in self.elements() if each.tag in tags and each is not self)

    def first(self, *tags: str) -> "Element | None":
        """Return the first element within that has one of the tags."""
        return next(self.all(*tags), None)

    def texts(self) -> Iterator[str]:
        """Yield the texts within, in their order."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                yield node
            else:
                waiting += reversed(node.children)

    @property
    def text(self) -> str:
        """All text within, blanks made one; what begins on a line of its own is parted from the rest."""
        pieces: list[str] = []
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                pieces.append(node)
            elif node.tag in BLOCKS:
                pieces.append(" ")
                waiting += (" ", *reversed(node.children))
            elif node.tag == "br":
                pieces.append(" ")
            else:
                waiting += reversed(node.children)
        return flat("".join(pieces).replace(BREAK, " "))

    def elements_before(self) -> Iterator["Element"]:
        """Yield the elements before it in the same parent, the nearest first, as far as there is no text between."""
        siblings = self.parent.children if self.parent is not None else []
        for place in range(self.place - 1, -1, -1):
            sibling = siblings[place]
            if isinstance(sibling, Element):
                yield sibling
            elif sibling.strip():
                return

    def take_out(self) -> None:
        """Make it nothing. It keeps its place, so that those of its siblings stay what they are."""
        self.become()

    def become(self, *nodes: Node, tag: str = "") -> None:
        """Make it an element without attributes that holds the nodes; without a tag, the nodes alone."""
        self.tag, self.attributes = tag, {}
        self.fill(nodes)

    def fill(self, nodes: Iterable[Node]) -> None:
        """Put nodes in it instead of what it has."""
        self.children = list(nodes)
        for place, node in enumerate(self.children):
            if isinstance(node, Element):
                node.parent, node.place = self, place


class Page:
    """A page's tree with its elements at hand, as they were when it was parsed."""

    def __init__(self, root: Element) -> None:
        """List the elements once, in their order."""
        self.root = root
        self.elements = list(root.elements())
        self._tagged: dict[str, list[Element]] = defaultdict(list)
        for element in self.elements:
            self._tagged[element.tag].append(element)

    def tagged(self, tag: str) -> list[Element]:
        """Return the elements of a tag, in their order."""
        return self._tagged.get(tag, [])

    def first(self, tag: str) -> Element | None:
        """Return the first element of a tag."""
        return next(iter(self.tagged(tag)), None)


def flat(text: str) -> str:
    """Return text with one blank for several, and none around it."""
    return _BLANKS.sub(" ", text).strip()


def holds_blocks(element: Element) -> bool:
    """Tell whether an element that stands in it begins on a line of its own."""
    return any(isinstance(each, Element) and each.tag in BLOCKS for each in element.children)


def parsed(text: str) -> Page:
    """Return a page.

    Raises:
        UnreadableDocument: more tags are open within each other than any page needs.
    """
    from selectolax.lexbor import LexborHTMLParser

    depth = 0
    for close, name, rest in _NESTING.findall(text):
        tag = name.lower()
        # What is drawn has tags that close themselves; those of blocks do not, whatever they end with.
        if tag not in _VOID and (tag in BLOCKS or not rest.endswith("/")):
            depth = max(0, depth - 1) if close else depth + 1
            if depth > _DEEPEST:
                raise UnreadableDocument(f"has more than {_DEEPEST:,} tags open within each other")
    root = LexborHTMLParser(text).root
    return Page(Element("html") if root is None else _copied(root))


def _copied(root: "LexborNode") -> Element:
    top = Element(root.tag or "html", _attributes(root))
    waiting = [(root.child, top)]
    while waiting:
        node, parent = waiting.pop()
        # Siblings one after the other; what is below waits, for a page may be deeper than Python's stack.
        while node is not None:
            if node.is_element_node:
                element = Element(
                    node.tag or "", _attributes(node), parent=parent, place=len(parent.children)
                )
                parent.children.append(element)
                if node.child is not None:
                    waiting.append((node.child, element))
            elif node.is_text_node and (text := node.text_content):
                parent.children.append(text)
            node = node.next
    return top


def _attributes(node: "LexborNode") -> dict[str, str]:
    return {name: value or "" for name, value in node.attributes.items()}


def written(nodes: Iterable[Node], *, deepest: int) -> str:
    """Return nodes as HTML; tags within more than `deepest` others are left out, their text is not."""
    pieces: list[str] = []
    waiting: list[Node | tuple[str]] = list(reversed(list(nodes)))
    depth = 0
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            pieces.append(f"</{node[0]}>")
            depth -= 1
        elif isinstance(node, str):
            pieces.append(escape(node, quote=False))
        else:
            if node.tag and depth < deepest:
                named = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes.items())
                pieces.append(f"<{node.tag}{named}>")
                waiting.append((node.tag,))
                depth += 1
            elif node.tag:
                pieces.append(" ")
            waiting += reversed(node.children)
    return "".join(pieces)
