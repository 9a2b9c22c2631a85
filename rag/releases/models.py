"""The models that releases name, and the embeddings that their encoders made."""

from dataclasses import dataclass

from rag.domain import Release
from rag.ports import EmbeddingCache, Encoder, EncoderStore, Reranker, RerankerStore


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedRelease:
    """A release with the models it names in memory."""

    release: Release
    encoder: Encoder
    reranker: Reranker | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Models:
    """Where models are loaded from, and what encoding passages gave before."""

    encoders: EncoderStore
    rerankers: RerankerStore
    cache: EmbeddingCache

    def load(
        self, release: Release, *, encoder: Encoder | None = None, reranker: Reranker | None = None
    ) -> LoadedRelease:
        """Return the release with its models loaded, but for those that are given because they are loaded already.

        Raises:
            NotFound: a model is not there.
            ArtefactTampered, ArtefactUnsafe: as for `EncoderStore.load`.
        """
        named = release.retrieval.reranker
        return LoadedRelease(
            release=release,
            encoder=encoder or self.encoders.load(release.encoder),
            reranker=reranker if named is None or reranker is not None else self.rerankers.load(named),
        )
