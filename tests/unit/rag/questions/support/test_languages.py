"""Questions in a language that the encoder does not know are told apart, by what the encoder itself makes of it."""

import time
from collections.abc import Sequence

import numpy as np
import pytest
from doubles.asked_in_languages import ASKED, ENGLISH, UNLISTED, lines

from rag.ports import Encoder, Vectors
from rag.questions.support.languages import is_language_unknown, knows
from rag.questions.support.translations import ENGLISH as SENTENCES
from rag.questions.support.translations import translations


class Reads(Encoder):
    """Takes sentences in the languages it knows for their English; of all others it sees the letters."""

    digest = passages_digest = "e" * 64
    dimension = 64

    def __init__(self, *known: str, pieces: dict[str, float] | None = None) -> None:
        self._meaning = {text: i for i, text in enumerate(SENTENCES)}
        for language in known:
            self._meaning |= {text: i for i, text in enumerate(translations()[language])}
        self._pieces = pieces or {}  # of a letter, by the first letter's script

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            if text in self._meaning:
                row[self._meaning[text]] = 1
            else:
                for at, letter in enumerate(text):
                    row[5 + (ord(letter) * 7 + at) % 59] += 1
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    encode_passages = encode_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count as a tokenizer made for English would, or as told for a language."""
        sentences = {text: name for name, given in translations().items() for text in given}
        return [
            round(
                len(text) * self._pieces.get(sentences.get(text, ""), 0.5 if text not in SENTENCES else 0.25)
            )
            for text in texts
        ]


@pytest.fixture(params=["static", "minilm"])
def english_encoder(request: pytest.FixtureRequest) -> Encoder:
    """The real encoders, which were trained on English."""
    encoder: Encoder = request.getfixturevalue(f"{request.param}_encoder")
    return encoder


@pytest.mark.parametrize("language", ASKED)
def test_an_english_encoder_knows_no_other_language(language: str, static_encoder: Encoder) -> None:
    """At least 18 of 20 questions as people ask them at work, very short ones among them, are told."""
    told = [question for question in lines(ASKED[language]) if is_language_unknown(question, static_encoder)]

    assert len(told) >= 18


def test_both_english_encoders_know_english_alone(english_encoder: Encoder) -> None:
    """No language that there are sentences for is known by chance or by cognates."""
    assert [] == [language for language in translations() if knows(english_encoder, language)]


@pytest.mark.parametrize("language", UNLISTED)
def test_languages_without_a_list_are_told_by_how_they_are_spelt(
    language: str, static_encoder: Encoder
) -> None:
    """The tokenizer cuts their small words into many pieces, or does not see their letters at all."""
    told = [q for q in lines(UNLISTED[language]) if is_language_unknown(q, static_encoder)]

    assert len(told) >= 4


def test_english_is_known_whatever_stands_in_it(static_encoder: Encoder) -> None:
    """Names, codes, typos, abbreviations, program text and terms of medicine are no other language."""
    assert [] == [question for question in lines(ENGLISH) if is_language_unknown(question, static_encoder)]


@pytest.mark.parametrize(
    "question",
    [
        "a la carte menu",
        "pro rata leave",
        "de facto standard",
        "en route expenses",
        "Los Angeles office parking",
        "El Niño forecast",
        "El Paso?",
        "Le Monde subscription",
        "São Paulo office address",
        "angiotensin receptor blockers?",
        "polychlorinated biphenyls soil contamination?",
        "What is a Konzernbetriebsrat?",
        "Mittagessen prices",
        "r u open 2day",
    ],
)
def test_borrowed_words_and_names_of_places_are_english(question: str, static_encoder: Encoder) -> None:
    """One foreign word among English ones, or none but terms, is no other language."""
    assert not is_language_unknown(question, static_encoder)


@pytest.mark.parametrize(
    "question",
    ["gdzie drukarka", "Kto wymienia zepsuty laptop?", "VPN ei toimi", "Wie?", "Jak zresetować hasło?"],
)
def test_short_questions_are_told_by_one_word(question: str, static_encoder: Encoder) -> None:
    """Where the words beside it look foreign to the tokenizer, or there are none."""
    assert is_language_unknown(question, static_encoder)


def test_a_multilingual_encoder_is_asked_what_it_knows() -> None:
    """The same question is known to an encoder that takes translations for the same, and not to another."""
    question = "Missä on lähin tulostin ja mitä se maksaa?"

    assert is_language_unknown(question, Reads())
    assert not is_language_unknown(question, Reads("finnish"))
    assert is_language_unknown(question, Reads("polish", "german"))


def test_languages_that_no_list_has_are_trusted_to_a_multilingual_encoder() -> None:
    """Who knows Finnish, Turkish or Polish is not suspected of knowing only what can be named here."""
    question = "Ubani oshintsha ikhompyutha ephukile?"

    assert is_language_unknown(question, Reads())
    assert not is_language_unknown(question, Reads("finnish", "turkish", "polish"))


def test_an_encoder_of_one_other_language_is_told_by_its_tokenizer() -> None:
    """It takes no translations for the same, but needs fewer pieces for its own language than for English."""
    question = "Wo steht der nächste Drucker?"

    assert not is_language_unknown(question, Reads(pieces={"german": 0.15}))
    assert is_language_unknown("Où se trouve l'imprimante ?", Reads(pieces={"german": 0.15}))


def test_an_encoder_is_asked_once(static_encoder: Encoder) -> None:
    """A question costs microseconds once its language was asked about."""
    question = "Missä on lähin tulostin?"
    is_language_unknown(question, static_encoder)

    began = time.perf_counter()
    for _ in range(100):
        is_language_unknown(question, static_encoder)
    assert (time.perf_counter() - began) / 100 < 0.005


@pytest.mark.parametrize("text", ["", " ", "?", "42", "🙂", "\u0300" * 50, "ᚠᚢᚦ"])
def test_odd_texts_are_no_error(text: str, static_encoder: Encoder) -> None:
    """Whatever people send."""
    is_language_unknown(text, static_encoder)
