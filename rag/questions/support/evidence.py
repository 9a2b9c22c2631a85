"""Question and hits -> what the hits say that has most to do with the question, with vectors: read once a question."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.domain import Evidence, Hit, Said
from rag.ports import Encoder, Vectors
from rag.text.codes import Code, codes
from rag.text.forms import plain, readable
from rag.text.overlap import content, shares, words
from rag.text.statements import statements

TYPED = 0.5
"""Worth of a code of the question that stands in a statement; half of it where it stands in the passage alone."""
_FOREIGN = 0.75
"""Tokens a letter from which on the encoder spells a language out and cannot read it; English has 0.25."""
_MAX_CANDIDATES = 120
_MOST_READ = 20
"""Statements that the encoder reads: those that share most with the question, from the nearest passages."""
_LONGEST = 400  # characters of a statement; longer ones are cut


def read_evidence(
    question: str, hits: Sequence[Hit], *, encoder: Encoder, vector: NDArray[np.float32] | None = None
) -> Evidence:
    """Return the question's vector and at most 20 of the hits' statements with theirs.

    `vector` is the question's, shape (dimension,), where it is known already. Statements about other codes than those
    asked for are left out.
    """
    if vector is None:
        vector = encoder.encode_queries([question])[0]
    said = _statements(question, hits)
    shared = np.array(shares(content(question), [words(each.seen) for each in said]), dtype=np.float64)
    worth = shared + np.array([each.typed + each.passage for each in said], dtype=np.float64)
    read = np.sort(np.argsort(-worth, kind="stable")[:_MOST_READ])
    chosen = tuple(said[at] for at in read)
    vectors: Vectors = np.empty((0, len(vector)), dtype=np.float32)
    if chosen:
        vectors = encoder.encode_passages([each.seen for each in chosen])
    return Evidence(
        question=question,
        vector=vector,
        hits=tuple(hits),
        said=chosen,
        vectors=vectors,
        shared=shared[read],
        foreign=is_foreign(question, encoder),
    )


def is_foreign(question: str, encoder: Encoder) -> bool:
    """Tell whether the encoder knows the question's language by its letters alone."""
    question = plain(question)
    letters = sum(map(str.isalpha, question))
    return not question.isascii() and encoder.count_tokens([question])[0] >= _FOREIGN * max(letters, 1)


def _statements(question: str, hits: Sequence[Hit]) -> list[Said]:
    asked = codes(question)
    found: dict[str, Said] = {}
    for hit in hits:
        passage = hit.passage
        stated = statements(passage.text)
        # In a passage about the code alone, what does not name it is about it too.
        whole = plain(passage.embedded_text) if asked else ""
        about = any(code.stands_in(whole) and not code.is_rivalled_in(whole) for code in asked)
        for each in stated:
            text = readable(each.text)
            if not any(map(str.isalnum, text)):
                continue
            if len(text) > _LONGEST:
                text = text[:_LONGEST].rsplit(" ", 1)[0] + " …"
            context = "\n".join(filter(None, (passage.title if each.short else "", each.context)))
            seen = f"{context}\n{text}" if context else text
            typed = _typed(seen, asked) if asked else 0.0
            if typed < 0:
                continue
            said = Said(
                text=text,
                seen=seen,
                rank=hit.rank,
                passage=hit.score,
                beside=len(stated) > 1,
                titled=bool(passage.title),
                typed=typed or about * TYPED / 2,
            )
            # The same sentence in overlapping passages counts once, for the better passage.
            found.setdefault(plain(seen if each.short else text).casefold(), said)
    return list(found.values())[:_MAX_CANDIDATES]


def _typed(text: str, asked: Sequence[Code]) -> float:
    """Return what the codes asked for are worth to a text; below 0 where it is about others of their sort."""
    text = plain(text)
    if any(code.stands_in(text) for code in asked):
        return TYPED
    return -1.0 if any(code.is_rivalled_in(text) for code in asked) else 0.0
