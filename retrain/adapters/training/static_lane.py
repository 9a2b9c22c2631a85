"""The static lane: a table of one vector a token, trained as products of sparse matrices.

A text's direction is that of the sum of its tokens' vectors, so a batch of texts is one sparse matrix of counts times
the table, and the gradient its transpose times the vectors' gradients. That is some ten times as fast as torch's
embedding bag on a processor, whose backward pass takes nearly all of a step.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from rag.domain import Passage
from rag.text.forms import plain
from retrain.adapters.training.loop import Lane, Vectors
from retrain.adapters.training.loss import ranking_loss
from retrain.domain import EvalQuestion
from retrain.training.batches import Batch
from retrain.training.material import Material
from retrain.training.recipe import EncoderRecipe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


class StaticLane(Lane):
    """Trains the rows of the table that occur in training; the others stay as they are."""

    def __init__(
        self,
        model: "SentenceTransformer",
        material: Material,
        dev: Sequence[EvalQuestion],
        corpus: Sequence[Passage],
        recipe: EncoderRecipe,
    ) -> None:
        """Count the tokens of every text once.

        The model, on the processor, begins with a `StaticEmbedding`; what follows normalises at most. Evaluations ask
        `dev` over `corpus`.
        """
        import torch

        module: Any = model[0]
        self._recipe = recipe
        self._whole: Tensor = module.embedding.weight
        query, document = (model.prompts.get(name) or "" for name in ("query", "document"))

        def counted(texts: Sequence[str], prompt: str) -> Any:
            return _counts(module.tokenizer, [prompt + text for text in texts], len(self._whole))

        questions, passages = counted(material.questions, query), counted(material.passages, document)
        self._dev = (
            counted([plain(q.text) for q in dev], query),
            counted([plain(p.embedded_text) for p in corpus], document),
        )
        self._used = np.union1d(questions.indices, passages.indices)
        # Columns renumbered: the optimiser's moments are as long as the table it moves.
        self._questions, self._passages = questions[:, self._used], passages[:, self._used]
        self._table = self._whole.detach()[torch.from_numpy(self._used)].clone().requires_grad_()
        self.optimiser = torch.optim.Adam([self._table], lr=recipe.learning_rate, fused=True)

    @override
    def gradients(self, batch: Batch) -> float:
        import torch

        counts = self._questions[batch.questions], self._passages[batch.passages]
        with torch.no_grad():
            sums = [torch.from_numpy(rows @ self._table.numpy()) for rows in counts]  # (n, d), (m, d)
        for vectors in sums:
            vectors.requires_grad_()
        loss = ranking_loss(
            sums[0],
            sums[1],
            batch,
            scale=self._recipe.scale,
            dimensions=self._recipe.matryoshka,
        )
        loss.backward()  # type: ignore[no-untyped-call]  # torch left it without types
        self._table.grad = torch.from_numpy(
            sum(rows.T.tocsr() @ _numbers(vectors.grad) for rows, vectors in zip(counts, sums, strict=True))
        )
        return float(loss.detach())

    @override
    def vectors(self) -> tuple[Vectors, Vectors]:
        table = self._table.detach().numpy()
        return _unit(self._questions @ table), _unit(self._passages @ table)

    @override
    def dev_vectors(self) -> tuple[Vectors, Vectors]:
        self.write()
        table = self._whole.detach().numpy()
        questions, passages = self._dev
        return _unit(questions @ table), _unit(passages @ table)

    @override
    def weights(self) -> "Mapping[str, Tensor]":
        return {"rows": self._table}

    @override
    def write(self) -> None:
        import torch

        with torch.no_grad():
            self._whole[torch.from_numpy(self._used)] = self._table


def _counts(tokenizer: Any, texts: Sequence[str], tokens: int) -> Any:
    """Return how often each token stands in each text: sparse, (texts, tokens)."""
    from scipy.sparse import csr_matrix

    ids = [each.ids for each in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    starts = np.cumsum([0, *(len(row) for row in ids)])
    flat = np.fromiter((token for row in ids for token in row), dtype=np.int64, count=int(starts[-1]))
    counts = csr_matrix((np.ones(len(flat), dtype=np.float32), flat, starts), shape=(len(ids), tokens))
    counts.sum_duplicates()
    return counts


def _unit(sums: NDArray[np.float32]) -> Vectors:
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    unit: Vectors = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)
    return unit


def _numbers(tensor: "Tensor | None") -> NDArray[np.float32]:
    assert tensor is not None  # noqa: S101  # backward has just set it
    return np.asarray(tensor.numpy(), dtype=np.float32)
