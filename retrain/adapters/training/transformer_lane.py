"""The transformer lane: every weight of a model, or low-rank changes of them, trained in torch.

A batch whose activations would not fit goes through the model twice (gradient cache).
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from rag.domain import Passage
from rag.text.forms import plain
from retrain.adapters.training.loop import Lane, Vectors
from retrain.adapters.training.loss import moved, ranking_loss
from retrain.adapters.training.low_rank import attach, merge
from retrain.adapters.training.reading import chunks, encode, forward
from retrain.adapters.training.retention import Incumbent
from retrain.domain import EvalQuestion
from retrain.training.batches import Batch
from retrain.training.material import Material, Rows
from retrain.training.recipe import TransformerRecipe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


class TransformerLane(Lane):
    """Trains a transformer's weights, and leaves ordinary ones that read texts as long as those before.

    Dropout stays off: a run sees each pair a few times, which leaves little to memorise, and without it a text has one
    vector, so that the gradient cache is exact.
    """

    def __init__(
        self,
        model: "SentenceTransformer",
        material: Material,
        dev: Sequence[EvalQuestion],
        corpus: Sequence[Passage],
        recipe: TransformerRecipe,
    ) -> None:
        """Train the model in place, in float32 on its own device; evaluations ask `dev` over `corpus`."""
        import torch

        self._model = model
        self._recipe = recipe
        self._full_length = model.max_seq_length
        model.max_seq_length = min(self._full_length or recipe.max_length, recipe.max_length)
        model.eval()
        self._questions, self._passages = material.questions, material.passages
        self._dev = [plain(question.text) for question in dev]
        self._corpus = [plain(passage.embedded_text) for passage in corpus]
        self._lengths = self._counted(self._passages)
        self._incumbent = Incumbent(model, material) if recipe.retention else None
        if recipe.lora_rank:
            attach(model, rank=recipe.lora_rank, seed=recipe.seed)
        trained = [weight for weight in model.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(trained, lr=recipe.learning_rate, weight_decay=0.0, fused=True)

    @override
    def gradients(self, batch: Batch) -> float:
        questions = [self._questions[row] for row in batch.questions]
        passages = [self._passages[row] for row in batch.passages]
        tokens = int(self._counted(questions).sum() + self._lengths[batch.passages].sum())
        if tokens <= self._recipe.tokens_at_once:
            with self._reduced():
                one = encode(self._model, questions, query=True)
                other = encode(self._model, passages, query=False)
            loss = self._loss(one, other, batch)
            loss.backward()  # type: ignore[no-untyped-call]  # torch left it without types
            return float(loss.detach())
        return self._cached(questions, passages, batch)

    @override
    def vectors(self) -> tuple[Vectors, Vectors]:
        return self._unit(self._questions, query=True), self._unit(self._passages, query=False)

    @override
    def dev_vectors(self) -> tuple[Vectors, Vectors]:
        return self._unit(self._dev, query=True), self._unit(self._corpus, query=False)

    @override
    def weights(self) -> "Mapping[str, Tensor]":
        return {name: weight for name, weight in self._model.named_parameters() if weight.requires_grad}

    @override
    def write(self) -> None:
        if self._recipe.lora_rank:
            merge(self._model)
        self._model.max_seq_length = self._full_length

    def _loss(self, questions: "Tensor", passages: "Tensor", batch: Batch) -> "Tensor":
        recipe = self._recipe
        loss = ranking_loss(
            questions,
            passages,
            batch,
            scale=recipe.scale,
            symmetric=recipe.symmetric,
            dimensions=recipe.matryoshka,
        )
        if self._incumbent is None:
            return loss
        with self._reduced():
            before = self._incumbent.vectors(batch)
        return loss + recipe.retention * (moved(questions, before[0]) + moved(passages, before[1]))

    def _cached(self, questions: Sequence[str], passages: Sequence[str], batch: Batch) -> float:
        """Set the gradients of a batch whose activations would not fit.

        Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup": the vectors come
        first, without activations; then the loss's gradient by the vectors; then each chunk once more, with it.
        """
        import torch

        texts = ((questions, True), (passages, False))
        with torch.no_grad(), self._reduced():
            found = [encode(self._model, some, query=query) for some, query in texts]
        for vectors in found:
            vectors.requires_grad_()
        loss = self._loss(found[0], found[1], batch)
        loss.backward()  # type: ignore[no-untyped-call]
        for (some, query), vectors in zip(texts, found, strict=True):
            gradient = vectors.grad
            assert gradient is not None  # noqa: S101  # backward has just set it
            for rows in chunks(self._model, some):
                with self._reduced():
                    again = forward(self._model, [some[row] for row in rows], query=query)
                again.backward(gradient[rows].to(again.dtype))  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _unit(self, texts: Sequence[str], *, query: bool) -> Vectors:
        import torch
        from torch.nn.functional import normalize

        with torch.inference_mode(), self._reduced():
            vectors = normalize(encode(self._model, texts, query=query).float(), dim=1)
        return np.asarray(vectors.cpu().numpy(), dtype=np.float32)

    def _counted(self, texts: Sequence[str]) -> Rows:
        """Return the number of tokens of each text that training reads, (texts,)."""
        ids = self._model.tokenizer(list(texts), truncation=True, max_length=self._model.max_seq_length)
        return np.array([len(row) for row in ids["input_ids"]], dtype=np.int64)

    def _reduced(self) -> AbstractContextManager[Any]:
        """Return the context that multiplies in the recipe's precision; weights and sums stay in float32."""
        import torch

        return torch.autocast(
            self._model.device.type, dtype=torch.bfloat16, enabled=self._recipe.precision == "bfloat16"
        )
