"""Words that a line's end parts: joined where the hyphen is the printer's, kept where it is the word's own.

A PDF does not say which it is. The document's other lines do, for words that come again; for the rest the rules of
English, German and French print stand here, in one place.
"""

import re
from collections import Counter
from collections.abc import Iterable

HYPHENS = "-\u2010\u00ad"
"""What parts a word at a line's end: hyphen-minus, hyphen, soft hyphen. Dashes part sentences, not words."""

_WORD = re.compile(r"\w+(?:[-\u2010]\w+)*")
_LAST = re.compile(r"\w[\w\u2010-]*$")
_FIRST = re.compile(r"^\w+(?:[-\u2010]\w+)*")

_ADDRESS = re.compile(r"(?:https?://|www\.|[\w.+-]+@)\S*$")
_OF_ADDRESS = re.compile(r"[^\s/?=&_#%]*[/?=&_#%]|[^\s.]+\.(?:html?|php|aspx?|pdf)\b")
_LONGEST_ADDRESS = 300
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]"
)

_BOUND = {
    # first part of a word -> beginnings of second parts that belong to it without a hyphen
    "self": ("ish", "less", "same"),
    "non": ("sens", "chalan", "plus", "descript", "etheless", "agenar"),
    "well": ("ness", "come", "spring", "ington"),
    "quasi": (),
    "cross": ("ing", "road", "word", "over", "ed", "es", "fire", "bar"),
    "half": ("way", "penny"),
}
_BOUND_TO = {
    # first part of a word -> beginnings of second parts that stand behind its hyphen; others are syllables
    "ex": (
        "husband",
        "wife",
        "president",
        "minister",
        "partner",
        "employee",
        "member",
        "boyfriend",
        "girlfriend",
    ),
    "co": ("worker", "author", "founder", "owner", "chair", "pilot", "insur", "director", "pay", "op"),
    "vice": ("president", "chair", "chancellor", "minister"),
    "full": ("time", "text", "scale", "size"),
    "part": ("time",),
    "real": ("time", "world", "life"),
}
_ENDINGS = frozenset(
    {"term", "based", "related", "specific", "oriented", "driven", "free", "level", "wide", "like", "sized"}
    | {
        "aware",
        "friendly",
        "old",
        "range",
        "quality",
        "risk",
        "être",
        "dire",
        "même",
        "mêmes",
        "midi",
        "moi",
        "toi",
    }
)
"""Second parts that stand behind a hyphen: long-term, plant-based, peut-être."""
_SMALL = frozenset(
    {"of", "the", "to", "in", "and", "for", "by", "on", "at", "up", "de", "la", "le", "les", "du", "und", "à"}
)
"""Small words between hyphens: state-of-the-art, arc-en-ciel."""
_AND = frozenset({"und", "oder", "bzw", "and", "or", "to", "bis", "et", "ou", "sowie"})
"""What follows a word whose second half comes later: Haupt- und Nebenkosten, pre- and post-war."""


class Words:
    """The words of a document that no line's end parts: evidence for those that one does."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Count the words of `lines`, but for the first and the last of each where a hyphen ends a line."""
        self._seen: Counter[str] = Counter()
        parted = False
        for line in lines:
            words = _WORD.findall(line.casefold().replace("\u2010", "-"))
            parts = line.rstrip().endswith(tuple(HYPHENS))
            self._seen.update(words[1 if parted else 0 : -1 if parts else None])
            parted = parts

    def count(self, word: str) -> int:
        """Return how often the word was seen whole."""
        return self._seen[word.casefold().replace("\u2010", "-")]


def ends_parted(line: str) -> bool:
    """Tell whether a line ends in the first part of a word."""
    line = line.rstrip()
    return len(line) > 1 and line[-1] in HYPHENS and line[-2].isalnum()


def unspaced(letter: str) -> bool:
    """Tell whether a letter is of a script that puts no blanks between words."""
    return _UNSPACED.match(letter) is not None


def _goes_on(address: str, after: str) -> bool:
    """Tell whether an address that a line ends in goes on: what follows would be no word."""
    return address[-1] in "/?=&_#%" and _OF_ADDRESS.match(after) is not None


def joined(before: str, after: str, words: Words) -> str:
    """Return two successive lines of one paragraph as one."""
    before, after = before.rstrip(), after.lstrip()
    if _ADDRESS.search(before[-_LONGEST_ADDRESS:]) and (ends_parted(before) or _goes_on(before, after)):
        return before + after
    first = _FIRST.match(after)
    if not ends_parted(before) or first is None:
        return before + ("" if unspaced(before[-1:]) and unspaced(after[:1]) else " ") + after
    stem = _LAST.search(before[:-1])
    kept = "-" if before[-1] == "\u00ad" else before[-1]
    return (
        before[:-1] + _between(stem.group() if stem else "", first.group(), words, kept, before[-1]) + after
    )


def _between(left: str, right: str, words: Words, hyphen: str, printed: str) -> str:
    """Return what comes between the parts of a word: nothing, its hyphen, or hyphen and space."""
    if right.casefold() in _AND:
        return f"{hyphen} "
    if printed == "\u00ad":
        return ""
    capitals = len(left) > 1 and left.isupper() and right.isupper()
    if right[0].isdigit() or left[-1:].isdigit() or (right[0].isupper() and not capitals):
        return hyphen
    apart, together = words.count(f"{left}-{right}"), words.count(left + right)
    if apart != together:
        return hyphen if apart > together else ""
    return hyphen if _own(re.split("[-\u2010]", left.casefold())[-1], right.casefold(), "-" in left) else ""


def _own(left: str, right: str, compound: bool) -> bool:
    """Tell whether a hyphen between these parts is the word's own, as print has it."""
    if len(left) == 1 or right in _ENDINGS or (compound and (left in _SMALL or right in _SMALL)):
        return True
    if left in _BOUND:
        return not right.startswith(_BOUND[left])
    return left in _BOUND_TO and right.startswith(_BOUND_TO[left])
