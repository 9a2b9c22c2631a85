"""A matrix on questions' vectors that brings them nearer to their answers. Pure over vectors.

Passages stay where they are, so their vectors are computed once, and every one of them can be a negative of every
question: the softmax goes over the corpus and not over a batch. A linear map on the query side alone is what
LlamaIndex calls an embedding adapter. What differs here is the loss over the corpus, masks of false negatives, and the
pull back to where the map began.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain.training.material import Mask, Material

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Measure = Callable[[Matrix], Floats]
"""From a matrix to the dev metric of each dev question, (questions,)."""
Tell = Callable[[int, int], None]
"""Called with (steps done, steps planned)."""

_MOMENTS = (0.9, 0.999)  # Adam's, Kingma and Ba 2015
_TINY = 1e-8


@dataclass(frozen=True, kw_only=True, slots=True)
class AdapterRecipe:
    """What decides on the outcome besides the data."""

    seed: int
    epochs: float  # passes over the questions at most
    batch_size: int  # questions in a step
    learning_rate: float  # at the first step; it falls linearly to 0
    scale: float  # factor on the cosines in the loss
    decay: float  # of the squared distance to the first matrix, for the sum over the questions
    patience: int  # evaluations without a gain after which it ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """How it went."""

    matrix: Matrix  # (dimension, dimension), of the best evaluation; of the last step where there was none
    steps: int  # taken
    planned: int
    history: tuple[dict[str, float], ...]  # one entry an epoch: step, loss, and dev where it was measured


def fit(
    start: Matrix,
    material: Material,
    questions: NDArray[np.float32],
    passages: NDArray[np.float32],
    recipe: AdapterRecipe,
    *,
    measure: Measure | None,
    tell: Tell = lambda _done, _planned: None,
) -> Fitted:
    """Return a matrix near `start` under which the questions' answers come first.

    It begins with the matrix that serves today, or the identity, (dimension, dimension). The material's questions, (n,
    dimension), and passages, (m, dimension), have unit length. `measure` is called after every epoch; without it the
    last matrix is kept.
    """
    rng = np.random.default_rng(recipe.seed)
    everything = np.arange(len(passages), dtype=np.int64)
    batches = -(-len(questions) // recipe.batch_size)
    planned = max(1, round(recipe.epochs * batches))
    matrix, kept, best, stale = start.copy(), start, -1.0, 0
    first, second = np.zeros_like(start), np.zeros_like(start)
    history: list[dict[str, float]] = []
    step = 0
    while step < planned and stale < recipe.patience:
        losses = []
        for rows in np.array_split(rng.permutation(len(questions)), batches)[: planned - step]:
            right, wrong = material.masks(rows, everything)
            loss, slope = gradient(matrix, questions[rows], passages, right, wrong, scale=recipe.scale)
            slope += 2 * recipe.decay / len(questions) * (matrix - start)
            first += (1 - _MOMENTS[0]) * (slope - first)
            second += (1 - _MOMENTS[1]) * (slope**2 - second)
            rate = recipe.learning_rate * (1 - step / planned)
            step += 1
            unbiased = [
                moment / (1 - beta**step) for moment, beta in zip((first, second), _MOMENTS, strict=True)
            ]
            matrix -= rate * unbiased[0] / (np.sqrt(unbiased[1]) + _TINY)
            losses.append(loss)
            tell(step, planned)
        entry = {"step": float(step), "loss": float(np.mean(losses))}
        if measure is not None:
            entry["dev"] = float(measure(matrix).mean())
            if entry["dev"] > best:
                kept, best, stale = matrix.copy(), entry["dev"], 0
            else:
                stale += 1
        history.append(entry)
    return Fitted(
        matrix=matrix if measure is None else kept, steps=step, planned=planned, history=tuple(history)
    )


def gradient(
    matrix: Matrix,
    questions: NDArray[np.float32],
    passages: NDArray[np.float32],
    right: Mask,
    wrong: Mask,
    *,
    scale: float,
) -> tuple[float, Matrix]:
    """Return the loss and its gradient with respect to the matrix, (dimension, dimension).

    The loss is that of `retrain.adapters.training.loss`: cosines times `scale` (the inverse temperature), a softmax
    over answers and negatives, several answers counting as one class (Henderson et al. 2017), the mean over the
    questions. Questions are (n, dimension), passages (m, dimension) of unit length, both masks (n, m); each question
    has an answer.
    """
    mapped = questions @ matrix.T  # (n, dimension)
    lengths = np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), _TINY)
    unit = mapped / lengths
    scores = scale * (unit @ passages.T)  # (n, m)
    everything, share = _softmax(scores, right | wrong)
    answers, own = _softmax(scores, right)
    share -= own
    # Through the cosine: what points along the vector changes its length alone.
    pull = scale / len(questions) * (share @ passages)  # (n, dimension)
    pull = (pull - (pull * unit).sum(axis=1, keepdims=True) * unit) / lengths
    return float((everything - answers).mean()), np.asarray(pull.T @ questions, dtype=np.float32)


def mixed(start: Matrix, fitted: Matrix, alpha: float) -> Matrix:
    """Return `alpha` of the fitted matrix and the rest of the first one's."""
    return np.asarray((1 - alpha) * start + alpha * fitted, dtype=np.float32)


def _softmax(scores: NDArray[np.float32], mask: Mask) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Return the logarithm of the sum of exponentials where the mask is, (n,), and the shares, (n, m)."""
    masked = np.where(mask, scores, -np.inf)
    top = masked.max(axis=1, keepdims=True)
    share = np.exp(masked - top)
    total = share.sum(axis=1, keepdims=True)
    share /= total
    return (top + np.log(total))[:, 0], share
