"""An encoder artefact's export, run by OpenVINO: no torch. Knows nothing of where artefacts come from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.adapters.models.openvino.model import OpenVinoModel, Precision, Reading, count_tokens, tokenizer
from rag.ports import Vectors


class OpenVinoEncoder:
    """An exported transformer as an `Encoder`. May be shared by threads."""

    digest: str
    passages_digest: str
    dimension: int

    def __init__(
        self,
        folder: Path,
        *,
        digest: str,
        precision: Precision = "f32",
        threads: int | None = None,
        batch: int = 32,
    ) -> None:
        """Load the checked export in `folder`.

        Args:
            folder: what `openvino_export` wrote.
            digest: what the artefact is known as.
            precision: what matrices are multiplied in.
            threads: of one computation; None: as many as there are cores.
            batch: most texts that go through the model at once.
        """
        self._model = OpenVinoModel(folder, precision=precision, threads=threads, batch=batch)
        self._tokenizer = tokenizer(folder)
        self._reading = Reading.read(folder)
        self.digest = self.passages_digest = digest
        self.dimension = self._model.width

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions with the model's query prompt: (len(texts), dimension), unit length.

        A text without any token gives a row of zeros: it is like nothing.
        """
        return self._encode(texts, self._reading.query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages with the model's document prompt: shape and units as for questions."""
        return self._encode(texts, self._reading.document_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, uncut and without special ones."""
        return count_tokens(self._tokenizer, texts)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = self._model.rows(self._tokenizer.encode_batch([prompt + text for text in texts]))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors
