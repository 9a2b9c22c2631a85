"""When two questions are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.wording import normal


@pytest.mark.parametrize("text", ["What is it?", " what, IS  it", "What is it?!"])
def test_case_and_signs_make_no_difference(text: str) -> None:
    """Words alone count."""
    assert normal(text) == "what is it"


def test_a_question_of_signs_stays() -> None:
    """Two of them are not one."""
    assert normal(" ?! ") == "?!"


def test_case_blanks_and_punctuation_make_no_difference() -> None:
    """Two spellings of one question have one normal form."""
    assert normal("  How do I   renew — my PASSPORT?? ") == normal("how do i renew my passport")


def test_questions_without_words_stay_apart() -> None:
    """Signs alone are not taken for one another."""
    assert normal("???") != normal("!!!")


@given(st.text(max_size=60))
def test_normal_form_is_its_own_normal_form(text: str) -> None:
    """Normalising twice changes nothing."""
    assert normal(normal(text)) == normal(text)
