"""What was found is support, or it is not."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rag.domain import Calibration, Document, Hit, Passage, Retrieval, Support
from rag.ports import Encoder, Vectors
from rag.questions.support.evidence import read_evidence
from rag.questions.support.judging import PRIOR, judge

THRESHOLD = Retrieval().threshold
PUMP = "# Pump errors\n\nE-1042: the filter is clogged.\n\nE-1043: the lid is open."


def hits(*texts: str, score: float = 0.1, title: str = "") -> tuple[Hit, ...]:
    """Return a hit for each text, with the same cosine."""
    documents = [Document.create(uri=f"doc-{i}", text=text, title=title) for i, text in enumerate(texts)]
    passages = [Passage.create(document, 0, document.text) for document in documents]
    return tuple(Hit(passage=passage, rank=i, score=score) for i, passage in enumerate(passages, start=1))


class Letters(Encoder):
    """Counts a token for every three letters, and takes texts for near that have the same words."""

    digest = passages_digest = "letters"
    dimension = 512

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return a direction for each word."""
        return np.array([self._vector(text) for text in texts], dtype=np.float32)

    encode_passages = encode_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count as an encoder does with words it does not know."""
        return [(len(text) + 2) // 3 for text in texts]

    def _vector(self, text: str) -> Vectors:
        vector = np.full(512, 1e-6, dtype=np.float32)
        for word in re.findall(r"\w+", text.casefold()):
            vector[zlib.crc32(word.encode()) % 512] = 1.0
        return vector / np.linalg.norm(vector)


def is_supported(question: str, found: tuple[Hit, ...]) -> bool:
    """Judge at the threshold."""
    evidence = read_evidence(question, found, encoder=Letters())
    return judge(evidence, encoder=Letters()).probability >= THRESHOLD


def support(question: str, found: tuple[Hit, ...], calibration: Calibration | None = None) -> Support:
    """Judge."""
    evidence = read_evidence(question, found, encoder=Letters())
    return judge(evidence, calibration, encoder=Letters())


def test_support_grows_with_the_cosine_and_with_the_words() -> None:
    """Near and with the question's words it is likely; far, or without them, it is not; without hits it is none."""
    question = "When is tomato soup served?"
    near, far, without = (
        support(question, hits(text, score=score)).probability
        for text, score in (
            ("Tomato soup is served at noon.", 0.8),
            ("Tomato soup is served at noon.", 0.3),
            ("The garage opens at noon.", 0.5),
        )
    )

    assert near > 0.5 > far > without
    assert without < THRESHOLD
    assert 0.0 == support(question, ()).probability


def test_another_order_than_by_cosine_is_no_harm() -> None:
    """The nearest hit's cosine counts, whatever its rank."""
    near, far = hits("Soup is served.", score=0.6), hits("Soup is served.", score=0.3)

    assert support("Is soup served?", far + near) == support("Is soup served?", near + far)


def test_what_is_missing_of_the_question_is_told() -> None:
    """In the words that were typed; the reason is for people."""
    reason = support(
        "What are the symptoms of Noonan syndrome?", hits("Noonan syndrome is treated by surgery.")
    ).reason

    assert "“symptoms”" in reason
    assert "Noonan" not in reason


def test_a_passage_that_is_very_near_is_support_in_other_words() -> None:
    """As an encoder of many languages finds it; nearer than usual is not enough where words are shared at all."""
    question = "Wann wird gegessen?"

    assert is_supported(question, hits("Lunch is served at noon.", score=0.75))
    assert not is_supported(question, hits("Lunch is served at noon.", score=0.6))


def test_the_releases_calibration_is_judged_by() -> None:
    """Not the one for any documents."""
    found, question = hits("Tomato soup is served at noon.", score=0.6), "When is tomato soup served?"
    sceptical = replace(PRIOR, bias=PRIOR.bias - 5)

    assert support(question, found, sceptical).probability < support(question, found).probability
    assert support(question, found, PRIOR) == support(question, found)


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
    """The other signs decide."""
    question = "Does IL-6 drive inflammation?"

    assert is_supported(question, hits("Interleukin-6 drives inflammation.", score=0.6))
    assert not is_supported(question, hits("Interleukin-6 is a cytokine.", score=0.3))


def test_a_rare_name_is_support_with_what_else_is_asked() -> None:
    """As typed, and beside nearly all of the question; a name alone in another matter is not."""
    found = hits("Frau Wackernagelowska has room 12.")

    assert is_supported("Who is Wackernagelowska?", found)
    assert is_supported("Where is Wackernagelowska's room?", found)
    assert not is_supported("Does Wackernagelowska recommend the vegetarian restaurant downtown?", found)
    assert not is_supported("Who is Wackernagel?", found)
    assert not is_supported("Who has soup?", found)


def test_a_sentence_near_by_itself_is_support() -> None:
    """A passage of many small matters is near to none of them, but one of its sentences is."""
    asked = "When is the counter open?"
    many = "**Is the transport insured?**\nYes.\n\n**When is the counter open?**\nNoon.\n\n**Fee?**\nNone at all."

    assert is_supported(asked, hits(many))
    assert not is_supported("Where may I park my car?", hits(many))
    assert not is_supported(asked, hits("When the counter is open is told at noon."))  # it is the passage


def test_a_sentence_with_the_words_of_the_question_needs_to_be_no_nearer_than_a_passage() -> None:
    """What is asked of an item of a list stands in it with the line before the list."""
    items = "For the tour you need:\n\n- Map: sheet 17, scale 1:25,000\n- Boots: waterproof, above the ankle"

    assert is_supported("Which map, sheet and scale do you need?", hits(items))
    assert not is_supported("Which tent do we take?", hits(items))


def test_a_short_code_is_support_where_it_is_all_that_is_asked() -> None:
    """Two digits tell little beside other words, and enough alone."""
    assert is_supported("AB-77?", hits("Code AB77 opens the gate."))
    assert not is_supported("Is the garden watered by AB-77?", hits("Code AB77 opens the gate."))


def test_names_from_earlier_questions_count_as_rare() -> None:
    """A word that the encoder knows well is a name where the conversation had it as one."""
    found = hits("Ask Eve.", "Soup is served.")
    evidence = read_evidence("Eve: ask", found, encoder=Letters())

    assert judge(evidence, encoder=Letters()).probability < THRESHOLD
    assert judge(evidence, encoder=Letters(), names=("Eve",)).probability >= THRESHOLD
