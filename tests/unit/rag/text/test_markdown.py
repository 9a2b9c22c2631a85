"""Markdown's blocks as stretches of the text."""

import gc
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.text.markdown import Block, Kind, _parser, blocks, cells

marks = st.text(st.sampled_from("ab |-#>`~*+1.)=:\\\t\n\r"), max_size=200)


def outline(text: str) -> list[tuple[str, str]]:
    """Return kind and stretch of each block at the top."""
    return [(block.kind.value, text[block.start : block.end]) for block in blocks(text)]


@settings(max_examples=300, deadline=None)
@given(text=marks)
def test_blocks_are_the_text(text: str) -> None:
    """Whatever the marks, blocks touch, children lie in their block, and together they are all of it."""

    def check(found: tuple[Block, ...], start: int, end: int) -> None:
        assert [block.start for block in found] == [start, *(block.end for block in found[:-1])]
        assert found[-1].end == end
        for block in found:
            assert all(
                block.start <= line.start <= line.content <= line.end <= block.end for line in block.lines
            )
            if block.children:
                check(block.children, block.start, block.end)

    if text:
        check(blocks(text), 0, len(text))


def test_kinds_of_blocks() -> None:
    """Headings of both forms, tables, lists, quotations, code and rules are told apart."""
    text = "# A\nb\n\n- c\n\n> d\n\n```\n# e\n```\n\n| f |\n|---|\n| g |\n\n***\n\nH\n=\n"

    assert outline(text) == [
        ("heading", "# A\n"),
        ("prose", "b\n\n"),
        ("list", "- c\n\n"),
        ("quote", "> d\n\n"),
        ("code", "```\n# e\n```\n\n"),
        ("table", "| f |\n|---|\n| g |\n\n"),
        ("rule", "***\n\n"),
        ("heading", "H\n=\n"),
    ]


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("# A b", 1, "A b"),
        ("### A b ###", 3, "A b"),
        ("   ###### A", 6, "A"),
        ("## **A** `b` _c_", 2, "A b c"),
        ("## [A](http://b) c", 2, "[A](http://b) c"),
        ("## 2 \\* 3", 2, "2 * 3"),
        ("A\n===", 1, "A"),
        ("A\n---", 2, "A"),
    ],
)
def test_headings(text: str, level: int, words: str) -> None:
    """A heading has a level, and words without emphasis."""
    (block,) = blocks(text)

    assert (block.kind, block.level, block.words) == (Kind.HEADING, level, words)


@pytest.mark.parametrize(
    "text",
    [
        "#hashtag",
        "####### a",
        "# " + "a" * 121,
        "    # code",
        "It ends here.\n---",
        "Two\nlines\n===",
        "\\# a",
    ],
)
def test_what_only_looks_like_a_heading(text: str) -> None:
    """It is text, and stays in a passage."""
    assert [block.kind for block in blocks(text)] == [Kind.PROSE]


def test_headings_inside_html_are_headings() -> None:
    """A tag on a line of its own does not hide what follows it."""
    assert [block.kind for block in blocks("<div>\n# A\n</div>")] == [Kind.PROSE, Kind.HEADING, Kind.PROSE]


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "a | b\n--- | ---\n1 | 2",
        "| a | b |\n|:--|--:|\n| 1 | 2 |",
        "|a|b|\n|-|-|\n|1|2|",
        "   | a | b |\n   |---|---|\n   | 1 | 2 |",
        "| a | b |\r\n|---|---|\r\n| 1 | 2 |\r\n",
        "| a    | b    |\n| ---- | :--: |\n| 1    | 2    |",
    ],
)
def test_forms_of_tables(text: str) -> None:
    """Outer pipes, alignment, indentation, line ends and padding make no difference."""
    (table,) = blocks(text)

    assert table.kind == Kind.TABLE
    shown = [cells(text[line.content : line.end]) for line in table.lines]
    assert [shown[0], *shown[2:]] == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("text", ["a | b\nc | d", "| a | b |\n|---|", "| a |\n\n|---|", "--- | ---"])
def test_pipes_alone_make_no_table(text: str) -> None:
    """A table has a line of dashes under its header, with as many columns."""
    assert Kind.TABLE not in [block.kind for block in blocks(text)]


@pytest.mark.parametrize(
    "text",
    [
        "- item\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n",
        "> | a | b |\n> |---|---|\n> | 1 | 2 |\n",
        "1. item\n\n   > | a | b |\n   > |---|---|\n   > | 1 | 2 |\n",
        "- | a | b |\n  |---|---|\n  | 1 | 2 |\n",
    ],
)
def test_tables_inside_of_lists_and_quotations(text: str) -> None:
    """Their lines are known without the marks around them."""

    def tables(found: tuple[Block, ...]) -> list[Block]:
        return [each for block in found for each in ([block] if block.lines else tables(block.children))]

    (table,) = tables(blocks(text))

    assert [text[line.content : line.end].rstrip() for line in table.lines] == [
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| a | b |", ["a", "b"]),
        ("a | b", ["a", "b"]),
        ("| a \\| b | c |", ["a | b", "c"]),
        ("| `a \\| b` |", ["`a | b`"]),
        ("| a |  | c |", ["a", "", "c"]),
        ("||x|", ["", "x"]),
        ("|", []),
    ],
)
def test_cells(row: str, expected: list[str]) -> None:
    """A pipe behind a backslash belongs to its cell; an empty cell is one."""
    assert cells(row) == expected


@pytest.mark.parametrize(
    "unit",
    [
        "> ",
        "- ",
        "|",
        "[",
        "`",
        "* a\n",
        "a\n-\n",
        "a|b\n-|-\n",
        "> - ",
        "```a`\n",
        "\t",
        "<!--",
        "a\n",
        "#\n",
        "1. ",
    ],
)
def test_time_grows_with_the_length_alone(unit: str) -> None:
    """Eight times the text takes about eight times as long, whatever it is made of; a square would be sixty-four."""

    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        blocks(text)
        return time.process_time() - began

    collecting = gc.isenabled()
    gc.disable()  # what the collector takes grows with all that other tests have left
    try:
        seconds(1_000)
        assert seconds(160_000) < 32 * max(min(seconds(20_000), seconds(20_000)), 0.005)
    finally:
        if collecting:
            gc.enable()


_LINES = """
- one;- two;* three;1. four;2. five;1) six;;;words;  more;    code;# head;---;- [ ] task;- - deep;-;- 3. deep;- **bold**
> said;===;```;| a | b |;|---|---|
"""
lines_of_lists = st.lists(st.sampled_from(re.split("[;\\n]", _LINES)), max_size=12)


@settings(max_examples=500, deadline=None)
@given(lines=lines_of_lists)
def test_lists_of_lines_are_what_the_library_finds(lines: list[str]) -> None:
    """The short way through a list whose items are single lines finds the lists and items that the long one finds."""

    def shape(found: tuple[Block, ...]) -> list[object]:
        # An item that is a line needs no paragraph in it.
        return [
            (each.kind, each.start, each.end, shape(each.children) if each.kind == Kind.LIST else [])
            for each in found
        ]

    text = "\n".join(lines)
    parser = _parser(True)
    short = shape(blocks(text))
    parser.disable("items")
    try:
        assert shape(blocks(text)) == short
    finally:
        parser.enable("items")
