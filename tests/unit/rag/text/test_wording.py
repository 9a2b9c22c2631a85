"""When two questions are the same."""

import pytest

from rag.text.wording import normal


@pytest.mark.parametrize("text", ["What is it?", " what, IS  it", "What is it?!"])
def test_case_and_signs_make_no_difference(text: str) -> None:
    """Words alone count."""
    assert normal(text) == "what is it"


def test_a_question_of_signs_stays() -> None:
    """Two of them are not one."""
    assert normal(" ?! ") == "?!"
