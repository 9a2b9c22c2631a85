"""Rows of tables as lines that can be read by themselves."""

import pytest

from rag.text.markdown import Kind, blocks
from rag.text.tables import markdown_table, readable, rows


def lines(text: str) -> list[str]:
    """Return the lines of the tables of a text."""
    return [row.line for block in blocks(text) if block.kind == Kind.TABLE for row in rows(text, block)]


@pytest.mark.parametrize(
    ("names", "row", "expected"),
    [
        (["part", "price"], ["N-1", "4"], "part: N-1; price: 4"),
        (["part", "price"], ["N-1", ""], "part: N-1"),
        (["part", "price"], ["N-1", "4", "more"], "part: N-1; price: 4; more"),
        (["part", "", "price"], ["N-1", "x", "4"], "part: N-1; x; price: 4"),
        (["part", "price"], ["text all through"], "text all through"),
        (["part"], ["N-1"], "part: N-1"),
        (["part:", "price<br>in crowns"], ["a<br/>b", "4"], "part: a b; price in crowns: 4"),
        ([], ["N-1", "4"], "N-1; 4"),
        (["part"], [], ""),
    ],
)
def test_a_row_names_its_columns(names: list[str], row: list[str], expected: str) -> None:
    """Empty cells are left out; surplus ones, and a text through all columns, have no name."""
    assert expected == readable(names, row)


def test_rows_of_a_text() -> None:
    """Each row knows where it stands; the header is none, unless it is all there is."""
    text = "Before.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | |\n\nx | y\n--|--\n"
    first, second = (block for block in blocks(text) if block.kind == Kind.TABLE)

    assert [(text[row.start : row.end], row.line) for row in rows(text, first)] == [
        ("| 1 | 2 |", "a: 1; b: 2"),
        ("| 3 | |", "a: 3"),
    ]
    assert [row.line for row in rows(text, second)] == ["x; y"]


def test_two_tables_in_a_row() -> None:
    """A row belongs to the header above it."""
    text = "| a |\n|---|\n| 1 |\n\n| b |\n|---|\n| 2 |\n"

    assert lines(text) == ["a: 1", "b: 2"]


def test_pipes_within_cells() -> None:
    """Escaped pipes are text, in code too."""
    assert lines("| a | b |\n|---|---|\n| x \\| y | `p \\| q` |\n") == ["a: x | y; b: `p | q`"]


def test_rows_become_a_table() -> None:
    """The first row names the columns, a bar in a cell is no border; rows alone continue a table."""
    assert markdown_table([["part", "fits"], ["N-1", "a | b"]]) == (
        "| part | fits |\n|---|---|\n| N-1 | a \\| b |"
    )
    assert markdown_table([["N-2", ""]], header=False) == "| N-2 |  |"
