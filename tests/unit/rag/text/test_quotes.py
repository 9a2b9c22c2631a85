"""What can be quoted of a passage."""

import pytest

from rag.text.quotes import quotes


def shown(text: str) -> list[str]:
    """Return the quotes of a text."""
    return [quote.text for quote in quotes(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One stands here.\nTwo does as well. Three.", ["One stands here.", "Two does as well.", "Three."]),
        ("- one\n- two", ["one", "two"]),
        ("> said\n> so\n> often", ["said so often"]),
        ("- one\n> two", ["one", "two"]),
        ("Above.\n\n---\n\nBelow.", ["Above.", "Below."]),
        ("Above\n=====\n\nBelow.", ["Above", "Below."]),
        ("Run:\n\n```sh\nmake all\n\n# then\n```\nDone.", ["Run:", "make all\n\n# then", "Done."]),
        ("Prices:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAfter.", ["Prices:", "a: 1; b: 2", "After."]),
        ("      | a | b |\n      |---|---|\n      | 1 | 2 |", ["a: 1; b: 2"]),
        ("- x\n\n  | a |\n  |---|\n  | 1 |\n- y", ["x", "a: 1", "y"]),
        ("1. One.\n2. Two.", ["1. One.", "2. Two."]),
        ("28.", ["28."]),
        ("How many days?\n\n28.\n\nWho pays?", ["How many days?", "28.", "Who pays?"]),
        (
            "Quorum\n: nodes that must agree.\n\nLease\n:   a right.",
            ["Quorum : nodes that must agree.", "Lease : a right."],
        ),
        ("Bring pens, paper etc.\n\nThe office is open.", ["Bring pens, paper etc.", "The office is open."]),
        ("", []),
        ("---", []),
    ],
)
def test_quotes_hold_no_marks(text: str, expected: list[str]) -> None:
    """Sentences, rows with their columns' names and code as it stands, without bullets, pipes, fences and rules."""
    assert expected == shown(text)


@pytest.mark.parametrize(
    "text",
    [
        "- one is here\n- two is there",
        "> said\n\nNot said.",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "~~~\ncode\n~~~\n",
    ],
)
def test_a_quote_knows_its_place(text: str) -> None:
    """What stands between its ends holds its words, but for the names of columns."""
    for quote in quotes(text):
        there = text[quote.start : quote.end]
        assert there == there.strip()
        assert [
            word for word in quote.text.replace(";", "").split() if word not in there and word[-1] != ":"
        ] == []


def test_long_code_is_quoted_line_by_line() -> None:
    """Nobody asked for a whole program."""
    lines = [f"step_{number} = run({number}, times={number})" for number in range(40)]

    assert lines == shown("```python\n" + "\n".join(lines) + "\n```")
