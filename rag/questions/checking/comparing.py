"""A sentence beside the passages it cites: what it shares with them, and what refutes it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from rag.domain import Hit
from rag.questions.writing import numbers
from rag.text.forms import plain
from rag.text.overlap import content, weights, words
from rag.text.quotes import quotes
from rag.text.stop_words import stop_words

NUMBER, NAME, NEGATION = "number", "name", "negation"
_SURE = 0.8
"""Share of a sentence's weight in one place of a passage that is enough, whatever the vectors."""
_WEIGHTS = (-4.9, 3.4, 7.3)
"""Of 1, the share of words anywhere in the passages, and the best cosine: a logistic regression on dev passages of
FeedbackQA, MedQuAD and PubMedQA, with a bias that marks few sentences that are borne out."""
_WORTH_TWO = 0.1
"""Share that two sentences have more than one for both to be compared."""
_SAME, _ALIKE = 0.85, 0.6
"""Shares of a sentence's weight in a passage's sentence, with its title and the one before, and without them, from
which on a negation in one of the two alone is a contradiction."""
_LONGEST = 20_000  # characters of a passage with its neighbours
_LANGUAGES = ("english", "german", "french", "spanish", "italian", "dutch", "portuguese", "russian")
_NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|cannot|nor|neither|without|nobody|nothing|nicht|kein\w*|nie|niemals|ohne"
    r"|nichts|pas|jamais|sans"
    r"|aucune?|nunca|sin|ningun\w*|ningún|non|mai|senza|nessun\w*|niet|geen|nooit|zonder|não|sem|не|нет"
    r"|никогда|без)\b"
    r"|n't\b|\bne\s|[不没未無无]|ません|ない",
    re.IGNORECASE,
)
_CLAUSES = re.compile(
    r"[,;:()–—]|\s-\s|\b(?:but|and|while|whereas|although|unless|except|aber|und|mais|et|pero|y)\b",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\W_][\w'’-]*")
_BEGINS = re.compile(r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bProf)[.!?:;•“\"*]\s*$")
_NEAR = 0.25
"""Share of a sentence's weight that the passages have where its names are worth a look."""
_NAMED = 0.25
"""Share of capital letters within sentences above which they do not tell names: titles, and German."""


class Source:
    """What one passage says, as the language model saw it: with its title and its neighbours."""

    def __init__(self, text: str, title: str = "") -> None:
        self.text = plain(text[:_LONGEST])
        self.title = set(words(title))

    @classmethod
    def of_hit(cls, hit: Hit) -> "Source":
        """Return that of a hit."""
        around = sorted((hit.passage, *hit.neighbours), key=lambda each: each.position)
        titles = dict.fromkeys(each.title for each in around)
        # The passage comes first: what is too long is cut.
        parts = [hit.passage.text, *titles, *(each.text for each in around if each.id != hit.passage.id)]
        return cls("\n\n".join(parts), hit.passage.title)

    def has(self, sentence: str) -> bool:
        """Tell whether it has the sentence as it stands, in plain form."""
        return "".join(sentence.split()).rstrip(".") in self._squeezed

    @cached_property
    def _squeezed(self) -> str:
        return "".join(self.text.split())

    @cached_property
    def said(self) -> list[str]:
        """Its sentences and rows."""
        return [each.text for each in quotes(self.text)]

    @cached_property
    def bags(self) -> list[Counter[str]]:
        """The words of each of them."""
        return [words(each) for each in self.said]

    @cached_property
    def words(self) -> set[str]:
        """All its words."""
        return set().union(*self.bags)

    @cached_property
    def numbers(self) -> set[str]:
        """All its numbers."""
        return numbers.found(self.text)

    @cached_property
    def tokens(self) -> set[str]:
        """All its words as they are written, but for their case."""
        return {token.casefold().removesuffix("'s") for token in _TOKEN.findall(self.text)}

    @cached_property
    def language(self) -> str:
        """Its language; empty where that cannot be told."""
        return language(self.text[:2_000])

    @cached_property
    def capitals(self) -> float:
        """Share of its words within sentences that have a capital letter."""
        inner = [word for each in self.said for word in _TOKEN.findall(each)[1:] if word[0].isalpha()]
        capital = [word for word in inner if word[0].isupper()]
        return len(capital) / max(len(inner), 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A sentence beside the passages it cites."""

    text: str
    anywhere: float  # share of its weight in words that the passages have, 0 to 1
    together: float  # the same in two neighbouring sentences of one passage
    best: str  # these sentences
    fault: str  # what alone refutes it; empty: nothing does
    foreign: bool  # it is of another language than the passages, so that words tell nothing

    @property
    def sure(self) -> bool:
        """Whether no vector is needed."""
        return self.foreign or self.together >= _SURE

    def worth(self, cosine: float) -> float:
        """Return how well it is borne out; below 0: it is not. `cosine` is that of the sentence and `best`."""
        base, by_words, by_vectors = _WEIGHTS
        return base + by_words * self.anywhere + by_vectors * cosine


def compare(sentence: str, sources: Sequence[Source]) -> Compared:
    """Compare a sentence with what passages say, by words, numbers, names and negations."""
    sentence = plain(sentence)
    # Numbers are compared as numbers, whichever way they are written.
    wanted = {word for word in content(sentence) if not numbers.found(word)} or content(sentence)
    weight = weights(wanted, [bag for source in sources for bag in source.bags])
    total = sum(weight.values()) or 1.0
    known = set().union(*(source.words for source in sources))
    anywhere = sum(weight[word] for word in wanted & known) / total
    places = [(source, at) for source in sources for at in range(len(source.bags))]
    alone = [sum(weight[word] for word in wanted & source.bags[at].keys()) / total for source, at in places]
    top = max(range(len(places)), key=alone.__getitem__, default=0)
    together, best = (alone[top], places[top][0].said[places[top][1]]) if places else (0.0, "")
    for source, at in places:
        if at + 1 < len(source.bags):
            both = source.bags[at].keys() | source.bags[at + 1].keys()
            share = sum(weight[word] for word in wanted & both) / total
            if share > together + _WORTH_TWO:
                together, best = share, " ".join(source.said[at : at + 2])
    foreign = _is_foreign(sentence, sources)
    like: list[tuple[str, ...]] = []
    for (source, at), share in zip(places, alone, strict=True):
        if share < _ALIKE:
            continue
        own = source.bags[at].keys() | source.title
        before = source.bags[at - 1].keys() if at else set()
        if sum(weight[word] for word in wanted & own) / total >= _SAME:
            like.append((source.said[at],))
        elif sum(weight[word] for word in wanted & (own | before)) / total >= _SAME:
            like.append((source.said[at - 1], source.said[at]))
    fault = ""
    if any(source.has(sentence) for source in sources):
        together = 1.0
    elif not _has_numbers(sentence, sources):
        fault = NUMBER
    elif not foreign and anywhere >= _NEAR and _missing_names(sentence, sources):
        fault = NAME
    elif not foreign and _is_negated(sentence, like, wanted, weight):
        fault = NEGATION
    return Compared(
        text=sentence, anywhere=anywhere, together=together, best=best, fault=fault, foreign=foreign
    )


def _has_numbers(sentence: str, sources: Sequence[Source]) -> bool:
    """Tell whether every number that a sentence states stands in one of the passages."""
    known = set().union(*(source.numbers for source in sources))
    if numbers.is_dated(sentence):
        known |= set().union(*(numbers.months(source.text) for source in sources))
    return numbers.stated(re.sub(r"\A\W*\d{1,3}[.)]\s+", "", sentence)) <= known


def _missing_names(sentence: str, sources: Sequence[Source]) -> list[str]:
    """Return the names in a sentence that stand in none of the passages."""
    if max(source.capitals for source in sources) > _NAMED:
        return []
    tokens = list(_TOKEN.finditer(sentence))
    inner = [each for each in tokens[1:] if sentence[each.start() - 1 : each.start()] not in (".", "/")]
    capital = [each for each in inner if each[0][0].isupper() and not each[0].isdigit()]
    if len(capital) > max(3, len(tokens) * 0.6):
        return []  # a title
    known = set().union(*(source.tokens for source in sources))
    stems = set().union(*(source.words for source in sources))
    missing = []
    for each in capital:
        name = each[0].removesuffix("'s").removesuffix("’s")
        begins = _BEGINS.search(sentence[: each.start()])
        parts = [part for part in re.split(r"[-'’]", name) if len(part) > 1]
        if begins or len(name) < 2 or name.casefold() in known or not parts:
            continue
        if all(part.casefold() in known or set(words(part)) <= stems for part in parts):
            continue
        if set(words(name)) <= set().union(*map(stop_words, _LANGUAGES)) or _is_short_for(name, sources):
            continue
        missing.append(name)
    return missing


def _is_short_for(name: str, sources: Sequence[Source]) -> bool:
    """Tell whether an acronym's letters begin words that stand side by side in a passage, or the other way round."""
    letters = name.casefold()
    if not name.isupper():
        return False
    return any(
        letters in "".join(token[0] for token in _TOKEN.findall(source.text.casefold())) for source in sources
    )


def _is_negated(
    sentence: str, like: Sequence[tuple[str, ...]], wanted: set[str], weight: dict[str, float]
) -> bool:
    """Tell whether a sentence denies what a passage says in the same words, or says what that denies."""
    denied = _denials(sentence)
    total = sum(weight.values()) or 1.0
    # What one clause says is not denied by a negation in another.
    found: list[int] = []
    for *before, said in like:
        if before and _denials(" ".join((*before, said))) == denied:
            return False  # it says both at once
        clauses = [
            _denials(clause)
            for clause in _CLAUSES.split(said)
            if sum(weight[word] for word in wanted & words(clause).keys()) / total >= _ALIKE
        ]
        found += clauses or [_denials(said)]
    return bool(found) and all(each != denied for each in found)


def _denials(text: str) -> int:
    return len(_NEGATIONS.findall(text)) % 2


@cache
def _common(each: str) -> frozenset[str]:
    return stop_words(each)


def _is_foreign(sentence: str, sources: Sequence[Source]) -> bool:
    one, other = language(sentence), {source.language for source in sources} - {""}
    return bool(one and other) and one not in other


def language(text: str) -> str:
    """Return the language of a text by its commonest words, or its script; empty where that does not tell."""
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return ""
    if sum(char > "\u04ff" for char in letters) > len(letters) / 3:
        return f"script {ord(max(letters)) >> 11}"
    counts = Counter(re.findall(r"[^\W\d_]+", text.casefold()))
    found = sorted(
        ((sum(counts.get(word, 0) for word in _common(each)), each) for each in _LANGUAGES), reverse=True
    )
    (most, best), (second, _) = found[:2]
    if most == 1 and not second:
        return best if not text.isascii() else ""  # one word may be a loan; letters of its own tell more
    return best if most > second and most >= 2 else ""
