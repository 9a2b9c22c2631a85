"""Two texts -> whether they are one but for what does not matter: a date line, spelling, a few words of many.

What matters is never overlooked: numbers, codes, names, negations, opposites. Two rows of a price list, or two versions
of a rule, are two texts however much of them is the same.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from rag.text.expected import NUMBERS, TIMES
from rag.text.forms import plain
from rag.text.sparse import UNSPACED
from rag.text.stop_words import stop_words

_FEWEST = 8  # words of a text that can be the same as another one but for a few
_MANY = 25  # words from which on a word of the matter may differ
_DIFFERENT = 0.1  # share of the words of the longer text that may differ then
_CONTAINED = 0.5  # share of a text that is so much of it that it is a copy
_MOST_CHARACTERS = 20_000

_TOKEN = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+(?:['-][^\W_{UNSPACED}]+)*")
_DATING = """
last updated update modified changed edited published posted printed created retrieved accessed date on as of at the
by page from stand vom zuletzt aktualisiert geändert veröffentlicht gedruckt datum am um uhr seite mis à jour le
publié modifié imprimé de actualizado publicado modificado el fecha página aggiornato il pubblicato data bijgewerkt
op обновлено опубликовано изменено дата от г utc gmt cet edt est pm st nd rd th
"""
_STAMP = frozenset(_DATING.split())
_SHORT_LINE = 60  # characters of a date line
_NEGATIONS = """
no not none never neither nor without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't
shouldn't mustn't nothing nobody except unless un non kein keine keinen keiner keines nicht nie niemals ohne weder
außer ne pas jamais sans aucun sauf nunca sin ningún ninguna mai senza nessun niet geen nooit zonder не нет ни
никогда без
"""
_OPPOSITES = """
allowed forbidden permitted prohibited required optional mandatory voluntary open closed off out before after above
below over under more less most least minimum maximum min max first last all some any every each only also always
sometimes old new former current previous next early late left right true false yes included excluded including
excluding enabled disabled granted denied accepted rejected approved refused free paid public private internal
external buy sell increase decrease increased decreased higher lower with must may should daily weekly monthly
yearly annually quarterly day days week weeks month months year years hour hours minute minutes erlaubt verboten
offen geschlossen vor nach mehr weniger mindestens höchstens muss darf alle einige nur immer alt neu mit autorisé
interdit ouvert fermé avant après plus moins permitido prohibido abierto cerrado antes después más menos
"""
_MATTERS = NUMBERS | TIMES | frozenset(_NEGATIONS.split()) | frozenset(_OPPOSITES.split())
_COMMON = (
    frozenset().union(*map(stop_words, ("english", "german", "french", "spanish", "russian"))) - _MATTERS
)


@dataclass(frozen=True)
class Wording:
    """A text's words, in order, without lines that only say when it was written."""

    text: str

    @cached_property
    def tokens(self) -> list[str]:
        """Words as they are written; of scripts without blanks, characters."""
        lines = plain(self.text[:_MOST_CHARACTERS]).split("\n")
        return _TOKEN.findall("\n".join(line for line in lines if not _is_stamp(line)))

    @cached_property
    def bag(self) -> Counter[str]:
        """How often each word stands there, whatever its case."""
        return Counter(each.casefold() for each in self.tokens)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Each of its words once."""
        return frozenset(self.bag)

    @cached_property
    def names(self) -> frozenset[str]:
        """What it has with a capital letter, small."""
        return frozenset(each.casefold() for each in self.tokens if each[0].isupper())

    @cached_property
    def line(self) -> str:
        """All words, whatever their case, a blank before and after each."""
        return f" {' '.join(each.casefold() for each in self.tokens)} "

    def holds(self, other: "Wording") -> bool:
        """Tell whether the other text is in this one word for word, and is much of it."""
        long, short = len(self.tokens), len(other.tokens)
        return _FEWEST <= short <= long and short >= _CONTAINED * long and other.line in self.line

    def differs_little(self, other: "Wording") -> bool:
        """Tell whether nothing that matters differs, and few other words do."""
        longer = max(len(self.tokens), len(other.tokens))
        # What all pairs are asked costs little.
        if len(self.kinds ^ other.kinds) > 2 * max(_DIFFERENT * longer, 1):
            return False
        if min(len(self.tokens), len(other.tokens)) < max(_FEWEST, (1 - _DIFFERENT) * longer):
            return False
        mine, theirs = self.bag - other.bag, other.bag - self.bag
        if max(mine.total(), theirs.total()) > max(_DIFFERENT * longer, 1):
            return False
        names = self.names | other.names
        different = set(mine) | set(theirs)
        if not different:
            return self.line == other.line  # not the same words in another order
        if any(
            each in _MATTERS
            or each in names
            or any(map(str.isdecimal, each))
            or not each[0].isalpha()
            or _wide(each)
            for each in different
        ):
            return False
        spoken = [sorted(each for each in words if each not in _COMMON) for words in (mine, theirs)]
        return longer >= _MANY or _same_spelling(*spoken)


def _is_stamp(line: str) -> bool:
    """Tell whether a line says no more than when something was written."""
    if len(line) > _SHORT_LINE or not any(map(str.isdecimal, line)):
        return False
    words = [each.casefold() for each in _TOKEN.findall(line)]
    # A number alone may be a price, and an amount has its sign.
    return (
        len(words) > 1
        and all(each in _STAMP or each in TIMES or each.isdecimal() for each in words)
        and not any(unicodedata.category(char) == "Sc" for char in line)
    )


def _same_spelling(mine: list[str], theirs: list[str]) -> bool:
    """Tell whether words are the same but for how they are spelt: colour and color."""
    return len(mine) == len(theirs) and all(
        len(one) > 4 and len(other) > 4 and one[:3] == other[:3] and _near(one, other)
        for one, other in zip(mine, theirs, strict=True)
    )


def _near(one: str, other: str) -> bool:
    """Tell whether one letter more, less or other makes one word the other."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    return one[at + (len(one) == len(other)) :] == other[at + 1 :]


def _wide(word: str) -> bool:
    return len(word) == 1 and word > "\u0dff"
