"""What the incumbent says of the texts that a run trains on, so that training can be held to it."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrain.adapters.training.reading import encode
from retrain.training.batches import Batch
from retrain.training.material import Material, Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


class Incumbent:
    """A frozen copy of the model that training starts from.

    It reads each text once, when a batch first brings it: a third of the first epoch's cost more, and nothing later.
    A run that goes on after a kill reads again what it needs, with the same result.
    """

    def __init__(self, model: "SentenceTransformer", material: Material) -> None:
        """Copy the model, which has not been trained yet and cuts texts as training does."""
        self._model = copy.deepcopy(model).requires_grad_(requires_grad=False)
        self._questions = _Read(material.questions, query=True)
        self._passages = _Read(material.passages, query=False)

    def vectors(self, batch: Batch) -> tuple["Tensor", "Tensor"]:
        """Return its vectors of the batch's questions and passages, in the batch's order."""
        return self._questions.of(batch.questions, self._model), self._passages.of(
            batch.passages, self._model
        )


class _Read:
    """Texts, and the vectors of those that were read."""

    def __init__(self, texts: Sequence[str], *, query: bool) -> None:
        self._texts, self._query = texts, query
        self._vectors: dict[int, Tensor] = {}

    def of(self, rows: Rows, model: "SentenceTransformer") -> "Tensor":
        import torch

        new = np.array([row for row in rows.tolist() if row not in self._vectors], dtype=np.int64)
        if len(new):
            with torch.no_grad():
                read = encode(model, [self._texts[row] for row in new], query=self._query)
            self._vectors.update(zip(new.tolist(), read, strict=True))
        return torch.stack([self._vectors[row] for row in rows.tolist()])
