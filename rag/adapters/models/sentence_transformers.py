"""Encoders and cross-encoders, loaded with sentence-transformers and torch."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from rag.ports import Encoder, Reranker, Vectors
from rag.text.forms import plain

_SAFELY: dict[str, Any] = {
    "local_files_only": True,
    "trust_remote_code": False,
    "model_kwargs": {"use_safetensors": True},
}
"""How a folder is loaded: no code of its own, nothing from the hub."""


class SentenceTransformerEncoder(Encoder):
    """A sentence-transformers folder as an `Encoder`. May be shared by threads; they take turns."""

    def __init__(self, folder: Path, *, digest: str, threads: int | None = None, batch: int = 32) -> None:
        """Load the checked artefact in `folder`: safetensors only, nothing from the network, no custom code.

        `threads` are torch's, for everything in this process; None leaves them. `batch` texts go through at once.
        """
        from sentence_transformers import SentenceTransformer

        _prepare(threads)
        self._model = SentenceTransformer(str(folder), **_SAFELY)
        self._model.eval()
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            dimension = len(self._model.encode("dimension", show_progress_bar=False))
        self.digest = self.passages_digest = digest
        self.dimension = int(dimension)
        self._batch = batch
        # Fast tokenisers change their own padding while they work: two threads would disturb each other.
        self._lock = threading.Lock()

    @override
    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions with the model's query prompt; a static encoder gives zeros for a text without any token."""
        return self._encode(texts, query=True)

    @override
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages with the model's document prompt."""
        return self._encode(texts, query=False)

    @override
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        tokenizer = self._model.tokenizer
        with self._lock:
            if hasattr(tokenizer, "encode_batch"):
                return [
                    len(each.ids) for each in tokenizer.encode_batch(list(texts), add_special_tokens=False)
                ]
            return [len(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def _encode(self, texts: Sequence[str], *, query: bool) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        encode = self._model.encode_query if query else self._model.encode_document
        with self._lock:
            vectors = encode(
                [plain(text) for text in texts],
                batch_size=self._batch,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)


class CrossEncoderReranker(Reranker):
    """A cross-encoder's folder as a `Reranker`. May be shared by threads; they take turns."""

    def __init__(self, folder: Path, *, digest: str, threads: int | None = None, batch: int = 32) -> None:
        """Load the checked artefact in `folder`; arguments as for `SentenceTransformerEncoder`."""
        import torch
        from sentence_transformers import CrossEncoder

        _prepare(threads)
        self._model = CrossEncoder(str(folder), **_SAFELY)
        self._model.eval()
        self._logits = torch.nn.Identity()
        self.digest = digest
        self._batch = batch
        self._lock = threading.Lock()

    @override
    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Return the model's logits."""
        if not passages:
            return np.empty(0, dtype=np.float32)
        with self._lock:
            scores = self._model.predict(
                [(plain(question), plain(passage)) for passage in passages],
                batch_size=self._batch,
                show_progress_bar=False,
                activation_fn=self._logits,
            )
        return np.asarray(scores, dtype=np.float32)


def _prepare(threads: int | None) -> None:
    import torch
    from transformers.utils import logging

    if threads is not None:
        torch.set_num_threads(threads)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers left it without types
