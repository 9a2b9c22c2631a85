"""Does the encoder know the language that a question is in? The encoder is asked, not a list.

It knows a language if it takes sentences and their translations into English for the same: of five each finds its own
among the five. So it is with multilingual encoders, and only with the languages that they learned. An encoder of one
other language is told by its tokenizer, which needs fewer pieces for that language than for English.
"""

import threading
from weakref import WeakKeyDictionary

import numpy as np

from rag.ports import Encoder
from rag.questions.support.translations import ENGLISH, translations
from rag.text.forms import plain
from rag.text.languages import OTHER, guess, is_english_word, language_of, spoken

_AGREEING = 8
"""Of ten sentences, five a language, those that find their translation: two by chance, with cognates up to seven."""
_PIECES = 2.3
"""Tokens of a word from which on it is spelt out, averaged over at least `_ENOUGH` words; English has 1.2."""
_SEEN = 0.4
"""Tokens a letter that a text without blanks has at least where its letters are seen."""
_ENOUGH = 3
"""Words that must be there before their spelling tells a language that has no list of words here."""

_STRANGE = 1.8
"""Tokens of a word from which on it may be of the language that one word beside it is of."""
_LONG = 4  # letters of a word that a tokenizer has whole only if its language is the encoder's
_FAR = ("finnish", "turkish", "polish")
_ASKS = ("?", "？", "؟", ";")

_asking = threading.Lock()
_known: "WeakKeyDictionary[Encoder, dict[str, bool]]" = WeakKeyDictionary()


def is_language_unknown(question: str, encoder: Encoder) -> bool:
    """Tell whether a question is in a language that the encoder does not know; False where nobody can tell.

    Asked of a language for the first time, the encoder embeds ten short sentences; its answer is kept with it.
    """
    language = language_of(question) or _guess(question, encoder)
    if language == "english":
        return False
    if language in translations():
        return not knows(encoder, language)
    if language == OTHER:
        return _is_blind(question, encoder)
    # Whoever learned languages as far from English as these has learned many.
    return _is_spelt(question, encoder) and not any(knows(encoder, each) for each in _FAR)


def knows(encoder: Encoder, language: str) -> bool:
    """Tell whether the encoder knows one of the languages that there are sentences for, e.g. ``finnish``."""
    with _asking:
        answers = _known.setdefault(encoder, {})
        if language not in answers:
            answers[language] = _is_known(encoder, translations()[language])
        return answers[language]


def _is_known(encoder: Encoder, sentences: tuple[str, ...]) -> bool:
    cosines = encoder.encode_passages(sentences) @ encoder.encode_passages(ENGLISH).T
    right = np.arange(len(sentences))
    found = sum(int((np.argmax(cosines, axis=axis) == right).sum()) for axis in (0, 1))
    if found >= _AGREEING:
        return True
    pieces = sum(encoder.count_tokens(sentences))
    if pieces >= sum(encoder.count_tokens(ENGLISH)) or _is_blind(" ".join(sentences), encoder):
        return False
    # Without blanks between words, few pieces may mean that whole sentences are one unknown word.
    unspaced = sum(sentence.count(" ") for sentence in sentences) < len(sentences)
    return not unspaced or pieces >= _SEEN * sum(map(len, sentences))


def _guess(question: str, encoder: Encoder) -> str:
    """Return the language that a question has one common word of; empty where the rest looks English."""
    language, strange = guess(question)
    if language and strange and sum(encoder.count_tokens(strange)) < _STRANGE * len(strange):
        return ""
    return language


def _is_spelt(question: str, encoder: Encoder) -> bool:
    """Tell whether small words, which no name is among, are spelt out, and none of them is English.

    Terms of medicine are spelt out too: a row of key words is told by its accents alone.
    """
    words = spoken(question)
    low = [word for word in words if word.islower() and len(word) > 1]
    if len(low) < _ENOUGH or any(map(is_english_word, (words[0], *low))):
        return False
    accented = sum(not word.isascii() for word in low)
    if not question.rstrip().endswith(_ASKS) and 3 * accented < len(low):
        return False
    pieces = encoder.count_tokens(low)
    whole = sum(count == 1 and len(word) >= _LONG for word, count in zip(low, pieces, strict=True))
    return sum(pieces) >= _PIECES * len(low) and 4 * whole <= len(low)


def _is_blind(question: str, encoder: Encoder) -> bool:
    """Tell whether the encoder does not see letters at all: with others in their place, the text is the same to it."""
    words = spoken(plain(question))
    given, turned = encoder.encode_queries([" ".join(words), " ".join(word[::-1] for word in words)])
    if float(given @ turned) > 0.999:
        return True
    letters = sum(map(len, words))
    return sum(encoder.count_tokens(words)) >= 0.75 * max(letters, 1)
