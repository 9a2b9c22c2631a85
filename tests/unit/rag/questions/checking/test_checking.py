"""Sentences that their passages do not bear out are found, and others are left alone."""

import time

import pytest

from rag.domain import Document, Hit, Passage
from rag.ports import Encoder
from rag.questions.checking.checking import check
from rag.questions.checking.comparing import language
from rag.questions.support.evidence import read_evidence

LUNCH = (
    "The cafeteria serves lunch from noon until two o'clock. It is closed on Sundays, but not on Saturdays. Ask Mr. "
    "Miller for a key to the World Health Organization's room. Guests pay 1,200 euros a year. Rooms must be booked by "
    "5 March."
)
BADGES = (
    "Badges are issued at gate 4 by the security office within three days. Lost badges cost 25 euros. Visitors do not "
    "need a badge. The system was installed in 2019 and replaced two million paper slips."
)


def hit(rank: int, text: str, title: str) -> Hit:
    """Return a hit with that text."""
    document = Document.create(uri=f"doc-{rank}", text=text, title=title)
    return Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.9)


HITS = [hit(1, LUNCH, "Cafeteria"), hit(2, BADGES, "Badges")]


def reasons(answer: str, encoder: Encoder) -> list[str]:
    """Return why sentences are marked, in their order."""
    return [each.reason for each in check(answer, HITS, encoder=encoder).unsupported]


@pytest.mark.parametrize(
    "answer",
    [
        "The cafeteria serves lunch from noon until two o'clock [1].",
        "Lunch is served from noon to two [1].",
        "Lunch is served from 12 to 2 [1].",
        "The cafeteria is closed on Sundays [1].",
        "It is not closed on Saturdays [1].",
        "Guests pay 1200 euros a year [1].",
        "Gäste zahlen 1.200 Euro im Jahr [1].",
        "A key to the WHO room is with Mr. Miller [1].",
        "Rooms must be booked by March 5 [1].",
        "Badges are issued at gate 4 within 3 days [2].",
        "The security office issues badges within three days, and a lost one costs 25 euros [2].",
        "It replaced 2 million paper slips [2].",
        "Visitors need no badge [2].",
        "1. Lunch is served at noon [1].\n2. Badges are issued at gate 4 [2].",
        "Badges are issued at gate 4. Lost badges cost 25 euros [2].",
        "Lunch is served at noon [1]. I hope this helps!",
        "Die Ausweise gibt es am Tor 4 innerhalb von drei Tagen [2].",
    ],
)
def test_what_is_borne_out_is_left_alone(answer: str, minilm_encoder: Encoder) -> None:
    """Its own words, other words, numbers written otherwise, another language."""
    assert [] == reasons(answer, minilm_encoder)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Lunch is served from noon until three o'clock [1].", "number"),
        ("Guests pay 1,300 euros a year [1].", "number"),
        ("Badges are issued at gate 14 [2].", "number"),
        ("It replaced three million paper slips [2].", "number"),
        ("Die Ausweise gibt es am Tor 7 [2].", "number"),
        ("The cafeteria is closed on Mondays [1].", "name"),
        ("Ask Mr. Smith for a key [1].", "name"),
        ("A key to the NATO room is with Mr. Miller [1].", "name"),
        ("The cafeteria is not closed on Sundays [1].", "negation"),
        ("Visitors need a badge [2].", "negation"),
        ("Guests sleep on the roof of the library [1].", "meaning"),
        ("Badges are issued by the security office [1].", "meaning"),
        ("The moon is made of cheese.", "cites_nothing"),
    ],
)
def test_what_is_not_is_marked(answer: str, reason: str, minilm_encoder: Encoder) -> None:
    """A number, a name or a negation that differs, another matter, the wrong passage, no passage."""
    assert [reason] == reasons(answer, minilm_encoder)


def test_places_are_those_of_the_answer(minilm_encoder: Encoder) -> None:
    """The marked part is the sentence, with what is counted beside it."""
    answer = "🍲 Lunch is served at noon [1]. The moon is made of cheese.\n\n- Badges cost 99 euros [2]."

    checked = check(answer, HITS, encoder=minilm_encoder)

    assert 3 == checked.statements
    assert [answer[each.start : each.end] for each in checked.unsupported] == [
        "The moon is made of cheese.",
        "Badges cost 99 euros [2].",
    ]
    assert all(each.text == answer[each.start : each.end] for each in checked.unsupported)


def test_the_end_of_a_cut_answer_is_not_judged(minilm_encoder: Encoder) -> None:
    """It may have been about to cite."""
    answer = "Lunch is served at noon [1]. The badges of the house are"

    assert 1 == check(answer, HITS, encoder=minilm_encoder, cut=True).statements
    assert 2 == check(answer, HITS, encoder=minilm_encoder).statements


def test_languages_are_told_apart() -> None:
    """By their commonest words, or their script; where neither tells, nothing is said."""
    assert "english" == language("The cafeteria is closed on Sundays.")
    assert "german" == language("Die Kantine ist am Sonntag geschlossen und auch an Feiertagen.")
    assert "russian" == language("Столовая не работает в воскресенье и по праздникам.")
    assert language("食堂周日关闭。").startswith("script")
    assert "" == language("Noon.")


def test_ten_sentences_are_checked_in_time(minilm_encoder: Encoder) -> None:
    """Whether they are borne out or not; the limit here allows for a busy machine."""
    answer = " ".join(f"Guests of kind {word} sleep on the roof of the library [1]." for word in "abcdefghij")
    evidence = read_evidence("Where do guests sleep?", HITS, encoder=minilm_encoder)
    check(answer, HITS, encoder=minilm_encoder, evidence=evidence)

    began = time.perf_counter()
    check(answer, HITS, encoder=minilm_encoder, evidence=evidence)

    assert time.perf_counter() - began < 0.5


def test_no_input_makes_it_slow(minilm_encoder: Encoder) -> None:
    """Long answers and long passages are looked at as far as the bounds go."""
    hits = [hit(1, "Lunch is at noon. " * 5_000, "")]
    for answer in ("Lunch is at noon [1]. " * 500, "a" * 20_000, "1 " * 8_000 + "[1]", "[1] " * 3_000):
        began = time.perf_counter()
        check(answer, hits, encoder=minilm_encoder)
        assert time.perf_counter() - began < 5
