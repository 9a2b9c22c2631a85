"""Which questions and passages meet in one step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from retrain.training.material import Mask, Material, Rows
from retrain.training.neighbours import in_groups

GROUP = 16
"""Passages with alike words that come into a batch together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One step's questions and passages."""

    questions: Rows  # (n,)
    passages: Rows  # (m,), each once
    right: Mask  # (n, m), whether it answers
    wrong: Mask  # (n, m), whether it is a negative


def count(material: Material, size: int) -> int:
    """Return the number of batches in an epoch; each question is in one of them."""
    return -(-len(material.questions) // size)


def epoch(
    material: Material, *, size: int, nearest: Rows, negatives: Rows | None = None, seed: int
) -> Iterator[Batch]:
    """Yield an epoch's batches of `size` questions; the same arguments, the same batches.

    Questions of one passage come together, so that it goes through the model once for all of them: where passages are
    ten times as long as questions, three questions a passage make a step nearly three times as cheap. Passages come in
    groups of neighbours, because a batch's other passages are its negatives: those of other subjects teach nothing that
    the model does not know (Hofstätter et al. 2021, "Efficiently Teaching an Effective Dense Retriever with Balanced
    Topic Aware Sampling").

    `nearest` comes from `neighbours`; `negatives`, (questions, k), are further passages to show with a question, -1:
    none.
    """
    rng = np.random.default_rng(seed)
    first = np.array([min(answers) for answers in material.answers], dtype=np.int64)
    place = in_groups(nearest, size=GROUP, seed=seed)
    # Questions of one passage in random order among themselves.
    order = np.lexsort((rng.random(len(first)), place[first]))
    cut = [order[at : at + size] for at in range(0, len(order), size)]
    for at in rng.permutation(len(cut)):
        questions = cut[at]
        passages = np.unique(first[questions])
        if negatives is not None:
            shown = negatives[questions].ravel()
            passages = np.union1d(passages, shown[shown >= 0])
        right, wrong = material.masks(questions, passages)
        yield Batch(questions=questions, passages=passages, right=right, wrong=wrong)
