"""What two texts share in words, in whatever script: how well a sentence answers where vectors say little."""

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache

from rag.text.forms import plain
from rag.text.sparse import MARKS, UNSPACED, Stemmer, stemmer
from rag.text.stop_words import stop_words

_MOST_CHARACTERS = 4_000
_LETTER = rf"[^\W_{UNSPACED}]"
_PIECE = re.compile(rf"(?P<run>[{UNSPACED}]+)|(?:{_LETTER}[{MARKS}]*)+(?:['-](?:{_LETTER}[{MARKS}]*)+)*")
_ACCENT = re.compile("[\u0300-\u036f\u064b-\u065f\u0670]")
_CLITIC = re.compile(r"'(?:s|t|d|m|ll|re|ve)$")
# Chinese and Japanese words that ask and say nothing of the matter.
_ASKING = re.compile(
    "什么|甚么|多少|多久|怎么样?|怎样|如何|哪里|哪儿|哪个|哪些|谁|为什么|是否|可以|能不能|可不可以|有没有|请问|几"
    "|何|いくつ|いくら|どこ|どの|どう|どれ|いつ|誰|なぜ|ですか|ますか|ください|กี่|อะไร|ที่ไหน|เมื่อไร|อย่างไร|ไหม"
)
# Words of other languages that do no more; those that English has in another sense are left out.
_QUESTION_WORDS = """
wann warum wieso weshalb wohin woher wen wem wessen wieviel wieviele quand pourquoi combien cuánto cuánta
cuántos cuántas quando perché quanto quanta quanti quante quantos quantas onde quem wanneer waar waarom hoeveel
mikä mitä missä mistä mihin milloin kuka kenen kuinka miten miksi paljonko montako när vem hur varför når hvor hvem hva
hvad hvordan hvorfor hvornår kiedy gdzie kto dlaczego kdy kde kdo proč kolik zaman nerede nasıl kaç
сколько почему зачем куда откуда коли скільки πότε ποιος πόσο πόσες متى كم كيف أين ماذا لماذا कब कहाँ कौन कितने
"""
_STEMMERS = (
    (re.compile("[a-zß-ÿ]"), "english"),
    (re.compile("[\u0400-\u04ff]"), "russian"),
    (re.compile("[\u0370-\u03ff]"), "greek"),
    (re.compile("[\u0600-\u06ff]"), "arabic"),
    (re.compile("[\u0900-\u097f]"), "hindi"),
    (re.compile("[\u0530-\u058f]"), "armenian"),
)
_STOP: frozenset[str] = frozenset().union(
    *map(stop_words, ("english", "german", "french", "spanish", "russian")), _QUESTION_WORDS.split()
)
_stemming = threading.Lock()  # a stemmer keeps the word it works on


def words(text: str) -> Counter[str]:
    """Return the words of a text, stemmed by their script, and how often each stands there.

    A run of Chinese, Japanese or Thai gives its pairs of neighbouring characters, and one that stands alone itself.
    """
    return Counter(word for word, _ in _words(text))


def content(text: str) -> set[str]:
    """Return the words of a text that carry its topic, as `words` has them; all of them where none does."""
    found = list(_words(text))
    return {word for word, common in found if not common} or {word for word, _ in found}


def shares(asked: Collection[str], bags: Sequence[Collection[str]]) -> list[float]:
    """Return for each bag of words the share of the words asked for that it has, 0 to 1, rare words weighing more.

    What a word weighs is told by `weights`.
    """
    if not asked:
        return [0.0] * len(bags)
    weight = weights(asked, bags)
    total = sum(weight.values())
    return [sum(weight[word] for word in asked if _has(bag, word)) / total for bag in bags]


def weights(asked: Collection[str], bags: Sequence[Collection[str]]) -> dict[str, float]:
    """Return what each word asked for weighs among bags of words.

    It is ``log(1 + (n + 0.5) / (n_word + 0.5))`` with n the number of bags and n_word of those that have the word
    (Spärck Jones's IDF, 1972, over these bags alone).
    """
    seen = {word: sum(_has(bag, word) for bag in bags) for word in asked}
    return {word: math.log(1 + (len(bags) + 0.5) / (seen[word] + 0.5)) for word in asked}


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each word, and whether it is a common one."""
    for piece in _PIECE.finditer(plain(text[:_MOST_CHARACTERS]).casefold()):
        word = piece.group()
        if piece["run"]:
            for part in _ASKING.sub(" ", word).split():
                for at in range(max(len(part) - 1, 1)):
                    yield part[at : at + 2], False
        else:
            word = _CLITIC.sub("", word) if "'" in word else word
            yield _stem(word), word in _STOP


def _has(bag: Collection[str], word: str) -> bool:
    return word in bag or (
        len(word) == 1 and word > "\u0dff" and any(word in pair for pair in bag if len(pair) == 2)
    )


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    for script, language in _STEMMERS:
        if script.match(word):
            with _stemming:
                word = _stemmer(language).stemWord(word)
            break
    return word if word.isascii() else _ACCENT.sub("", unicodedata.normalize("NFD", word))


@cache
def _stemmer(language: str) -> Stemmer:
    made = stemmer(language)
    assert made is not None  # noqa: S101  # these languages have one
    return made
