"""What of a text may be quoted as an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.statements import statements


def said(text: str) -> list[tuple[str, str]]:
    """Return (statement, what it stands below) in order."""
    return [(text[each.start : each.end], each.context) for each in statements(text)]


@pytest.mark.parametrize("text", ["No.", "Noon to two.", "Room 12.", "Yes, gate B.", "是。", "Нет."])
def test_a_short_text_is_a_statement(text: str) -> None:
    """All there is to say is said."""
    assert said(text) == [(text, "")]


def test_a_short_sentence_goes_with_its_neighbour() -> None:
    """With the next one of its paragraph, else with the one before."""
    assert said("No. Dogs are not allowed in the office. Cats are not allowed either.") == [
        ("No. Dogs are not allowed in the office.", ""),
        ("Cats are not allowed either.", ""),
    ]
    assert said("Dogs are not allowed in the office. Never.") == [
        ("Dogs are not allowed in the office. Never.", "")
    ]
    assert said("Never.\n\nDogs are not allowed in the office.") == [
        ("Never.", ""),
        ("Dogs are not allowed in the office.", ""),
    ]


def test_headings_and_questions_are_what_stands_below_them_is_about() -> None:
    """They are no answers; what follows is."""
    assert said(
        "# Help\n\n## Who repairs the printer?\n\nRoom 12.\n\nIs there a cellar? Yes, gate B has one."
    ) == [
        ("Room 12.", "Who repairs the printer?"),
        ("Yes, gate B has one.", "Who repairs the printer?\nIs there a cellar?"),
    ]
    assert said("**Q: When is it open?**\nA: Noon to two.") == [
        ("A: Noon to two.", "**Q: When is it open?**")
    ]
    assert said("什么时候开门？中午十二点。") == [("中午十二点。", "什么时候开门？")]


def test_items_of_a_list_stand_below_its_first_line() -> None:
    """Without their marks."""
    assert said("Opening hours:\n- Monday: 9 to 5\n* Tuesday: closed") == [
        ("Monday: 9 to 5", "Opening hours:"),
        ("Tuesday: closed", "Opening hours:"),
    ]


def test_a_text_of_headings_and_questions_is_given_as_it_stands() -> None:
    """It is all there is to quote."""
    assert said("## Only a heading") == [("Only a heading", "")]
    assert said("Is it?") == [("Is it?", "")]
    assert said("") == []


@given(st.text('aB .!?:\n-#*é。"', max_size=80))
def test_statements_stand_in_the_text_in_order(text: str) -> None:
    """They do not overlap, and have no blank at their ends."""
    found = [(each.start, each.end) for each in statements(text)]

    assert [bound for span in found for bound in span] == sorted(bound for span in found for bound in span)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in found)
