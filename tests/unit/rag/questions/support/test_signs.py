"""The signs of support tell what of a question the hits have."""

import pytest

from rag.domain import Calibration, Document, Hit, Passage
from rag.questions.support.signs import NAMES, Rarity, read_signs

KNOWN = Calibration(
    signs=NAMES,
    weights=(1.0, 1.0, 1.0, 1.0),
    bias=0.0,
    passages=100,
    questions=0,
    change=0,
    common=("canteen", "open"),
    rarity=(0.5, 0.5),
    rare=5.0,
)


def hits(*texts: str, scores: tuple[float, ...] = ()) -> list[Hit]:
    """Return a hit for each text."""
    passages = [
        Passage.create(Document.create(uri=f"{at}", text=text), 0, text) for at, text in enumerate(texts)
    ]
    given = scores or (0.5,) * len(texts)
    return [
        Hit(passage=passage, rank=at, score=score)
        for at, (passage, score) in enumerate(zip(passages, given, strict=True), start=1)
    ]


def test_the_nearest_hit_counts_whatever_its_rank() -> None:
    """Words order the hits too."""
    assert 0.7 == read_signs("Soup?", hits("Soup.", "Tea.", scores=(0.2, 0.7))).nearest


def test_the_first_hit_and_all_together_are_looked_at() -> None:
    """An answer may stand in one passage, or in parts."""
    signs = read_signs("Which soup and which salad?", hits("Tomato soup.", "Green salad."))

    assert (0.5, 1.0) == (signs.first, signs.together)
    assert () == signs.missing


def test_rare_words_weigh_more() -> None:
    """Every passage of a canteen's pages says canteen."""
    question = "When does the canteen open on Ascension?"
    common, rare = (
        read_signs(question, hits(text), Rarity(KNOWN))
        for text in ("The canteen opens at noon.", "Closed on Ascension.")
    )

    assert common.first < 0.2 < 0.8 < rare.first
    assert common.weight < rare.weight
    assert ("Ascension",) == common.missing


def test_without_a_calibration_all_words_weigh_the_same() -> None:
    """Nothing is known of the documents yet."""
    assert pytest.approx(2 / 3) == read_signs("Canteen open on Ascension?", hits("The canteen opens.")).first


def test_another_form_of_a_word_counts_for_less_than_the_word() -> None:
    """Diagnosis is told where diagnosed is asked; diagram is not."""
    asked = "diagnosed"

    assert 1.0 == read_signs(asked, hits("It is diagnosed by a doctor.")).first
    assert 0.6 <= read_signs(asked, hits("The diagnosis is made by a doctor.")).first < 1
    assert 0.0 == read_signs(asked, hits("A diagram of a doctor.")).first


def test_a_number_has_no_other_forms() -> None:
    """12345 is not 12346."""
    assert 0.0 == read_signs("12345", hits("12346")).first


def test_names_asked_about_earlier_count_as_rare() -> None:
    """However common they are in the documents."""
    found = hits("Opening hours are told at the door.")
    common, named = (
        read_signs("opening hours canteen", found, Rarity(KNOWN), names=names) for names in ((), ("Canteen",))
    )

    assert named.together < common.together


def test_chinese_words_are_found_by_their_characters() -> None:
    """A character alone stands in a pair."""
    assert read_signs("年假有多少天？", hits("年假每年二十天。")).together > 0.6


@pytest.mark.parametrize("question", ["", "???", "the of and"])
def test_a_question_without_content_has_signs(question: str) -> None:
    """Nothing is divided by zero."""
    signs = read_signs(question, hits("Soup is served."))

    assert all(0 <= value <= 1 for value in (signs.first, signs.together))


def test_without_hits_the_signs_are_of_nothing() -> None:
    """No passage has any word."""
    assert (-1.0, 0.0, 0.0, 0.0) == read_signs("Soup?", []).values
