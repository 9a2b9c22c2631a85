"""What was looked at, where the documents do not say: told to people beside the sentence, and never part of the answer.

The sentence itself stays as it is in the log. What a client sends back of an earlier turn is told apart by `plainly`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import Hit, Passage
from rag.questions.writing.refusing import abstains

_MOST = 3
"""Documents that are named."""
_LONGEST = 80  # characters of a title in running text
NO_DOCUMENTS = "There are no documents here yet."
NONE_FITS = "No document fits the filter."

_AS_TEXT = str.maketrans({"[": "(", "]": ")", "<": "‹", ">": "›", "`": "'", "*": "·", "\\": "/"})
_LONGEST_TOLD = 12_000  # characters, with links
_TOLD = re.compile(
    r"\s{1,2}(?:Looked at: [^\n]*|\*\*Looked at\*\*\n(?:\n?- [^\n]*){1,3}"
    rf"|{re.escape(NO_DOCUMENTS)}|{re.escape(NONE_FITS)})\s{{0,2}}\Z"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A document named in a text."""

    passage: Passage  # of it, the nearest
    start: int  # of its title, in characters of the text
    end: int


def looked_at(hits: Sequence[Hit]) -> tuple[Passage, ...]:
    """Return the best passage of each of the first three documents among the hits."""
    best: dict[str, Passage] = {}
    for hit in hits:
        best.setdefault(hit.passage.document_id, hit.passage)
    return tuple(best.values())[:_MOST]


def in_words(hits: Sequence[Hit], *, filtered: bool) -> tuple[str, tuple[Named, ...]]:
    """Return a sentence on what was looked at, which follows the one that the documents do not say, and whom it names.

    `filtered` says whether the question was confined to some documents. Titles are text, whatever their authors wrote:
    nothing of them is taken for markup.
    """
    passages = looked_at(hits)
    if not passages:
        return f" {NONE_FITS if filtered else NO_DOCUMENTS}", ()
    text = " Looked at:"
    named: list[Named] = []
    for passage in passages:
        title = _titled(passage)
        text += "; " if named else " "
        named.append(Named(passage=passage, start=len(text), end=len(text) + len(title)))
        text += title
    return text + "." * (text[-1] not in ".?!…"), tuple(named)


def plainly(text: str) -> str:
    """Return an earlier answer without what was told beside it, where it says that the documents do not say."""
    told = _TOLD.search(text, max(0, len(text) - _LONGEST_TOLD))
    return text[: told.start()] if told and abstains(text[: told.start()]) else text


def _titled(passage: Passage) -> str:
    title = " ".join((passage.title or passage.uri).split()).translate(_AS_TEXT)
    return title if len(title) <= _LONGEST else title[:_LONGEST].rstrip() + "…"
