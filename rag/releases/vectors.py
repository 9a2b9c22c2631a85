"""The vectors that passages have in a release."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage, Release
from rag.domain.identity import sha256_text
from rag.ports import EmbeddingCache, Encoder, PassageIndex, Vectors
from rag.text.forms import plain


class Embedder:
    """Embeds passages, each text once."""

    def __init__(self, encoder: Encoder, cache: EmbeddingCache, *, batch: int = 256) -> None:
        """Embed with `encoder`, keeping and reusing results in `cache`; `batch` texts are kept at a time."""
        self._encoder = encoder
        self._cache = cache
        self._batch = batch

    def passages(self, passages: Sequence[Passage]) -> Vectors:
        """Return the passages' vectors in their order: shape (len(passages), dimension), unit length."""
        keys = [_key(passage) for passage in passages]
        texts = {key: passage.embedded_text for key, passage in zip(keys, passages, strict=True)}
        known = self._cache.get(self._encoder.passages_digest, list(texts))
        # Texts of like length share a batch, so that little is spent on padding.
        missing = sorted(
            texts.keys() - known.keys(), key=lambda text_hash: (len(texts[text_hash]), text_hash)
        )
        for start in range(0, len(missing), self._batch):
            some = missing[start : start + self._batch]
            vectors = self._encoder.encode_passages([texts[text_hash] for text_hash in some])
            self._cache.put(self._encoder.passages_digest, some, vectors)
            known.update(zip(some, vectors, strict=True))
        if not passages:
            return np.empty((0, self._encoder.dimension), dtype=np.float32)
        return np.stack([known[key] for key in keys])


class ReleaseVectors:
    """The vectors that passages have in one release: their own, joined with their document's where it says so."""

    def __init__(
        self, release: Release, encoder: Encoder, cache: EmbeddingCache, *, batch: int = 256
    ) -> None:
        """Embed with `encoder`, the release's; `cache` keeps the passages' own vectors, whatever is joined to them."""
        self._release = release
        self._encoder = encoder
        self._batch = batch
        self._embedder = Embedder(encoder, cache, batch=batch)

    def of(self, passages: Sequence[Passage]) -> Vectors:
        """Return the passages' vectors in their order: shape (len(passages), dimension), unit length.

        Where documents count, the passages are whole documents: a vector depends on all of its document's passages.
        """
        return self._joined(passages, self._embedder.passages(passages))

    def fresh(self, passages: Sequence[Passage]) -> Vectors:
        """Return what `of` gives, without the cache."""
        return self._joined(passages, self._encoder.encode_passages([p.embedded_text for p in passages]))

    def write(self, passages: Sequence[Passage], index: PassageIndex) -> None:
        """Write the passages, whole documents as for `of`, to the release's index, a batch at a time."""
        rows = self.of(passages)
        for start in range(0, len(passages), self._batch):
            end = start + self._batch
            index.upsert(passages[start:end], rows[start:end])

    @property
    def by_document(self) -> bool:
        """Whether a passage's vector depends on its document's other passages."""
        return self._release.retrieval.context_weight > 0

    def _joined(self, passages: Sequence[Passage], plain: Vectors) -> Vectors:
        return in_context(passages, plain, self._release.retrieval.context_weight)


def in_context(passages: Sequence[Passage], plain: Vectors, weight: float) -> Vectors:
    """Join each passage's vector with its document's: normalise((1 - w) v_passage + w v_document).

    v_document is the normalised mean of the vectors of its passages. A question's cosine with the sum is, up to the
    length, the weighted mean of its cosines with passage and document: passage-level and document-level evidence
    together find more than either (Callan, "Passage-Level Evidence in Document Retrieval", 1994). Günther et al.
    ("Late Chunking", 2024) reach for the same context inside a long-context encoder; the mean is our way, because it
    needs no other encoder and plain vectors can be cached. Of a document with one passage nothing changes.

    The passages are whole documents, in any order; w is from 0 to below 1. `plain`, their own vectors, and what is
    returned have the shape (len(passages), dimension) and unit length.
    """
    if not weight or not passages:
        return plain
    numbers: dict[str, int] = {}
    of = np.array([numbers.setdefault(p.document_id, len(numbers)) for p in passages])
    sums = np.zeros((len(numbers), plain.shape[1]))
    np.add.at(sums, of, plain)
    joined = (1 - weight) * plain + weight * _normalised(sums)[of]
    # A document of one passage keeps its vector to the last digit.
    alone = np.bincount(of)[of] == 1
    return np.where(alone[:, None], plain, _normalised(joined)).astype(np.float32)


def _key(passage: Passage) -> str:
    """Return the hash of what the encoder sees of a passage: its form, which is mostly its text as it stands."""
    seen = plain(passage.embedded_text)
    return passage.text_hash if seen == passage.embedded_text else sha256_text(seen)


def _normalised(rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Bring rows to unit length; rows of zeros, as blank text gives in a static encoder, stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: NDArray[np.float64] = rows / np.where(lengths, lengths, 1.0)
    return result
