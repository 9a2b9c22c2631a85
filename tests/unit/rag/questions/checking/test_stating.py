"""The sentences of an answer that state something, and what they cite."""

import pytest

from rag.questions.checking.stating import statements
from rag.questions.writing.marks import marks


def stated(answer: str) -> list[tuple[str, set[int]]]:
    """Return each statement and what it cites; its place is checked."""
    found = statements(answer, marks(answer))
    assert all(each.text.split()[0].strip(".,") in answer[each.start : each.end] for each in found)
    return [(each.text, set(each.cites)) for each in found]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Noon it is [1]. Tea is at four [2][3].", [("Noon it is.", {1}), ("Tea is at four.", {2, 3})]),
        ("Noon it is. [1] Tea is at four. [2]", [("Noon it is.", {1}), ("Tea is at four.", {2})]),
        ("Noon [1], tea [2] and cake.", [("Noon, tea and cake.", {1, 2})]),
        ("- Lunch: noon [1]\n- Tea: four [2]", [("Lunch: noon", {1}), ("Tea: four", {2})]),
        (
            "[1] Lunch is at noon.\n[2] Tea is at four.",
            [("Lunch is at noon.", {1}), ("Tea is at four.", {2})],
        ),
        ("The moon is made of cheese.", [("The moon is made of cheese.", set())]),
        ("Noon [1].", [("Noon.", {1})]),
        # What states nothing.
        ("## Lunch hours here\n\nNoon [1].", [("Noon.", {1})]),
        ("**Lunch hours here**\n\nNoon [1].", [("Noon.", {1})]),
        ("The hours of the canteen:\n- noon [1]", [("noon", {1})]),
        ("Yes. Is it noon at the canteen?", []),
        ("```\nlunch = noon at canteen\n```\nNoon [1].", [("Noon.", {1})]),
        ("Noon [1]. Let me know if you need anything else!", [("Noon.", {1})]),
        ("Noon [1]. The documents do not say when tea is served.", [("Noon.", {1})]),
    ],
)
def test_statements_and_their_citations(answer: str, expected: list[tuple[str, set[int]]]) -> None:
    """A mark belongs to the sentence it stands in or behind; headings, questions and courtesies state nothing."""
    assert stated(answer) == expected


def test_a_paragraph_is_known_by_its_citations() -> None:
    """What one of its sentences cites is near to the others, and to no other paragraph's."""
    answer = "Tea is at four. Cake is at five [2].\n\nLunch is at noon here."

    assert [set(each.near) for each in statements(answer, marks(answer))] == [{2}, {2}, set()]
