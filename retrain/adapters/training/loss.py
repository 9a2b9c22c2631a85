"""The loss of both lanes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retrain.training.batches import Batch

if TYPE_CHECKING:
    from torch import Tensor


def ranking_loss(
    questions: "Tensor",
    passages: "Tensor",
    batch: Batch,
    *,
    scale: float,
    symmetric: bool = False,
    dimensions: Sequence[int] = (),
) -> "Tensor":
    """Return the multiple negatives ranking loss with several answers to a question, of cosines times `scale`.

    Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply": the other passages of the
    batch are the negatives. What is neither answer nor negative is left out of the softmax; several answers count as
    one class. With `symmetric`, passages have to find their questions as well; the mean of both ways. At further
    lengths (`dimensions`) vectors cut to them have to do the same; the mean over all lengths (Kusupati et al. 2022,
    "Matryoshka Representation Learning"). Questions are (n, dimension), passages (m, dimension), in the batch's order.
    """
    import torch
    from torch.nn.functional import normalize

    right, wrong = torch.from_numpy(batch.right), torch.from_numpy(batch.wrong)
    right, wrong = right.to(questions.device), wrong.to(questions.device)
    losses = []
    for length in (questions.shape[1], *dimensions):
        one, other = (normalize(vectors[:, :length].float(), dim=1) for vectors in (questions, passages))
        scores = scale * one @ other.T  # (n, m)
        losses.append(_one_way(scores, right, wrong))
        if symmetric:
            # A passage that was drawn as a negative has no question of its own to find.
            own = right.any(dim=0)
            losses.append(_one_way(scores.T[own], right.T[own], wrong.T[own]))
    return torch.stack(losses).mean()


def moved(vectors: "Tensor", before: "Tensor") -> "Tensor":
    """Return how far vectors, (n, dimension), turned from those `before`: the mean of 1 - cosine, 0 for none.

    As a part of the loss it keeps what a model knew, a distillation from its former self (Li, Hoiem 2016, "Learning
    without Forgetting").
    """
    from torch.nn.functional import cosine_similarity

    return 1.0 - cosine_similarity(vectors.float(), before.float(), dim=1).mean()


def _one_way(scores: "Tensor", right: "Tensor", wrong: "Tensor") -> "Tensor":
    """Return the mean over rows of -log of the share that the right columns have of the softmax."""
    everything = scores.masked_fill(~(right | wrong), float("-inf")).logsumexp(dim=1)
    return (everything - scores.masked_fill(~right, float("-inf")).logsumexp(dim=1)).mean()
