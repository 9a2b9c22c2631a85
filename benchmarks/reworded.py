"""Sentences that a passage bears out, and sentences that it does not, made of real passages without a language model.

Borne out are a passage's own sentences and rewordings of them. Not borne out are sentences of the passage that is most
like it, and its own with a number, a name or a negation changed.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text.overlap import content, words
from rag.text.quotes import quotes

SUPPORTED = ("its own", "reworded", "two in one")
UNSUPPORTED = ("of another passage", "number changed", "name changed", "negated")

_PAIRS = """
need:require require:need get:obtain obtain:receive begin:start start:begin help:assist may:might can:could
people:individuals important:essential usually:typically often:frequently children:kids child:kid
doctor:physician doctors:physicians about:around because:since also:additionally many:numerous
sometimes:occasionally however:but often:commonly provide:offer offer:provide ensure:guarantee
symptoms:signs treatment:therapy treatments:therapies cause:produce causes:produces caused:produced
disease:illness affects:influences include:comprise includes:comprises including:such_as contact:reach
information:details should:ought_to must:have_to apply:submit_an_application currently:at_present during:in
additional:further available:accessible receive:get large:big small:little show:demonstrate
shows:demonstrates found:discovered called:known_as if:in_case when:once before:prior_to after:following
increase:raise reduce:lower allow:permit allowed:permitted work:operate business:company
"""
_SYNONYMS = dict(each.split(":") for each in _PAIRS.split())
_NUMBER = re.compile(r"(?<![\w.,])\d{1,4}(?![\w.,]?\d)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}(?![\w-])")
_VERB = re.compile(r"\b(is|are|was|were|can|may|will|should|must|has been|have been)\b(?! not\b|n't)")
_DENIED = re.compile(r"\b(is|are|was|were|can|may|will|should|must|do|does|did) not\b")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sentence that claims to rest on a passage."""

    kind: str
    sentence: str
    passage: int  # in the corpus
    supported: bool


def examples(passages: Sequence[str], of: Sequence[int], *, seed: int) -> Iterator[Example]:
    """Yield examples of every kind for the passages at `of`, at most one of each kind a passage."""
    chance = random.Random(seed)
    bags = [content(text) for text in passages]
    names = sorted({name for at in of for name in _NAME.findall(passages[at])})
    for at in of:
        own = _sentences(passages[at])
        if not own:
            continue
        sentence = chance.choice(own)

        made = [("its own", sentence), ("reworded", reworded(chance.choice(own), chance))]
        if len(own) > 1:
            first = chance.randrange(len(own) - 1)
            one, two = own[first], own[first + 1]
            made.append(("two in one", f"{one.rstrip('.')}, and {two[:1].lower()}{two[1:]}"))
        other = nearest(at, bags)
        foreign = [each for each in _sentences(passages[other]) if not content(each) <= bags[at]]
        if foreign:
            made.append(("of another passage", chance.choice(foreign)))
        made += _changed(own, passages[at], names, chance)
        for kind, text in made:
            yield Example(kind=kind, sentence=text, passage=at, supported=kind in SUPPORTED)


def _changed(
    own: Sequence[str], passage: str, names: Sequence[str], chance: random.Random
) -> Iterator[tuple[str, str]]:
    numbered = [each for each in own if _NUMBER.search(each)]
    if numbered:
        sentence = chance.choice(numbered)
        old = chance.choice(_NUMBER.findall(sentence))
        new = next(
            str(n) for n in iter(lambda: int(old) + chance.randint(1, 9), None) if str(n) not in passage
        )
        yield "number changed", re.sub(rf"(?<![\w.,]){old}(?!\w)", new, sentence, count=1)
    named = [each for each in own if _NAME.search(each)]
    if named:
        sentence = chance.choice(named)
        old = chance.choice(_NAME.findall(sentence))
        others = [name for name in names if name.lower() not in passage.lower()]
        if others:
            yield "name changed", re.sub(rf"\b{old}\b", chance.choice(others), sentence)
    denied = [each for each in own if _DENIED.search(each)]
    stated = [each for each in own if _VERB.search(each) and not re.search(r"\bnot?\b|n't", each)]
    if denied and chance.random() < 0.5:
        yield "negated", _DENIED.sub(r"\1", chance.choice(denied), count=1)
    elif stated:
        yield "negated", _VERB.sub(r"\1 not", chance.choice(stated), count=1)


def reworded(sentence: str, chance: random.Random) -> str:
    """Return a sentence in other words: synonyms, some words left out, its halves exchanged."""
    halves = sentence.rstrip(".").split(", ", 1)
    if len(halves) == 2 and min(len(half.split()) for half in halves) > 3 and chance.random() < 0.6:
        sentence = f"{halves[1][:1].upper()}{halves[1][1:]}, {halves[0][:1].lower()}{halves[0][1:]}."
    kept = []
    for word in sentence.split():
        bare = re.sub(r"\W", "", word).lower()
        if bare in _SYNONYMS and chance.random() < 0.9:
            kept.append(word.lower().replace(bare, _SYNONYMS[bare].replace("_", " ")))
        elif not (bare.isalpha() and bare not in ("not", "no") and chance.random() < 0.12):
            kept.append(word)
    return " ".join(kept)


def _sentences(text: str) -> list[str]:
    return [
        each.text
        for each in quotes(text)
        if 6 <= len(each.text.split()) <= 45
        and each.text.rstrip().endswith((".", "!"))
        and len(words(each.text)) > 5
    ]


def nearest(at: int, bags: Sequence[set[str]]) -> int:
    """Return the passage with most words in common that is no near copy."""
    shares = [len(bags[at] & bag) / (len(bags[at] | bag) or 1) for bag in bags]
    return max((i for i in range(len(bags)) if i != at and shares[i] < 0.5), key=lambda i: shares[i])
