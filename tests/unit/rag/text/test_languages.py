"""A text's language is told by its script and its commonest words, and left open where they say nothing."""

import time

import pytest
from doubles.asked_in_languages import ASKED, ENGLISH, lines

from rag.text.languages import OTHER, guess, language_of, spoken


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Missä on tulostin ja mitä se maksaa?", "finnish"),
        ("Gdzie jest najbliższa drukarka?", "polish"),
        ("Hol van a legközelebbi nyomtató?", "hungarian"),
        ("En yakın yazıcı nerede ve ne zaman açık?", "turkish"),
        ("Máy in gần nhất ở đâu?", "vietnamese"),
        ("Wo steht der nächste Drucker?", "german"),
        ("怎么修改VPN密码？", "chinese"),
        ("印刷機はどこですか？", "japanese"),
        ("프린터는 어디에 있나요?", "korean"),
        ("Где ближайший принтер?", "russian"),
        ("Де найближчий принтер і як його знайти?", "ukrainian"),
        ("چاپگر کجاست؟", "persian"),
        ("አታሚው የት ነው?", OTHER),
        ("Where is the nearest printer?", "english"),
        ("Where is the Rue de la Paix showroom?", "english"),
    ],
)
def test_languages_are_told(text: str, language: str) -> None:
    """By script, letters or words."""
    assert language == language_of(text)


@pytest.mark.parametrize(
    "text",
    ["", "E-1042", "VPN", "hydroxychloroquine", "Przybyszewski", "404", "https://a.example/b?c=d", "!?"],
)
def test_what_is_of_no_language_stays_open(text: str) -> None:
    """Names, codes, abbreviations and addresses say nothing of a language."""
    assert language_of(text) == ""


@pytest.mark.parametrize(
    ("text", "language", "strange"),
    [
        ("gdzie drukarka", "polish", ["drukarka"]),
        ("Kto wymienia zepsuty laptop?", "polish", ["wymienia", "zepsuty", "laptop"]),
        ("Wie?", "german", []),
        ("pro rata leave", "czech", ["rata", "leave"]),
        ("El Paso?", "", []),
        ("Los Angeles", "", []),
        ("when lunch", "", ["lunch"]),
        ("reset password", "", ["reset", "password"]),
    ],
)
def test_one_word_is_a_guess(text: str, language: str, strange: list[str]) -> None:
    """Which stands or falls with the words beside it."""
    guessed, others = guess(text)

    assert (guessed, language_of(text)) == (language, "") or guessed == language == ""
    if guessed:
        assert others == strange


def test_english_is_taken_for_nothing_else() -> None:
    """Whatever names, codes, typos and abbreviations stand in it."""
    assert {"english", ""} >= {language_of(question) for question in lines(ENGLISH)}


def test_accents_may_be_left_out() -> None:
    """As people type."""
    assert language_of("Gdzie moge znalezc drukarke, a kto ja ma?") == "polish"
    assert language_of("Donde esta la impresora mas cercana?") == "spanish"


def test_words_of_a_text_have_no_codes_among_them() -> None:
    """What is typed exactly is of no language."""
    assert spoken("What does E-1042 mean in /etc/nginx.conf of the VPN?") == [
        "What",
        "does",
        "mean",
        "in",
        "of",
        "the",
    ]


def test_no_text_keeps_the_service_busy() -> None:
    """However long and odd."""
    began = time.process_time()
    for text in (
        "a-" * 4_000,
        "é" * 8_000,
        "1.2/" * 4_000,
        "x" * 8_000,
        " ".join(ASKED["finnish"].split()) * 9,
    ):
        language_of(text)

    assert time.process_time() - began < 0.5
