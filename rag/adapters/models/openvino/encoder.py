"""An encoder artefact's export, run by OpenVINO: no torch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from typing_extensions import override

from rag.adapters.models.openvino.model import OpenVinoModel, Precision, count_tokens, tokenizer
from rag.ports import Encoder, Vectors
from rag.text.forms import plain


class OpenVinoEncoder(Encoder):
    """An exported transformer as an `Encoder`. May be shared by threads."""

    def __init__(
        self,
        folder: Path,
        *,
        digest: str,
        precision: Precision = "f32",
        threads: int | None = None,
        batch: int = 32,
    ) -> None:
        """Load the checked export in `folder`; the other arguments are `OpenVinoModel`'s."""
        self._model = OpenVinoModel(folder, precision=precision, threads=threads, batch=batch)
        self._tokenizer = tokenizer(folder)
        self.digest = self.passages_digest = digest
        self.dimension = self._model.width

    @override
    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions with the model's query prompt; a text without any token gives zeros: it is like nothing."""
        return self._encode(texts, self._model.reading.query_prompt)

    @override
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages with the model's document prompt."""
        return self._encode(texts, self._model.reading.document_prompt)

    @override
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return count_tokens(self._tokenizer, texts)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = self._model.rows(self._tokenizer.encode_batch([prompt + plain(text) for text in texts]))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors
