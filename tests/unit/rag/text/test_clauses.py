"""Long sentences are divided where they pause."""

import time

from hypothesis import given
from hypothesis import strategies as st

from rag.text.clauses import clauses


def test_a_short_text_stays_whole() -> None:
    """However many commas it has."""
    assert clauses("One, two, three; four.") == ["One, two, three; four."]


def test_pauses_come_before_commas_and_commas_before_blanks() -> None:
    """Each time where both parts are about as long."""
    assert clauses(f"{'a, ' * 20}end; {'b, ' * 20}end", 100) == [f"{'a, ' * 20}end;", f"{'b, ' * 20}end"]
    assert clauses(f"{'a ' * 30}end, {'b ' * 30}end", 100) == [f"{'a ' * 30}end,", f"{'b ' * 30}end"]
    assert len(clauses("字" * 1_000)) == 4


@given(st.text("ab ,;:.(。字", max_size=400))
def test_parts_stand_in_the_text(text: str) -> None:
    """Word for word, in its order, none too long, and nothing is lost but blanks."""
    parts = clauses(text, 60)

    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(len(part) <= 60 and part in text for part in parts)


def test_blanks_are_divided_in_time() -> None:
    """A line of code may have as many as there is room for."""
    began = time.perf_counter()
    assert clauses(f"one{' ' * 20_000}two")[0] == "one"
    assert time.perf_counter() - began < 1
