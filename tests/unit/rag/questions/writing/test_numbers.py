"""The numbers that a text states are known however they are written."""

import pytest

from rag.questions.writing.numbers import found, stated


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", set()),
        ("42", {"42"}),
        ("1,250.50", {"1250.5"}),
        ("1.250.000 Euro", {"1250000"}),
        ("3 million people", {"3000000"}),
        ("two hundred", {"200"}),
        ("twenty-five days", {"25"}),
        ("once more", set()),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, numbers: set[str]) -> None:
    """Also where a text has no word at all; a word that may mean something else commits to nothing."""
    assert stated(text) == numbers


def test_a_text_may_be_read_to_have_more_than_it_states() -> None:
    """Hours after noon count either way, and so do words that are numbers among other things."""
    assert {"3", "15"} <= found("at 3 p.m.")
    assert {"15", "3"} <= found("at 15:30")
    assert "1" in found("once a day")
