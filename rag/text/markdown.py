"""Markdown -> its blocks, each a stretch of the text. Knows nothing of passages and renders nothing.

Blocks are those of markdown-it-py, a CommonMark parser, with GitHub's tables. Two of its rules are left out: HTML
blocks, which would hide the headings inside them, and link definitions, which are text like any other here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, fence
from markdown_it.rules_block.table import escapedSplit, table
from markdown_it.token import Token

LONGEST_HEADING = 120
"""Characters; a longer one is text that happens to look like a heading."""

_LINE_END = re.compile(r"\r\n?|\n")
_MARKED = re.compile(r"^[ \t]*(?:[-*+_>#=~`|:]|\d{1,9}[.)])", re.MULTILINE)
"""A line that may be one of a block other than prose; where there is none, nothing has to be parsed."""
_ITEM = re.compile(
    # What cannot be anything but words follows the mark: no list in a list, no fence, no heading, no rule.
    r"(?:(?P<mark>[-*+])|\d{1,9}(?P<point>[.)])) {1,3}(?!\d{1,9}[.)](?:\s|$))(?:\*\*|[*`\[(\"'“„«])?\w"
)
"""A list's item that is a line of words."""
_NO_TITLE = (".", ":", ";", ",", "!")
"""How a line ends that is a sentence; above a line of dashes it is more often that than a heading."""
_INLINE_MARKS = re.compile(r"[*_`\\[<&!]")
_PLAIN = frozenset({"text", "code_inline", "em_open", "em_close", "strong_open", "strong_close"})


class Kind(StrEnum):
    """What a block is."""

    PROSE = "prose"
    HEADING = "heading"
    TABLE = "table"
    LIST = "list"
    ITEM = "item"
    QUOTE = "quote"
    CODE = "code"
    RULE = "rule"


