"""What was found is support, or it is not."""

import pytest

from rag.domain import Document, Hit, Passage
from rag.questions.support import supported

THRESHOLD = 0.4
PUMP = "# Pump errors\n\nE-1042: the filter is clogged.\n\nE-1043: the lid is open."


def hits(*texts: str, score: float = 0.1, title: str = "") -> tuple[Hit, ...]:
    """Return a hit for each text, with the same cosine."""
    documents = [Document.create(uri=f"doc-{i}", text=text, title=title) for i, text in enumerate(texts)]
    passages = [Passage.create(document, 0, document.text) for document in documents]
    return tuple(Hit(passage=passage, rank=i, score=score) for i, passage in enumerate(passages, start=1))


def counted(texts: object) -> list[int]:
    """Count a token for every three letters, as an encoder does with words it does not know."""
    return [(len(text) + 2) // 3 for text in texts]  # type: ignore[attr-defined]


def is_supported(question: str, found: tuple[Hit, ...]) -> bool:
    """Judge at the threshold."""
    return supported(question, found, THRESHOLD, count_tokens=counted)


def test_support_is_judged_by_the_nearest_hit() -> None:
    """Another order than by cosine does not make the service keep silent; no hits do."""
    near, far = hits("Soup is served.", score=0.5), hits("Soup is served.", score=0.3)

    assert is_supported("Is there anything to eat?", far + near)
    assert is_supported("Is there anything to eat?", hits("Soup.", score=THRESHOLD))
    assert not is_supported("Is there anything to eat?", far)
    assert not supported("Anything?", (), -1.0, count_tokens=counted)


@pytest.mark.parametrize("question", ["What does E-1042 mean?", "E-1043", "e1043?", "E 1042 and E-9999"])
def test_a_code_that_stands_in_a_hit_is_support(question: str) -> None:
    """However far the vectors are; of several codes one is enough."""
    assert is_supported(question, hits("Soup is served.", PUMP))


def test_a_code_may_stand_in_the_title() -> None:
    """A passage's title is part of it."""
    assert is_supported("What is E-1042?", hits("The filter is clogged.", title="Error E-1042"))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does E-1044 mean?", PUMP),
        ("What is new in 3.11.8?", "3.11.7 mends the parser."),
        ("What does § 12b say?", "§ 12a is about dogs."),
        ("What does error E7 mean?", "E1: no water. E2: no power."),
        ("Who is bob@example.org?", "Write to anna@example.org."),
    ],
)
def test_a_code_that_stands_nowhere_is_evidence_against(question: str, text: str) -> None:
    """However near the vectors are."""
    assert not is_supported(question, hits(text, score=0.9))


def test_a_short_code_that_texts_may_spell_otherwise_is_not() -> None:
    """The cosine decides."""
    assert is_supported("What does IL-6 do?", hits("Interleukin-6 drives inflammation.", score=0.6))
    assert not is_supported("What does IL-6 do?", hits("Interleukin-6 drives inflammation.", score=0.3))


def test_a_rare_name_is_support_with_what_else_is_asked() -> None:
    """As typed, and beside nearly all of the question; a name alone in another matter is not."""
    found = hits("Frau Wackernagelowska has room 12.")

    assert is_supported("Who is Wackernagelowska?", found)
    assert is_supported("Where is Wackernagelowska's room?", found)
    assert not is_supported("Does Wackernagelowska recommend the vegetarian restaurant downtown?", found)
    assert not is_supported("Who is Wackernagel?", found)
    assert not is_supported("Who has soup?", found)
