"""Low-rank changes of a transformer's matrices, which are trained instead of the matrices (LoRA).

Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models". The optimiser keeps a fiftieth of the moments, and
a change of low rank can do less damage; a step is hardly cheaper, since the way back through the model is the same.
"""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def attach(model: "SentenceTransformer", *, rank: int, seed: int) -> None:
    """Freeze the model, and put a change of that rank, 0 at first, on each matrix of its first module's layers.

    Embeddings get none: a token's vector is a row of its own, not a matrix that rows go through. The model is changed
    in place until `merge`; `seed` is that of the changes' first factor.
    """
    import torch
    from torch import nn
    from torch.nn.utils import parametrize

    class Change(nn.Module):
        """Adds a product of two thin matrices: (out, rank) times (rank, in)."""

        def __init__(self, out: int, into: int, generator: "torch.Generator") -> None:
            """Draw the one, leave the other 0."""
            super().__init__()
            first = torch.randn(rank, into, generator=generator) / math.sqrt(into)
            self.first = nn.Parameter(first)
            self.second = nn.Parameter(torch.zeros(out, rank))

        def forward(self, weight: "torch.Tensor") -> "torch.Tensor":
            """Return the changed matrix."""
            return weight + self.second @ self.first

    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.requires_grad_(False)
    for layer in _matrices(model):
        change = Change(layer.out_features, layer.in_features, generator).to(layer.weight.device)
        parametrize.register_parametrization(layer, "weight", change)


def merge(model: "SentenceTransformer") -> None:
    """Add the changes to the matrices, which are ordinary weights again."""
    from torch.nn.utils import parametrize

    for layer in _matrices(model):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    for weight in model.parameters():
        weight.requires_grad_(True)


def _matrices(model: "SentenceTransformer") -> list[Any]:
    from torch import nn

    return [layer for layer in model[0].modules() if isinstance(layer, nn.Linear)]
