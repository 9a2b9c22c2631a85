"""How texts go through a transformer: in chunks of nearly one length, so that padding costs nothing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrain.training.material import Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

CHUNK, GPU_CHUNK = 16, 128
"""Texts that go through the model at once: enough for the processor's cores, few enough to be of one length. A GPU
waits for its orders rather than for its sums, and takes more at once."""


def encode(model: "SentenceTransformer", texts: Sequence[str], *, query: bool) -> "Tensor":
    """Return the texts' vectors in their order, (texts, dimension), of whatever length the model makes them."""
    import torch

    rows = list(chunks(model, texts))
    found = torch.cat([forward(model, [texts[row] for row in each], query=query) for each in rows])
    return found[torch.from_numpy(np.argsort(np.concatenate(rows))).to(found.device)]


def forward(model: "SentenceTransformer", texts: Sequence[str], *, query: bool) -> "Tensor":
    """Return the vectors of texts that go through the model at once, behind its prompt for questions or passages."""
    prompt = model.prompts.get("query" if query else "document") or None
    features = model.preprocess(list(texts), prompt=prompt)
    on_device = {
        name: value.to(model.device) if hasattr(value, "to") else value for name, value in features.items()
    }
    vectors: Tensor = model(on_device)["sentence_embedding"]
    return vectors


def chunks(model: "SentenceTransformer", texts: Sequence[str]) -> Iterator[Rows]:
    """Yield the texts' rows in chunks of nearly one length."""
    size = CHUNK if model.device.type == "cpu" else GPU_CHUNK
    order = np.argsort([len(text) for text in texts], kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]
