"""The loss of a lane. Knows nothing of how vectors were made."""

from typing import TYPE_CHECKING

from retrain.training.batches import Batch

if TYPE_CHECKING:
    from torch import Tensor


def ranking_loss(questions: "Tensor", passages: "Tensor", batch: Batch, *, scale: float) -> "Tensor":
    """Multiple negatives ranking loss with several answers to a question, of cosines times `scale`.

    Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply": the other passages of the
    batch are the negatives. What is neither answer nor negative is left out of the softmax; several answers count
    as one class.

    Args:
        questions: (n, dimension).
        passages: (m, dimension), in the batch's order.
        batch: what answers what; each question has an answer.
        scale: the inverse temperature.
    """
    import torch
    from torch.nn.functional import normalize

    right = torch.from_numpy(batch.right)
    known = right | torch.from_numpy(batch.wrong)
    one, other = (normalize(vectors.float(), dim=1) for vectors in (questions, passages))
    scores = scale * one @ other.T  # (n, m)
    everything = scores.masked_fill(~known, float("-inf")).logsumexp(dim=1)
    answers = scores.masked_fill(~right, float("-inf")).logsumexp(dim=1)
    return (everything - answers).mean()
