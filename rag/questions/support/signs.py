"""Question and hits -> the signs of support: numbers that are larger where the hits answer. Pure; no encoder is asked.

Cosines tell what is on the same subject. The words of a question, the rare ones above all, tell whether what is asked
of it is there.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.domain import Calibration, Hit
from rag.text.forms import plain
from rag.text.overlap import content, shares, words

NAMES = ("nearest", "first", "together", "weight")
"""Names of the signs, as a calibration has them."""

_TYPED = re.compile(r"[^\W_]+(?:[-_./:+'’][^\W_]+)*")
_MOST_WORDS = 30  # of a question; a longer one says enough with them
_LIKE = 4
"""Letters that two words have to begin with alike to be forms of one: diagnosis and diagnosed."""
_LIKENESS = 0.6
"""Share of their letters from which they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """What speaks for support."""

    nearest: float  # cosine of the nearest hit
    first: float  # share of the question's words that the first hit has, by their rarity, 0 to 1
    together: float  # share that the hits have together
    weight: float  # log(1 + rarity of the words that the first hit has): how much the share rests on
    missing: tuple[str, ...] = ()  # words that no hit has, as typed, the rarest first

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers, in the order of `NAMES`."""
        return (self.nearest, self.first, self.together, self.weight)


def read_signs(
    question: str, hits: Sequence[Hit], rarity: "Rarity | None" = None, *, names: Collection[str] = ()
) -> Signs:
    """Return the signs of support of a question's hits, best first; without hits, those of nothing.

    `names` are those that the question has from the ones before it: they count as rare words.
    """
    if not hits:
        return Signs(nearest=-1.0, first=0.0, together=0.0, weight=0.0)
    known = rarity or Rarity()
    named = {stem for name in names for stem in words(name)}
    asked = sorted(content(question))[:_MOST_WORDS]
    weighs = {word: known.rare if word in named else known.of(word) for word in asked}
    total = sum(weighs.values()) or 1.0
    bags = [_bag(hit.passage.embedded_text) for hit in hits]
    held = {word: weighs[word] * _held(word, bags[0]) for word in asked}
    absent = [word for word in asked if not any(_stands(word, bag) for bag in bags)]
    return Signs(
        nearest=max(hit.score for hit in hits),
        first=sum(held.values()) / total,
        together=1 - sum(weighs[word] for word in absent) / total,
        weight=math.log1p(sum(weighs[word] for word in asked if _stands(word, bags[0]))),
        missing=_as_typed(sorted(absent, key=lambda word: -weighs[word]), question),
    )


class Rarity:
    """How rare a word is among a release's passages."""

    def __init__(self, calibration: Calibration | None = None) -> None:
        """Take it from a calibration; without one, all words are as rare."""
        self._known: Mapping[str, float] = {}
        self.rare = 1.0
        if calibration is not None:
            self._known = dict(zip(calibration.common, calibration.rarity, strict=True))
            self.rare = calibration.rare

    def of(self, word: str) -> float:
        """Return a word's rarity."""
        return self._known.get(word, self.rare)


@lru_cache(maxsize=512)
def _bag(text: str) -> frozenset[str]:
    """Return a passage's words; some passages are found for many questions."""
    return frozenset(words(text))


def _stands(word: str, bag: Collection[str]) -> bool:
    """Tell whether the words have it; a Chinese character alone stands in pairs of them."""
    return word in bag or (len(word) == 1 and shares((word,), (bag,))[0] > 0)


def _held(word: str, bag: Collection[str]) -> float:
    """Return 1 where the words have it, less where they have another form of it, else 0."""
    if _stands(word, bag):
        return 1.0
    if len(word) < _LIKE or not word.isalpha():
        return 0.0
    best = max((_alike(word, other) for other in bag if other[:_LIKE] == word[:_LIKE]), default=0.0)
    return best if best >= _LIKENESS else 0.0


def _alike(one: str, other: str) -> float:
    """Return the share of two words' letters that they begin with alike."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return 2 * (min(len(one), len(other)) if same is None else same) / (len(one) + len(other))


def _as_typed(stems: Sequence[str], question: str) -> tuple[str, ...]:
    typed = {stem: each for each in _TYPED.findall(plain(question)) for stem in words(each)}
    return tuple(dict.fromkeys(typed.get(stem, stem) for stem in stems))
