"""An answer that a language model wrote -> those of its sentences that the passages they cite do not bear out.

A sentence is compared with what the passages say in words, numbers, names and negations; where its words alone do not
tell, vectors do. `benchmarks/written_answers.py` says how many it finds, and how many it marks in error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.domain import Evidence, Hit, Unsupported
from rag.ports import Encoder
from rag.questions.checking.comparing import Compared, Source, compare
from rag.questions.checking.stating import Statement, statements
from rag.questions.writing.marks import Given, marks
from rag.text.forms import plain

CITES_NOTHING, MEANING = "cites_nothing", "meaning"

_MOST_VECTORS = 40  # texts that the encoder reads
_LIKELY = 0.55
"""The cosine that is taken for those beyond."""
_APART = 0.1
"""Share of a sentence's weight below which no vector is asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a check found."""

    statements: int = 0  # sentences that state something
    unsupported: tuple[Unsupported, ...] = ()
    stated: tuple[Statement, ...] = ()


def check(
    answer: str, hits: Sequence[Hit], *, encoder: Encoder, evidence: Evidence | None = None, cut: bool = False
) -> Checked:
    """Return how many sentences of an answer state something, and those that their passages do not bear out.

    A sentence that cites nothing is held against what its paragraph cites. `evidence` has vectors of what the hits
    say; `cut` tells that the last sentence has no end. Takes tens of milliseconds.
    """
    marked = marks(answer, Given(hits))
    stated = statements(answer, marked)
    if cut and stated and stated[-1].end >= len(answer.rstrip()) and not stated[-1].cites:
        stated = stated[:-1]
    sources = {hit.rank: Source.of_hit(hit) for hit in hits}
    found: dict[int, str] = {}
    open_: list[tuple[int, Compared]] = []
    for at, each in enumerate(stated):
        cited = [sources[number] for number in sorted(each.cites or each.near) if number in sources]
        if not cited:
            found[at] = CITES_NOTHING
            continue
        compared = compare(each.text, cited)
        if compared.fault:
            found[at] = compared.fault
        elif compared.anywhere < _APART and not compared.sure:
            found[at] = MEANING
        elif not compared.sure:
            open_.append((at, compared))
    for (at, compared), cosine in zip(
        open_, _cosines([each for _, each in open_], encoder, evidence), strict=True
    ):
        if compared.worth(cosine) < 0:
            found[at] = MEANING
    unsupported = tuple(
        Unsupported(
            start=stated[at].start,
            end=stated[at].end,
            text=answer[stated[at].start : stated[at].end],
            reason=found[at] if stated[at].cites else CITES_NOTHING,
        )
        for at in sorted(found)
    )
    return Checked(statements=len(stated), unsupported=unsupported, stated=tuple(stated))


def _cosines(open_: Sequence[Compared], encoder: Encoder, evidence: Evidence | None) -> list[float]:
    """Return the cosine of each sentence and the place in a passage that is most like it."""
    if not open_:
        return []
    known: dict[str, NDArray[np.float32]] = {}
    if evidence is not None:
        known = {
            plain(said.text): vector for said, vector in zip(evidence.said, evidence.vectors, strict=True)
        }
    texts = list(dict.fromkeys(_texts(open_, known)))[:_MOST_VECTORS]
    known |= dict(zip(texts, encoder.encode_passages(texts), strict=True)) if texts else {}
    return [
        float(known[each.text] @ known[each.best]) if each.text in known and each.best in known else _LIKELY
        for each in open_
    ]


def _texts(open_: Sequence[Compared], known: dict[str, NDArray[np.float32]]) -> Iterable[str]:
    for each in open_:
        yield from (text for text in (each.text, each.best) if text and text not in known)
