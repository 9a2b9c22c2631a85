"""An answer's citation marks -> the sentences of the passages that they rest on.

Word overlap, weighed by rarity within the passage: it finds what was quoted or closely followed, and says nothing
where a statement shares too little with any sentence, e.g. because it is in another language.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.domain import Citation, Hit, Passage
from rag.questions.writing.marks import Given, marks
from rag.text.forms import Aligned, plain
from rag.text.overlap import shares
from rag.text.quotes import Quote, quotes
from rag.text.sentences import spans

_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯]|[^\W_]+")
# What stands between the first quotation mark and the last; else between the last two.
_QUOTED = tuple(
    re.compile(rf"[“\"«„「『](?P<quote>{inside})[”\"»“」』]\s*$", re.DOTALL)
    for inside in (r".{2,}", r"[^“”\"«»„「」『』]{8,}")
)
_VALUE = re.compile(r"(?<=[:\[,])\s*(?P<said>\"(?:[^\"\\]|\\.)+\"|-?\d+(?:\.\d+)?)(?=\s*[,\]}])")
"""A string or a number of a JSON object that is no name."""
_MAX_VALUES = 40
_CALLED = 8
"""Characters below which words in quotation marks are a quote only where nothing else is said."""
_CUT = re.compile(r"\s*(?:…|\.\.\.)$")
_SHARED = 0.34
"""Share of a statement's weight that a sentence must have in common with it to be its quote."""
_SHORTEST = 3
"""Words a statement between two marks has at least; a shorter one is read with the words before it."""
_MAX_SENTENCES = 200
"""Sentences of one passage that are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One number in one citation mark of an answer."""

    number: int
    start: int  # of the mark, in characters of the answer
    end: int
    passage: Passage
    span: (
        tuple[int, int] | None
    )  # of the sentence relied on, in characters of the passage's text, where it is known

    @property
    def quote(self) -> str:
        """The sentence relied on; empty where it is not known."""
        return self.passage.text[self.span[0] : self.span[1]] if self.span else ""


def mentions(answer: str, hits: Sequence[Hit]) -> tuple[Mention, ...]:
    """Return every mention of a hit in the answer's marks, in their order; unknown numbers are left out."""
    passages = {hit.rank: hit.passage for hit in hits}
    found: list[Mention] = []
    known: dict[tuple[str, str], tuple[int, int] | None] = {}
    marked = marks(answer, Given(hits))
    for (start, end, numbers), statement in zip(marked, _statements(answer, marked), strict=True):
        for number in numbers:
            passage = passages.get(number)
            if passage is None:
                continue
            key = (passage.id, statement)
            if key not in known:
                known[key] = span_of(statement, passage.text)
            found.append(Mention(number=number, start=start, end=end, passage=passage, span=known[key]))
    return tuple(found)


def mentions_of_values(answer: str, hits: Sequence[Hit]) -> tuple[Mention, ...]:
    """Return for each value of an answer in JSON the first hit that has it; there is no mark, so it stands for one."""
    found: list[Mention] = []
    for value in list(_VALUE.finditer(answer))[:_MAX_VALUES]:
        try:
            said = str(json.loads(value["said"]))
        except ValueError:
            continue
        wanted = _words(said)
        for hit in hits:
            if wanted and wanted <= _words(hit.passage.text):
                span = span_of(said, hit.passage.text)
                start, end = value.span("said")
                found.append(Mention(number=hit.rank, start=start, end=end, passage=hit.passage, span=span))
                break
    return tuple(found)


def citations(mentioned: Iterable[Mention]) -> tuple[Citation, ...]:
    """Return the sources of an answer, in the order of their first mention, each with its first known quote."""
    found: dict[int, Citation] = {}
    for each in mentioned:
        before = found.get(each.number)
        if before is None or not before.quote:
            found[each.number] = Citation(number=each.number, passage=each.passage, quote=each.quote)
    return tuple(found.values())


def span_of(statement: str, text: str) -> tuple[int, int] | None:
    """Return (start, end) of the part of the text that a statement rests on; None where nothing is near enough.

    Words in quotation marks at the statement's end are looked for as they stand; else the sentence is given that
    has most of the statement's words, the rarer in the text the heavier (Spärck Jones's IDF, 1972, over sentences).
    """
    aligned, places = Aligned(text), quotes(text)
    for kind in _QUOTED:
        quoted = kind.search(statement)
        if quoted is None or (len(quoted["quote"]) < _CALLED and statement[: quoted.start()].strip()):
            continue
        quote = plain(_CUT.sub("", quoted["quote"]))
        if exact := _find(quote, aligned.plain):
            return aligned.span(*exact)
        if exact := _found(quote, places):
            return exact
    wanted = _words(statement)
    places = places[:_MAX_SENTENCES]
    if not wanted or not places:
        return None
    bags = [_words(place.text) for place in places]
    # Words of no sentence weigh most: a statement that is mostly about something else has no quote here.
    shared = shares(wanted, bags)
    # Of two sentences that share as much, the shorter one says it with less besides.
    best = max(range(len(bags)), key=lambda i: (round(shared[i], 6), -len(bags[i])))
    enough = shared[best] >= _SHARED and len(wanted & bags[best]) >= min(2, len(wanted))
    return (places[best].start, places[best].end) if enough else None


def _statements(answer: str, marked: Sequence[tuple[int, int, tuple[int, ...]]]) -> list[str]:
    """Return for each mark the statement before it; marks side by side share theirs."""
    given: list[str] = []
    until = 0  # where the last mark ended
    for start, end, _ in marked:
        between = answer[until:start]
        if given and not between.strip(" \t,;.:"):
            given.append(given[-1])
        else:
            before = answer[:start].rstrip()[-2_000:]
            quoted = _QUOTED[-1].search(before)  # may be several sentences, as a row of a table is
            sentence = next(reversed(spans(before)), None)
            begin = sentence[0] if sentence else len(before)
            text = before[min(begin, quoted.start() if quoted else begin, _opened(before)) :]
            # "A does this [1], and B does that [2]": only what follows [1] is said of [2].
            given.append(between if len(_WORD.findall(between)) >= _SHORTEST and between in text else text)
        until = end
    return given


def _opened(before: str) -> int:
    """Return where the quotation begins that ends with the text, whatever is quoted in it; the end where none does."""
    depth = 0
    for at in range(len(before) - 1, -1, -1):
        depth += (before[at] == "”") - (before[at] == "“")
        if depth <= 0:
            return at if before[at] == "“" else len(before)
    return len(before)


def _find(quote: str, text: str) -> tuple[int, int] | None:
    """Find a quote in the text, both in plain form, whatever whitespace stands between its words."""
    words = r"\s+".join(re.escape(word) for word in quote.split())
    first = quote.strip()[:1]
    if first.isdecimal() or first.lower() != first.upper():
        words = rf"(?<![^\W_]){words}"  # not within a word; Chinese has no blanks between them
    found = re.search(words, text) if words else None
    return found.span() if found else None


def _found(quote: str, places: Sequence[Quote]) -> tuple[int, int] | None:
    """Find what is quoted otherwise than it stands in the text: a row of a table, with the names of its columns."""
    words = " ".join(quote.split())
    return next(((place.start, place.end) for place in places if plain(place.text).startswith(words)), None)


def _words(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(plain(text).casefold())}


def _stem(word: str) -> str:
    # Enough to make singular and plural one; nothing here is worth a stemmer for each language.
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
