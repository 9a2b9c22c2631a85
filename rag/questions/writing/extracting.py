"""An answer without a language model: it quotes the statements of the hits that are nearest to the question."""

import re
from collections.abc import AsyncGenerator

import numpy as np
from anyio import to_thread
from numpy.typing import NDArray
from typing_extensions import override

from rag.domain import Ending, Evidence, Prompt, Said
from rag.ports import Encoder, Generator
from rag.questions.support.evidence import read_evidence

_MAX_SENTENCES = 3
_FLOOR = 0.25
"""Cosine to the question below which a sentence is no answer."""
_NEAR_BEST = 0.75
"""Further sentences need this share of the best one's worth."""
_DIVERSITY = 0.3
"""Weight of novelty against nearness: 1 - lambda of maximal marginal relevance."""
_SAME = 0.9
"""Cosine of two sentences from which they say the same."""
_WORDS = 0.2
"""Weight of the words shared with the question beside the cosine."""
_FOREIGN_WORDS = 1.0
"""Weight of the words where the encoder does not know the language."""
_PIECE = re.compile(r"\s*\S+")


class ExtractiveGenerator(Generator):
    """Answers with one to three sentences, each quoted and followed by the number of its passage."""

    name = "extractive"

    @override
    async def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield the chosen sentences, best first; nothing where no sentence is near enough.

        The prompt's limit on tokens, counted the encoder's way, cuts the answer after a word.
        """
        answer, tokens, cut = await to_thread.run_sync(_written, prompt, encoder)
        for sentence in answer:
            yield sentence
        yield Ending(cut=cut, completion_tokens=tokens)


def extracts(evidence: Evidence) -> list[Said]:
    """Return the statements that answer the question, best first; none where none is near enough.

    Chosen by maximal marginal relevance (Carbonell and Goldstein, 1998).
    """
    said, vectors, shared = evidence.said, evidence.vectors, evidence.shared
    if not said:
        return []
    typed = np.array([each.typed for each in said])
    passage = np.array([each.passage for each in said])
    alone = np.array([each.titled and not each.beside for each in said])
    cosine = vectors @ evidence.vector  # (n,)
    nearness = np.where(alone, np.maximum(cosine, passage), cosine)  # (n,)
    worth = nearness + (_FOREIGN_WORDS if evidence.foreign else _WORDS) * shared + typed
    fit: NDArray[np.bool_] = (nearness >= _FLOOR) | (typed > 0)
    if evidence.foreign:
        fit &= (shared > 0) | (typed > 0)
    if not fit.any():
        return []
    worth[~fit] = -np.inf
    chosen = [int(np.argmax(worth))]
    floor = _NEAR_BEST * worth[chosen[0]]
    while len(chosen) < _MAX_SENTENCES:
        likeness = (vectors @ vectors[chosen].T).max(axis=1)  # (n,): to the nearest sentence chosen
        following = (1 - _DIVERSITY) * worth - _DIVERSITY * likeness
        following[(worth < floor) | (likeness >= _SAME)] = -np.inf
        best = int(np.argmax(following))
        if not np.isfinite(following[best]):
            break
        chosen.append(best)
    return [said[i] for i in chosen]


def _written(prompt: Prompt, encoder: Encoder) -> tuple[list[str], int, bool]:
    """Return the answer's pieces, their tokens, and whether they were cut."""
    evidence = prompt.evidence or read_evidence(prompt.question, prompt.hits, encoder=encoder)
    pieces = [f"{' ' if i else ''}“{each.text}” [{each.rank}]" for i, each in enumerate(extracts(evidence))]
    counts = encoder.count_tokens(pieces)
    if prompt.max_tokens is None or sum(counts) <= prompt.max_tokens:
        return pieces, sum(counts), False
    words = _PIECE.findall("".join(pieces))
    kept, left = [], prompt.max_tokens
    for word, count in zip(words, encoder.count_tokens(words), strict=True):
        if count > left:
            break
        kept.append(word)
        left -= count
    return kept, prompt.max_tokens - left, True
