"""A generator without a language model: it quotes the sentences of the hits that are nearest to the question."""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np
from anyio import to_thread
from typing_extensions import override

from rag.domain import Ending, Hit, Prompt
from rag.ports import Encoder, Generator, Vectors
from rag.text.quotes import quotes

_MAX_SENTENCES = 3
_FLOOR = 0.25
"""Cosine to the question below which a sentence is no answer."""
_NEAR_BEST = 0.75
"""Further sentences need this share of the best one's cosine."""
_DIVERSITY = 0.3
"""Weight of novelty against nearness: 1 - lambda of maximal marginal relevance."""
_SAME = 0.9
"""Cosine of two sentences from which they say the same."""
_MAX_CANDIDATES = 60
_SHORTEST, _LONGEST = 20, 400  # characters of a sentence worth quoting; longer ones are cut
_PIECE = re.compile(r"\s*\S+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sentence:
    text: str
    rank: int  # of the hit it stands in


class ExtractiveGenerator(Generator):
    """Answers with one to three sentences, each quoted and followed by the number of its passage."""

    name = "extractive"

    @override
    async def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncGenerator[str | Ending, None]:
        """Yield the chosen sentences, best first; nothing where no sentence is near enough.

        The prompt's limit on tokens, counted the encoder's way, cuts the answer after a word.
        """
        candidates = _candidates(prompt.hits)
        if not candidates:
            return
        answer, tokens, cut = await to_thread.run_sync(_written, prompt, candidates, encoder)
        for sentence in answer:
            yield sentence
        yield Ending(cut=cut, completion_tokens=tokens)


def _written(
    prompt: Prompt, candidates: Sequence[_Sentence], encoder: Encoder
) -> tuple[list[str], int, bool]:
    """Return the answer's pieces, their tokens, and whether they were cut."""
    chosen = _choose(prompt.question, candidates, encoder)
    pieces = [f"{' ' if i else ''}“{each.text}” [{each.rank}]" for i, each in enumerate(chosen)]
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


def _candidates(hits: Sequence[Hit]) -> list[_Sentence]:
    found: dict[str, _Sentence] = {}
    for hit in hits:
        for text in (quote.text for quote in quotes(hit.passage.text)):
            if len(text) < _SHORTEST:
                continue
            if len(text) > _LONGEST:
                text = text[:_LONGEST].rsplit(" ", 1)[0] + " …"
            # The same sentence in overlapping passages counts once, for the better passage.
            found.setdefault(text.casefold(), _Sentence(text=text, rank=hit.rank))
    if not found:
        # Nothing but short lines: the passage as it stands is all there is to quote.
        for hit in hits[:1]:
            if text := " ".join(hit.passage.text.split())[:_LONGEST]:
                found[text] = _Sentence(text=text, rank=hit.rank)
    return list(found.values())[:_MAX_CANDIDATES]


def _choose(question: str, candidates: Sequence[_Sentence], encoder: Encoder) -> list[_Sentence]:
    """Choose by maximal marginal relevance (Carbonell and Goldstein, 1998)."""
    asked = encoder.encode_queries([question])[0]  # (dimension,)
    vectors: Vectors = encoder.encode_passages([each.text for each in candidates])  # (n, dimension)
    nearness = vectors @ asked  # (n,)
    best = int(np.argmax(nearness))
    floor = max(_FLOOR, _NEAR_BEST * float(nearness[best]))
    if nearness[best] < _FLOOR:
        return []
    chosen = [best]
    while len(chosen) < _MAX_SENTENCES:
        likeness = (vectors @ vectors[chosen].T).max(axis=1)  # (n,): to the nearest sentence chosen
        worth = (1 - _DIVERSITY) * nearness - _DIVERSITY * likeness
        worth[(nearness < floor) | (likeness >= _SAME)] = -np.inf
        following = int(np.argmax(worth))
        if not np.isfinite(worth[following]):
            break
        chosen.append(following)
    return [candidates[i] for i in chosen]
