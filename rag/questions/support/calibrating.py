"""A release's documents -> its calibration: questions made of them, with and without the document that answers."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rag.domain import Calibration, Hit, Passage
from rag.ports import Encoder
from rag.questions.support.evidence import read_evidence
from rag.questions.support.judging import PRIOR
from rag.text.statements import statements

Search = Callable[[str, NDArray[np.float32], Collection[str]], Sequence[Hit]]
"""Question, its vector and the ids of documents that are taken for gone -> its hits, as a live request gets them."""

MOST = 200
"""Passages that questions are made of."""
_WEIGHT = 20.0
"""Weight of the prior, in questions."""


def calibrate(
    passages: Sequence[Passage],
    search: Search,
    *,
    encoder: Encoder,
    total: int,
    change: int,
    seed: int = 17,
    check: Callable[[], None] = lambda: None,
) -> Calibration:
    """Return how support is estimated over these documents.

    Args:
        passages: a sample of the index's, in any order.
        search: asks the release's index.
        encoder: the release's.
        total: passages in the index.
        change: last change of the documents that the index has seen.
        seed: of the draw.
        check: called before each question; what it raises ends the work.
    """
    drawn = np.random.default_rng(seed).permutation(len(passages))[:MOST]
    signs: list[float] = []
    answered: list[bool] = []
    for passage in (passages[at] for at in drawn):
        check()
        question = passage.title or next((each.text for each in statements(passage.text)), "")
        if not question:
            continue
        vector = encoder.encode_queries([question])[0]
        for gone in ((), (passage.document_id,)):
            evidence = read_evidence(question, search(question, vector, gone), encoder=encoder, vector=vector)
            if evidence.hits:
                signs.append(max(hit.score for hit in evidence.hits))
                answered.append(not gone)
    weight, bias = _fitted(np.array(signs), np.array(answered, dtype=np.float64))
    return replace(PRIOR, weights=(weight,), bias=bias, passages=total, questions=len(signs), change=change)


def _fitted(signs: NDArray[np.float64], answered: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and intercept by Newton's steps, drawn to the prior's as by so many questions."""
    prior = np.array([PRIOR.weights[0], PRIOR.bias])
    rows = np.column_stack([signs, np.ones(len(signs))])
    strength = np.array([_WEIGHT / 100, _WEIGHT / 10])
    at = prior.copy()
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(rows @ at, -30, 30)))
        slope = rows.T @ (answered - chance) - strength * (at - prior)
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(strength)
        at = at + np.linalg.solve(bend, slope)
    return float(at[0]), float(at[1])
