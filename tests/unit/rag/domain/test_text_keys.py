"""What tells that two questions are the same text."""

import pytest
from doubles.asked import asked

from rag.domain.log import text_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is it?", "where is IT?"),
        ("Where is it?", "  Where \n is\tit? "),
        ("Straße", "STRASSE"),
        ("\ud800 broken", "\ud800 BROKEN"),
    ],
)
def test_case_and_blanks_do_not_matter(one: str, other: str) -> None:
    """They are one text."""
    assert text_key(one) == text_key(other)
    assert 16 == len(text_key(one))


@pytest.mark.parametrize(("one", "other"), [("Where is it?", "Where is it"), ("a b", "ab"), ("a", "b")])
def test_other_texts_have_other_keys(one: str, other: str) -> None:
    """A sign is enough; near-duplicates are told elsewhere."""
    assert text_key(one) != text_key(other)


@pytest.mark.parametrize("text", ["", "  \n", "### Task: make a title", "### TASK:\nmake tags"])
def test_nobodys_questions_have_none(text: str) -> None:
    """Blank texts and what chat front ends ask for themselves."""
    assert "" == text_key(text)


def test_a_follow_up_is_what_was_searched_for() -> None:
    """And a chore is none, whatever it says."""
    assert asked("And there?", rewritten="Why in Bonn?").text_key == text_key("why in bonn?")
    assert "" == asked("Why?", auxiliary=True).text_key
