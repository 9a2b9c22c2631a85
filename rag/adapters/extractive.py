"""A generator without a language model: it quotes the sentences of the hits that are nearest to the question."""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np
from anyio import to_thread
from numpy.typing import NDArray
from typing_extensions import override

from rag.domain import Ending, Hit, Prompt
from rag.ports import Encoder, Generator, Vectors
from rag.text.codes import Code, codes
from rag.text.forms import plain, readable
from rag.text.overlap import content, shares, words
from rag.text.statements import statements

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
_FOREIGN = 0.75
"""Tokens a letter from which on the encoder spells a language out and cannot read it; English has 0.25."""
_FOREIGN_WORDS = 1.0
"""Weight of the words there."""
_TYPED = 0.5
"""Worth of a code of the question that stands in the sentence; half of it where it stands in the passage alone."""
_MAX_CANDIDATES = 120
_MOST_READ = 20
"""Sentences that the encoder reads: those that share most with the question, from the nearest passages."""
_LONGEST = 400  # characters of a sentence; longer ones are cut
_PIECE = re.compile(r"\s*\S+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sentence:
    text: str
    seen: str  # with what it needs to be understood
    rank: int  # of the hit it stands in
    passage: float  # cosine of its passage
    alone: bool  # its passage has a title and says nothing else
    typed: float  # worth of the question's codes in it


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


def _written(prompt: Prompt, encoder: Encoder) -> tuple[list[str], int, bool]:
    """Return the answer's pieces, their tokens, and whether they were cut."""
    candidates = _candidates(prompt.question, prompt.hits)
    chosen = _choose(prompt.question, candidates, encoder) if candidates else []
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


def _candidates(question: str, hits: Sequence[Hit]) -> list[_Sentence]:
    asked = codes(question)
    found: dict[str, _Sentence] = {}
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
            sentence = _Sentence(
                text=text,
                seen=seen,
                rank=hit.rank,
                passage=hit.score,
                alone=len(stated) == 1 and bool(passage.title),
                typed=typed or about * _TYPED / 2,
            )
            # The same sentence in overlapping passages counts once, for the better passage.
            found.setdefault(plain(seen if each.short else text).casefold(), sentence)
    return list(found.values())[:_MAX_CANDIDATES]


def _typed(text: str, asked: Sequence[Code]) -> float:
    """Return what the codes asked for are worth to a text; below 0 where it is about others of their sort."""
    text = plain(text)
    if any(code.stands_in(text) for code in asked):
        return _TYPED
    return -1.0 if any(code.is_rivalled_in(text) for code in asked) else 0.0


def _choose(question: str, candidates: Sequence[_Sentence], encoder: Encoder) -> list[_Sentence]:
    """Choose by maximal marginal relevance (Carbonell and Goldstein, 1998)."""
    vector = encoder.encode_queries([question])[0]  # (dimension,)
    shared = np.array(shares(content(question), [words(each.seen) for each in candidates]))
    typed = np.array([each.typed for each in candidates])
    passage = np.array([each.passage for each in candidates])
    read = np.sort(np.argsort(-(shared + typed + passage), kind="stable")[:_MOST_READ])
    candidates = [candidates[i] for i in read]
    shared, typed, passage = shared[read], typed[read], passage[read]
    vectors: Vectors = encoder.encode_passages([each.seen for each in candidates])  # (n, dimension)
    alone = np.array([each.alone for each in candidates])
    nearness = np.where(alone, np.maximum(vectors @ vector, passage), vectors @ vector)  # (n,)
    foreign = _is_foreign(question, encoder)
    worth = nearness + (_FOREIGN_WORDS if foreign else _WORDS) * shared + typed
    fit: NDArray[np.bool_] = (nearness >= _FLOOR) | (typed > 0)
    if foreign:
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
    return [candidates[i] for i in chosen]


def _is_foreign(question: str, encoder: Encoder) -> bool:
    """Tell whether the encoder knows the question's language by its letters alone."""
    question = plain(question)
    letters = sum(map(str.isalpha, question))
    return not question.isascii() and encoder.count_tokens([question])[0] >= _FOREIGN * max(letters, 1)
