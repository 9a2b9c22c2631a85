"""A release's whole retrieval, tried over a corpus in an index of its own, before or beside what serves.

What is measured is what would be given: the same index, words, context, fusion and cross-encoder as a question gets.
Knows nothing of metrics.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass

from rag.domain import Passage, Release
from rag.errors import NotFound
from rag.ports import (
    EmbeddingCache,
    Encoder,
    EncoderStore,
    Found,
    IndexStore,
    Reranker,
    RerankerStore,
)
from rag.questions.retrieval import Pinned, candidates, reranked
from rag.releases.indexing import ReleaseVectors

Scratch = Callable[[], AbstractContextManager[IndexStore]]
"""Gives a place for indexes that is gone afterwards, with everything in it."""

_AT_ONCE = 1_000  # passages in one write


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """A release with the models it names, loaded."""

    release: Release
    encoder: Encoder
    reranker: Reranker | None = None


def load_cast(
    release: Release,
    encoders: EncoderStore,
    rerankers: RerankerStore | None,
    *,
    encoder: Encoder | None = None,
) -> Cast:
    """Load the models a release names, but for an encoder that is loaded already.

    Raises:
        NotFound: a model is not there, or there is no place to load the cross-encoder from.
        ArtefactTampered, ArtefactUnsafe: as for `EncoderStore.load`.
    """
    named = release.retrieval.reranker
    if named is not None and rerankers is None:
        raise NotFound(
            f"Release {release.digest[:16]} orders its hits with the cross-encoder {named[:16]}, but there is no "
            "folder of cross-encoders to load it from."
        )
    return Cast(
        release=release,
        encoder=encoder or encoders.load(release.encoder),
        reranker=rerankers.load(named) if named is not None and rerankers is not None else None,
    )


class Rehearsal:
    """A release that can be asked."""

    def __init__(self, pinned: Pinned, *, tenant: str) -> None:
        """Ask `pinned`; only the tenant's passages are found."""
        self._pinned = pinned
        self._tenant = tenant

    def find(self, questions: Sequence[str], *, limit: int) -> list[list[Found]]:
        """Give for each question at most `limit` passages, best first, as they would be given live."""
        if not questions:
            return []
        vectors = self._pinned.encoder.encode_queries(list(questions))  # (questions, dimension)
        return [
            reranked(
                self._pinned,
                question,
                candidates(self._pinned, question, vector, tenant=self._tenant, limit=limit),
            )[:limit]
            for question, vector in zip(questions, vectors, strict=True)
        ]

    def rank(self, questions: Sequence[str], *, limit: int) -> list[list[str]]:
        """Give the same as passage ids."""
        return [[each.passage.id for each in found] for found in self.find(questions, limit=limit)]


@contextmanager
def rehearsal(
    cast: Cast,
    passages: Iterable[Sequence[Passage]],
    *,
    tenant: str,
    cache: EmbeddingCache,
    scratch: Scratch,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Rehearsal]:
    """Put a corpus into a temporary index of the release, and let it be asked while in the context.

    Args:
        cast: the release, with its models.
        passages: the corpus, in batches of whole documents; read once.
        tenant: whose passages are searched; other tenants' may be among them.
        cache: of passages' embeddings.
        scratch: where the index is made.
        check: called before every batch; what it raises ends the work.
    """
    vectors = ReleaseVectors(cast.release, cast.encoder, cache)
    with scratch() as indexes, closing(indexes.open(cast.release, create=True)) as index:
        for batch in passages:
            check()
            rows = vectors.of(batch)
            for start in range(0, len(batch), _AT_ONCE):
                index.upsert(batch[start : start + _AT_ONCE], rows[start : start + _AT_ONCE])
        pinned = Pinned(
            epoch=0, release=cast.release, encoder=cast.encoder, index=index, reranker=cast.reranker
        )
        yield Rehearsal(pinned, tenant=tenant)
