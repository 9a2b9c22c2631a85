"""The loss of the lanes against what the formula says."""

import numpy as np
import pytest

from retrain.adapters.training.loss import moved, ranking_loss
from retrain.training.batches import Batch


def batch(right: list[list[bool]], wrong: list[list[bool]]) -> Batch:
    """Make a batch of these masks."""
    return Batch(
        questions=np.arange(len(right)),
        passages=np.arange(len(right[0])),
        right=np.array(right),
        wrong=np.array(wrong),
    )


def softmax(scores: np.ndarray) -> np.ndarray:
    """Softmax over rows."""
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def test_one_answer_each_is_cross_entropy() -> None:
    """With the diagonal right and all else wrong it is the mean of -log softmax of the diagonal."""
    import torch

    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 4, 8))
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (one, other)]
    expected = -np.log(np.diag(softmax(20 * unit[0] @ unit[1].T))).mean()
    eye = np.eye(4, dtype=bool)

    loss = ranking_loss(
        torch.from_numpy(one),
        torch.from_numpy(other),
        batch(eye.tolist(), (~eye).tolist()),
        scale=20.0,
    )

    assert expected == pytest.approx(float(loss), rel=1e-4)


def test_what_is_neither_takes_no_part_and_answers_add_up() -> None:
    """A masked passage changes nothing wherever it lies; two answers are one class."""
    import torch

    question = torch.tensor([[1.0, 0.0]])
    passages = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.8, 0.6]])
    masks = batch([[True, True, False, False]], [[False, False, True, False]])
    e = np.exp([1.0, 0.6, 0.0])

    loss = ranking_loss(question, passages, masks, scale=1.0)

    assert -np.log((e[0] + e[1]) / e.sum()) == pytest.approx(float(loss), rel=1e-5)


def test_moved_is_the_mean_angle_s_cosine_short_of_one() -> None:
    """0 where directions are as before, whatever the lengths; 1 where they are at right angles."""
    import torch

    before = torch.tensor([[1.0, 0.0], [0.0, 2.0]])

    assert float(moved(3 * before, before)) == pytest.approx(0, abs=1e-6)
    assert float(moved(torch.tensor([[1.0, 0.0], [5.0, 0.0]]), before)) == pytest.approx(0.5)


def test_the_symmetric_loss_is_the_mean_of_both_ways() -> None:
    """Passages find their questions as questions find passages; a passage without a question has none to find."""
    import torch

    rng = np.random.default_rng(2)
    one, other = torch.from_numpy(rng.normal(size=(3, 8))), torch.from_numpy(rng.normal(size=(4, 8)))
    right = np.eye(3, 4, dtype=bool)
    there = ranking_loss(one, other, batch(right.tolist(), (~right).tolist()), scale=20.0)
    eye = np.eye(3, dtype=bool)
    back = ranking_loss(other[:3], one, batch(eye.tolist(), (~eye).tolist()), scale=20.0)

    loss = ranking_loss(one, other, batch(right.tolist(), (~right).tolist()), scale=20.0, symmetric=True)

    assert float(there + back) / 2 == pytest.approx(float(loss), rel=1e-5)


def test_shorter_vectors_have_to_rank_as_well() -> None:
    """With further dimensions it is the mean of the losses of vectors cut to each."""
    import torch

    rng = np.random.default_rng(3)
    one, other = torch.from_numpy(rng.normal(size=(2, 3, 8)))
    eye = np.eye(3, dtype=bool)
    masks = batch(eye.tolist(), (~eye).tolist())
    alone = [float(ranking_loss(one[:, :n], other[:, :n], masks, scale=20.0)) for n in (8, 4, 2)]

    loss = ranking_loss(one, other, masks, scale=20.0, dimensions=(4, 2))

    assert np.mean(alone) == pytest.approx(float(loss), rel=1e-5)
