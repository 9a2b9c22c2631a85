"""Text -> weighted words: BM25 as a dot product of two sparse vectors.

BM25 of a question and a passage is a sum over their common words of IDF(word) times a weight of the word in the
passage (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, equation 3.15). The
weight needs the passage alone, once the length of an ordinary passage is given, and is computed here; the IDF changes
with every passage written and is left to the index.
"""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import snowballstemmer

from rag.domain import Retrieval
from rag.errors import SettingInvalid
from rag.text.forms import plain
from rag.text.stop_words import stop_words

NO_LANGUAGE = "none"
"""Name of the language whose words are neither stemmed nor left out."""

_MOST_CHARACTERS = 200_000  # of a passage or a question; what comes after is not looked at
_MOST_ASKED = 256  # distinct words of a question that count: the first ones
_LONGEST_WORD = 64  # characters; what is longer is no word, and only its beginning counts
_REMEMBERED = 200_000  # words whose term is kept, so that each is stemmed once

MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903"
    "\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a4d\u0a81-\u0a83"
    "\u0abc-\u0acd\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c4d\u0c81-\u0c83\u0cbc-\u0ccd\u0d00-\u0d03\u0d3b-\u0d4d"
)
"""Marks that sit on letters: they belong to the word, though they are no letters themselves."""
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts that are written without blanks, or with words so long that parts of them are asked for."""
_LETTER = rf"[^\W_{UNSPACED}]"
_WORD = rf"{_LETTER}+(?:[{MARKS}]+{_LETTER}*)*"
_PIECE = re.compile(
    rf"(?P<run>[{UNSPACED}]+)|{_WORD}(?P<more>(?:[.\-_/:@+#]{{1,2}}{_WORD})+(?:\+\+|#)?|\+\+|#)?"
)
_PART = re.compile(_WORD)
# Shapes an Indic letter, and parts no word; in Persian a joiner stands where others write a blank.
_INDIC_JOINER = re.compile("(?<=[\u0900-\u0dff])[\u200c\u200d]")
_ACCENT = re.compile("[\u0300-\u036f\u064b-\u065f\u0670]")
_ENGLISH_CLITIC = re.compile(r"(?<=\w)['’](?:s|t|d|m|ll|re|ve)\b")


class Stemmer(Protocol):
    """What brings a word to its stem."""

    def stemWord(self, word: str) -> str:  # noqa: N802 the library's name
        """Return a word's stem."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A sparse vector: distinct indices below 2**32, ascending, and as many values."""

    indices: list[int]
    values: list[float]

    def __bool__(self) -> bool:
        return bool(self.indices)


class Words:
    """Weighs the words of passages and questions as one release says. May be shared by threads."""

    def __init__(self, retrieval: Retrieval) -> None:
        """Take language and BM25's constants from `retrieval`.

        Raises:
            SettingInvalid: there is no stemmer for the language.
        """
        self._k1 = retrieval.bm25_k1
        self._b = retrieval.bm25_b
        self._length = retrieval.bm25_length
        self._english = retrieval.language == "english"
        self._stop = stop_words(retrieval.language)
        self._stemmer = stemmer(retrieval.language)
        self._stemming = threading.Lock()  # a stemmer keeps the word it works on
        self._terms: dict[str, int | None] = {}

    def passage(self, text: str) -> Weighted:
        """Weigh a passage's words: ``tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / ordinary length))``.

        The length is the number of words that count, stop words and the compounds that are kept beside their parts
        left out. Of a text above 200,000 characters only the beginning counts.
        """
        counts: Counter[int] = Counter()
        length = 0
        for word, is_compound in self._words(text):
            term = self._term(word)
            if term is not None:
                counts[term] += 1
                length += not is_compound
        norm = self._k1 * (1 - self._b + self._b * length / self._length)
        indices = sorted(counts)
        return Weighted(indices, [counts[i] * (self._k1 + 1) / (counts[i] + norm) for i in indices])

    def question(self, text: str) -> Weighted:
        """Weigh a question's words: 1 each, however often it is said; the first 256 of them."""
        asked: set[int] = set()
        for word, _ in self._words(text):
            term = self._term(word)
            if term is not None:
                asked.add(term)
                if len(asked) == _MOST_ASKED:
                    break
        indices = sorted(asked)
        return Weighted(indices, [1.0] * len(indices))

    def _words(self, text: str) -> Iterator[tuple[str, bool]]:
        text = _INDIC_JOINER.sub("", plain(text[:_MOST_CHARACTERS])).casefold()
        # Cut off here, so that the d of vitamin D is a word and the d of he'd is none.
        return _words(_ENGLISH_CLITIC.sub("", text) if self._english else text)

    def _term(self, word: str) -> int | None:
        """Return the index a word stands for, the same in every process; None for a stop word."""
        try:
            return self._terms[word]
        except KeyError:
            pass
        term = None if word in self._stop else _index(self._stem(word))
        if len(self._terms) >= _REMEMBERED:
            self._terms.clear()
        self._terms[word] = term
        return term

    def _stem(self, word: str) -> str:
        if self._stemmer is not None and word.isalpha():
            with self._stemming:
                word = self._stemmer.stemWord(word)
        # Who asks often leaves the accents out. The stemmer needed them.
        return word if word.isascii() else _ACCENT.sub("", unicodedata.normalize("NFD", word))


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words in their order, and whether each is a compound whose parts are given too.

    ``os.path`` gives os, path and os.path, ``C++`` c and c++. A run of Chinese, Japanese, Korean or Thai gives its
    pairs of neighbouring characters.
    """
    for found in _PIECE.finditer(text):
        piece, kind = found.group(), found.lastgroup
        if kind is None:
            yield piece[:_LONGEST_WORD], False
        elif kind == "run":
            for start in range(max(len(piece) - 1, 1)):
                yield piece[start : start + 2], False
        else:
            for part in _PART.findall(piece):
                yield part[:_LONGEST_WORD], False
            yield piece[:_LONGEST_WORD], True


def _index(term: str) -> int:
    return int.from_bytes(blake2b(term.encode(errors="replace"), digest_size=4).digest(), "big")


def stemmer(language: str) -> "Stemmer | None":
    """Return a language's stemmer, for one thread at a time; None for `NO_LANGUAGE`.

    Raises:
        SettingInvalid: there is none for the language.
    """
    if language == NO_LANGUAGE:
        return None
    try:
        made: Stemmer = snowballstemmer.stemmer(language)
    except KeyError:
        known = ", ".join([*snowballstemmer.algorithms(), NO_LANGUAGE])
        raise SettingInvalid(
            f"There is no stemmer for the language {language!r}; known are: {known}."
        ) from None
    return made
