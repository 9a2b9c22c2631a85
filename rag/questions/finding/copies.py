"""The same text in several documents is one hit: the best one stays, and says where else it stands."""

from collections.abc import Sequence

from rag.domain import Passage
from rag.ports import Found
from rag.text.forms import plain

MOST_SOURCES = 20
"""Other documents that a hit names."""
_SPEAKING = 60  # characters; a shorter text says with its title what it is about


def distinct(found: Sequence[Found]) -> tuple[list[Found], dict[str, tuple[str, ...]]]:
    """Return what was found, each text once, in its order, and passage id -> uris of other documents that have it.

    Texts are the same that differ in white space, or in how letters are written (`rag.text.forms`). A short text is the
    same only under the same title: "No." answers one question, and not another. At most `MOST_SOURCES` uris are named.
    """
    kept: dict[str, Found] = {}
    others: dict[str, dict[str, None]] = {}
    for each in found:
        key = _key(each.passage)
        first = kept.setdefault(key, each).passage
        if each.passage.uri != first.uri:
            uris = others.setdefault(first.id, {})
            if len(uris) < MOST_SOURCES:
                uris[each.passage.uri] = None
    return list(kept.values()), {passage_id: tuple(uris) for passage_id, uris in others.items()}


def _key(passage: Passage) -> str:
    text = " ".join(plain(passage.text).split())
    return text if len(text) >= _SPEAKING else f"{' '.join(plain(passage.title).split())}\n{text}"
