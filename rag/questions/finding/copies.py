"""The same text in several documents is one hit: the best one stays, and says where else it stands."""

from collections.abc import Sequence

from rag.domain import Passage
from rag.ports import Found
from rag.text.forms import plain
from rag.text.likeness import Wording

MOST_SOURCES = 20
"""Other documents that a hit names."""
_SPEAKING = 60  # characters; a shorter text says with its title what it is about
_MOST_COMPARED = 30
"""Texts that are looked at for being nearly the same; of those after them, only copies are told."""


def distinct(found: Sequence[Found]) -> tuple[list[Found], dict[str, tuple[str, ...]]]:
    """Return what was found, each text once, in its order, and passage id -> uris of other documents that have it.

    Texts are the same that differ in white space, in how letters are written (`rag.text.forms`) or in nothing that
    matters (`rag.text.likeness`). Of a text and one that holds it and little else, the longer one is given, in the
    place of the better. A short text is the same only under the same title: "No." answers one question, and not
    another. At most `MOST_SOURCES` uris are named.
    """
    kept: list[Found] = []
    sources: list[dict[str, None]] = []  # uris of each that is kept
    exact: dict[str, int] = {}
    compared: list[tuple[int, Wording]] = []
    for each in found:
        key = _key(each.passage)
        at = exact.get(key)
        if at is None and len(each.passage.text) >= _SPEAKING and len(compared) < _MOST_COMPARED:
            at = _nearly(each, kept, compared)
        if at is None:
            at = len(kept)
            kept.append(each)
            sources.append({})
        exact[key] = at
        sources[at][each.passage.uri] = None
    return kept, {
        each.passage.id: named
        for each, uris in zip(kept, sources, strict=True)
        if (named := tuple(uri for uri in uris if uri != each.passage.uri)[:MOST_SOURCES])
    }


def _nearly(each: Found, kept: list[Found], compared: list[tuple[int, Wording]]) -> int | None:
    """Return the place of the one that is nearly the same text, now with the longer of both; None where none is."""
    wording = Wording(each.passage.text)
    for number, (at, other) in enumerate(compared):
        if wording.holds(other):
            if len(wording.tokens) > len(other.tokens):
                kept[at] = each
                compared[number] = (at, wording)
            return at
        if other.holds(wording) or wording.differs_little(other):
            return at
    compared.append((len(kept), wording))
    return None


def _key(passage: Passage) -> str:
    text = " ".join(plain(passage.text).split())
    return text if len(text) >= _SPEAKING else f"{' '.join(plain(passage.title).split())}\n{text}"
