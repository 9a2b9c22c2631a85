"""An answer without a language model: it quotes the statements of the hits that are nearest to the question."""

import re
import unicodedata
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import numpy as np
from anyio import to_thread
from numpy.typing import NDArray
from typing_extensions import override

from rag.domain import Ending, Evidence, Prompt, Said
from rag.ports import Encoder, Generator
from rag.questions.support.evidence import read_evidence

_MOST = 4
"""Statements of an answer."""
_MOST_WORDS = 80.0
"""Words of an answer of several statements."""
_A_WORD = 0.0025
"""Probability of being the answer that a further statement needs for each of its words."""
_COMPLETES = 0.5
"""Share of that which is enough where it completes a statement that was chosen."""
_NEARNESS = 4.5
"""Weight of the cosine to the question, beside the log-odds of everything else."""
_FLOOR = 0.25
"""Cosine below which a statement that shares no word with the question is no answer."""
_NEAR_BEST = 0.75
"""Share of the best one's words that further statements need in a language that the encoder does not know."""
_SAME = 0.9
"""Cosine of two statements from which they say the same."""
_LETTERS = 6  # of a word with its blank
_WIDE = 3  # letters that a Chinese character is worth
_ANNOUNCES = re.compile(
    r"[:：]$|\b(?:as follows|the following|wie folgt|folgende[rsnm]?|comme suit|siguientes?|следующ\w+)\b",
    re.I,
)
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
    """Return the quotes that answer the question, best first; none where none is near enough.

    The statement that answers most probably is the answer. Others come along as long as what they add to the
    probability is worth their words. Those that stand side by side are one quote.
    """
    said = evidence.said
    cosine = evidence.vectors @ evidence.vector if said else np.empty(0)  # (n,)
    typed = np.array([each.typed > 0 for each in said], dtype=bool)
    fit: NDArray[np.bool_] = (evidence.shared > 0) | typed
    if not evidence.foreign:
        fit |= cosine >= _FLOOR
    if not fit.any():
        return []
    # Of a language that the encoder does not know, all texts look alike to it.
    worth = evidence.worth + (0.0 if evidence.foreign else _NEARNESS) * cosine
    worth = np.where(fit, worth, -np.inf)
    odds = np.exp(worth - worth.max())
    return _joined(said, _chosen(evidence, odds / odds.sum()))


def _chosen(evidence: Evidence, probability: NDArray[np.float64]) -> list[int]:
    """Return the places of the statements chosen, the most probable one first."""
    said, vectors = evidence.said, evidence.vectors
    order = [int(at) for at in np.argsort(-probability, kind="stable")]
    chosen = order[:1]
    length = _length(said[chosen[0]].text)
    least = _NEAR_BEST * evidence.shared[chosen[0]]
    left = order[1:]
    while left and len(chosen) < _MOST:
        for at in left:
            more = _length(said[at].text)
            share = _COMPLETES if any(_completes(said[at], said[one]) for one in chosen) else 1.0
            if (
                probability[at] >= share * _A_WORD * more
                and (not evidence.foreign or evidence.shared[at] >= least)
                and length + more <= _MOST_WORDS
                and float((vectors[chosen] @ vectors[at]).max()) < _SAME
            ):
                break
        else:
            break
        left.remove(at)
        chosen.append(at)
        length += more
    return chosen


def _completes(one: Said, other: Said) -> bool:
    """Tell whether one statement says what the other is about, or what it only announces."""
    if one.rank != other.rank:
        return False
    if one.at + 1 == other.at:
        return other.leans
    return one.at == other.at + 1 and (one.leans or _ANNOUNCES.search(other.text) is not None)


def _joined(said: Sequence[Said], chosen: Sequence[int]) -> list[Said]:
    """Join what stands side by side in one line of a passage; the order is that of the best of each."""
    given: list[Said] = []
    left = list(chosen)
    while left:
        run = [said[left.pop(0)]]
        grown = True
        while grown:
            grown = False
            for at in left:
                each = said[at]
                if each.rank == run[-1].rank and each.at == run[-1].at + 1 and each.joins is not None:
                    run.append(each)
                elif each.rank == run[0].rank and each.at == run[0].at - 1 and run[0].joins is not None:
                    run.insert(0, each)
                else:
                    continue
                left.remove(at)
                grown = True
                break
        text = run[0].text + "".join(f"{each.joins}{each.text}" for each in run[1:])
        given.append(replace(run[0], text=text) if len(run) > 1 else run[0])
    return given


def _length(text: str) -> float:
    """Return how many words long a text is, whatever its script."""
    wide = 0 if text.isascii() else sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return (len(text) + (_WIDE - 1) * wide) / _LETTERS


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