_CONTAINERS = {
    "bullet_list_open": Kind.LIST,
    "ordered_list_open": Kind.LIST,
    "list_item_open": Kind.ITEM,
    "blockquote_open": Kind.QUOTE,
}
_LEAVES = {
    "paragraph_open": Kind.PROSE,
    "code_block": Kind.PROSE,
    "hr": Kind.RULE,
    "fence": Kind.CODE,
    "table": Kind.TABLE,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table or of code, in characters of the text."""

    start: int
    content: int  # where it begins after indentation and the marks of the list or quotation it stands in
    end: int  # with its line end


@dataclass(frozen=True, slots=True)
class Block:
    """One block. Neighbours touch: blank lines belong to the block before them."""

    kind: Kind
    start: int  # characters of the text
    end: int
    level: int = 0  # of a heading, 1 to 6
    words: str = ""  # of a heading, without marks; of code, what opens its fence
    lines: tuple[Line, ...] = ()  # of a table: header, delimiter, rows; of code: with its fences
    children: tuple["Block", ...] = ()


def blocks(text: str, *, indented_code: bool = True) -> tuple[Block, ...]:
    """Return the blocks of the text; together they are all of it.

    Without `indented_code` indentation means nothing at the top, as in a piece that was cut out of a list.
    """
    if not text:
        return ()
    if not _MARKED.search(text) and "\r" not in text:
        return (Block(Kind.PROSE, 0, len(text)),)
    starts = [0, *(found.end() for found in _LINE_END.finditer(text)), len(text)]
    nodes = _nodes(_parser(indented_code).parse(text))
    if not nodes:
        return (Block(Kind.PROSE, 0, len(text)),)
    return tuple(_placed(nodes, starts, 0, len(text)))


def cells(row: str) -> list[str]:
    """Return the cells of a table's line. A pipe behind a backslash is no border, and loses the backslash."""
    found = escapedSplit(row.strip())
    if found and not found[0].strip():
        found.pop(0)
    if found and not found[-1].strip():
        found.pop()
    return [cell.strip() for cell in found]


@dataclass(slots=True)
class _Node:
    """A block in lines."""

    kind: Kind
    first: int
    last: int  # the line behind it
    level: int = 0
    words: str = ""
    columns: Sequence[int] = ()
    children: "Sequence[_Node]" = ()


def _nodes(tokens: Iterable[Token]) -> list[_Node]:
    top: list[_Node] = []
    open_lists: list[list[_Node]] = [top]
    heading: _Node | None = None
    for token in tokens:
        first, last = token.map or (0, 0)
        if kind := _CONTAINERS.get(token.type):
            inner: list[_Node] = []
            open_lists[-1].append(_Node(kind, first, last, children=inner))
            open_lists.append(inner)
        elif token.type == "items":
            begins = token.meta["begins"]
            items = [_Node(Kind.ITEM, *lines) for lines in pairwise([*begins, last])]
            open_lists[-1].append(_Node(Kind.LIST, first, last, children=items))
        elif kind := _LEAVES.get(token.type):
            words = token.markup + token.info if token.type == "fence" else ""
            columns = token.meta.get("columns", ())
            open_lists[-1].append(_Node(kind, first, last, words=words, columns=columns))
        elif token.type == "heading_open":
            heading = _Node(Kind.HEADING, first, last, level=int(token.tag[1:]), words=token.markup)
            open_lists[-1].append(heading)
        elif token.type == "inline" and heading is not None:
            _name(heading, token.content)
            heading = None
        elif token.type in ("bullet_list_close", "ordered_list_close", "list_item_close", "blockquote_close"):
            open_lists.pop()
    return top


def _name(heading: _Node, words: str) -> None:
    """Give a heading its words; make it prose where it is none."""
    underlined = heading.words in ("=", "-")
    if (
        len(words) > LONGEST_HEADING
        or "\n" in words
        or (underlined and (heading.last - heading.first > 2 or words.endswith(_NO_TITLE)))
    ):
        heading.kind = Kind.PROSE
        heading.words = ""
        return
    heading.words = _plain(words)


def _plain(words: str) -> str:
    """Return a heading's words without emphasis; as they are where links or the like would be lost."""
    if not _INLINE_MARKS.search(words):
        return words
    (line,) = _inline_parser().parseInline(words)
    inner = line.children or []
    if any(token.type not in _PLAIN for token in inner):
        return words
    return " ".join("".join(token.content for token in inner).split())


def _placed(nodes: Sequence[_Node], starts: Sequence[int], start: int, end: int) -> Iterator[Block]:
    begins = [start, *(starts[node.first] for node in nodes[1:]), end]
    for node, (begin, until) in zip(nodes, pairwise(begins), strict=True):
        yield Block(
            node.kind,
            begin,
            until,
            level=node.level,
            words=node.words,
            lines=_lines(node, starts, begin),
            children=tuple(_placed(node.children, starts, begin, until)) if node.children else (),
        )


def _lines(node: _Node, starts: Sequence[int], begin: int) -> tuple[Line, ...]:
    lines = range(node.first, node.last)
    found = [
        Line(starts[line], starts[line] + column, starts[line + 1])
        for line, column in zip(lines, node.columns, strict=False)
    ]
    if found:
        # What stands before the first block, if anything does, are blank lines.
        found[0] = Line(begin, found[0].content, found[0].end)
    return tuple(found)


@cache
def _parser(indented_code: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").disable(["reference", "html_block"])
    if not indented_code:
        parser.disable("code")
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.before("list", "items", _items_rule)
    parser.block.ruler.at("table", _table_rule, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.at("fence", _fence_rule, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.parse("It puts its rules in order with the first text, which two threads must not do at once.")
    return parser


@cache
def _inline_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.parseInline("The same.")
    return parser


def _table_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Find a table as the library does, but make one token of it; one for each cell takes a hundred times its size."""
    if not table(state, start, end, True):
        return False
    if silent:
        return True
    before, state.parentType = state.parentType, "table"
    ends = state.md.block.ruler.getRules("blockquote")
    line = start + 2
    while (
        line < end
        and state.sCount[line] >= state.blkIndent
        and not state.isEmpty(line)
        and not state.is_code_block(line)
        and not any(rule(state, line, end, True) for rule in ends)
    ):
        line += 1
    state.parentType = before
    token = state.push("table", "table", 0)
    token.map = [start, line]
    token.meta = {"columns": _columns(state, start, line)}
    state.line = line
    return True


def _items_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Find a list whose items are lines of words, and make one token of it; the library makes five for each item."""
    if silent or state.level or state.blkIndent or state.sCount[start]:
        return False
    begins: list[int] = []
    line, blank, signs = start, False, None
    while line < end:
        if state.isEmpty(line):
            blank = True
            line += 1
            continue
        found = _ITEM.match(state.src, state.bMarks[line], state.eMarks[line])
        if found is None or (signs is not None and found.groups() != signs):
            # After a blank line what is neither indented nor marked ends the list; else the last item may go on.
            if not blank or state.sCount[line] or _MARKED.match(state.src, state.bMarks[line]):
                return False
            break
        signs = found.groups()
        begins.append(line)
        blank = False
        line += 1
    last = line
    while state.isEmpty(last - 1):
        last -= 1
    token = state.push("items", "ul", 0)
    token.map = [start, last]
    token.meta = {"begins": begins}
    state.line = last
    return True


def _fence_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Find fenced code as the library does, and keep where its lines begin."""
    if not fence(state, start, end, silent):
        return False
    if not silent:
        state.tokens[-1].meta = {"columns": _columns(state, start, state.line)}
    return True


def _columns(state: StateBlock, start: int, end: int) -> list[int]:
    """Return for each line how many characters stand before its content."""
    return [
        state.bMarks[line] + state.tShift[line] - (state.eMarks[line - 1] + 1 if line else 0)
        for line in range(start, end)
    ]
