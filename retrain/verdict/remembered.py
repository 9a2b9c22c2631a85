"""Vectors of the texts that were embedded last, so that what several questions and both sides read is embedded once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.ports import Encoder, Vectors

MOST = 20_000
"""Vectors kept: some 30 MB of 384 numbers each."""


class LastVectors:
    """The vectors of the last texts, by the encoder whose vectors they are."""

    def __init__(self, most: int = MOST) -> None:
        """Keep at most so many."""
        self._most = most
        self._kept: dict[tuple[str, str], NDArray[np.float32]] = {}

    def of(self, encoder: Encoder, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages, embedding those that are not kept: shape (texts, dimension)."""
        digest = encoder.passages_digest
        there = {text: self._kept.pop((digest, text), None) for text in dict.fromkeys(texts)}
        new = [text for text, vector in there.items() if vector is None]
        if new:
            there |= dict(zip(new, encoder.encode_passages(new), strict=True))
        # Taken out and put in again, so that the order is that of their last use.
        self._kept |= {(digest, text): vector for text, vector in there.items() if vector is not None}
        for oldest in list(self._kept)[: max(0, len(self._kept) - self._most)]:
            del self._kept[oldest]
        rows = [vector for text in texts if (vector := there[text]) is not None]
        return np.stack(rows) if rows else np.empty((0, encoder.dimension), dtype=np.float32)


class Remembering(Encoder):
    """An encoder that takes the vectors of passages from those that are kept."""

    def __init__(self, encoder: Encoder, kept: LastVectors) -> None:
        """Ask `encoder` for what is not in `kept`; several encoders may share it."""
        self._encoder = encoder
        self._kept = kept
        self.digest = encoder.digest
        self.passages_digest = encoder.passages_digest
        self.dimension = encoder.dimension

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions."""
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, each once."""
        return self._kept.of(self._encoder, texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens."""
        return self._encoder.count_tokens(texts)
