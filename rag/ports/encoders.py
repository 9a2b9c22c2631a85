"""Models that judge text, and where their artefacts live."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Row vectors of unit length, float32, shape (n, dimension)."""


class Encoder(Protocol):
    """An embedding model, loaded."""

    digest: str
    passages_digest: (
        str  # of the encoder whose vectors its passages have; a query-side adapter's is another's
    )
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions: shape (len(texts), dimension), rows of unit length."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: shape (len(texts), dimension), rows of unit length."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, uncut and without special ones: the measure of the prompt's budget."""


class ModelStore(Protocol):
    """Content-addressed artefacts of models."""

    def path(self, digest: str) -> Path:
        """Return an artefact's folder, after the same checks as `load`, made once a process."""

    def digests(self) -> frozenset[str]:
        """Every artefact's digest."""

    def drop(self, digest: str) -> None:
        """Delete an artefact; nothing happens where there is none."""


class EncoderStore(ModelStore, Protocol):
    """Artefacts of encoders."""

    def resolve(self, name: str) -> str:
        """Make the encoder `name` an artefact, where it is not one yet; return its digest.

        Args:
            name: ``minilm`` (all-MiniLM-L6-v2 from its package), ``static`` (distilled from it, about 30 s the first
                time), a folder, the digest of an artefact that is here, or a hub id.

        Raises:
            NotFound: it is none of these, or on the hub only and the hub may not be asked.
            ArtefactTampered: the package's weights are not the published ones.
            ArtefactUnsafe: it holds something other than safetensors and known modules.
        """

    def load(self, digest: str) -> Encoder:
        """Load an artefact after checking its files.

        Raises:
            NotFound: there is no such artefact.
            ArtefactTampered: a file does not match the digest.
            ArtefactUnsafe: it names a module that is not on the allow-list, or holds more than safetensors.
        """

    def register(self, folder: Path) -> str:
        """Copy a saved sentence-transformers folder in as an artefact; return its digest.

        Raises:
            NotFound: there is no such folder.
            ArtefactUnsafe: as for `load`.
        """

    def kind(self, digest: str) -> Literal["transformer", "static"]:
        """Tell which lane an artefact belongs to; NotFound where there is none."""

    def passages_digest(self, digest: str) -> str:
        """Return the digest of the encoder that an artefact embeds passages as.

        It is its own, but for a query-side adapter: that is a matrix on questions' vectors of another encoder, which
        is an artefact here too, and whose vectors its passages have.
        """

    def aliases(self) -> frozenset[str]:
        """Return digests of the encoders that names stand for: dropped, they would only be made again."""

    def describe(self, digest: str, card: str) -> None:
        """Put a model card, in Markdown, beside an artefact's files; its digest stays. NotFound where there is none."""


class EmbeddingCache(Protocol):
    """Embeddings by encoder digest and text hash; rebuildable, so never the truth."""

    def get(self, encoder: str, text_hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return what is known: text hash -> vector of shape (dimension,)."""

    def put(self, encoder: str, text_hashes: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors, shape (len(text_hashes), dimension); DimensionMismatch where they are not as many."""

    def drop(self, encoder: str) -> None:
        """Forget everything of one encoder."""


class Reranker(Protocol):
    """A cross-encoder, loaded."""

    digest: str

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Judge each passage beside the question: shape (len(passages),), the higher the better."""


class RerankerStore(ModelStore, Protocol):
    """Artefacts of cross-encoders."""

    def resolve(self, name: str) -> str:
        """Make the cross-encoder `name` an artefact, where it is not one yet; return its digest.

        Args:
            name: a folder, the digest of an artefact that is here, or a hub id.

        Raises:
            NotFound: it is none of these, or not a cross-encoder, or on the hub only and the hub may not be asked.
            ArtefactUnsafe: it holds something other than safetensors.
        """

    def known(self, name: str) -> str | None:
        """Return the digest of the artefact that is here by that digest or hub id; None where there is none."""

    def load(self, digest: str) -> Reranker:
        """Load one after checking its files; errors as for `EncoderStore.load`."""
