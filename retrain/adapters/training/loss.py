"""The loss of both lanes. Knows nothing of how vectors were made."""

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
    symmetric: bool,
    widths: Sequence[int] = (),
) -> "Tensor":
    """Multiple negatives ranking loss with several answers to a question, of cosines times `scale`.

    Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply": the other passages of the
    batch are the negatives. What is neither answer nor negative is left out of the softmax; several answers count
    as one class. `symmetric` adds the same from passages to questions, both with half the weight.

    Args:
        questions: (n, dimension).
        passages: (m, dimension), in the batch's order.
        batch: what answers what.
        scale: the inverse temperature.
        symmetric: whether passages look for their questions too.
        widths: further numbers of leading components the loss is also taken of, with the same weight each
            (Matryoshka, Kusupati et al. 2022).
    """
    import torch
    from torch.nn.functional import normalize

    right = torch.from_numpy(batch.right).to(questions.device)
    known = right | torch.from_numpy(batch.wrong).to(questions.device)
    losses = []
    for width in (questions.shape[1], *widths):
        one, other = (normalize(vectors[:, :width].float(), dim=1) for vectors in (questions, passages))
        scores = scale * one @ other.T  # (n, m)
        loss = _softmax_loss(scores, right, known)
        if symmetric:
            loss = (loss + _softmax_loss(scores.T, right.T, known.T)) / 2
        losses.append(loss)
    return torch.stack(losses).mean()


def _softmax_loss(scores: "Tensor", right: "Tensor", known: "Tensor") -> "Tensor":
    """Mean of -log of the share that a row's answers have; rows without an answer (hard negatives) are left out."""
    rows = right.any(dim=1)
    everything = scores.masked_fill(~known, float("-inf")).logsumexp(dim=1)
    answers = scores.masked_fill(~right, float("-inf")).logsumexp(dim=1)
    return (everything - answers)[rows].mean()
