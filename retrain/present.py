"""What is there today: one tenant's documents, and the release that serves. Retraining starts from it."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from rag.domain import Document, Passage, Release
from rag.errors import NotReady
from rag.ports import DocumentStore, EmbeddingCache, Encoder, EncoderStore, ReleaseStore, RerankerStore
from rag.releases.models import LoadedRelease, load_release
from rag.releases.trials import Scratch, TrialIndexes, trial_indexes


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """One tenant's documents, the live release, and a place to try releases out over them."""

    tenant: str
    documents: DocumentStore
    releases: ReleaseStore
    encoders: EncoderStore
    cache: EmbeddingCache
    scratch: Scratch  # where releases are tried out
    rerankers: RerankerStore | None = None  # has the cross-encoders that releases may name

    def corpus(self) -> list[Passage]:
        """Read every passage, documents whole."""
        return [passage for batch in self.documents.all_passages(tenant=self.tenant) for passage in batch]

    def all_documents(self) -> Iterator[Document]:
        """Read every document, page by page."""
        after = ""
        while page := self.documents.page(tenant=self.tenant, after=after, limit=500):
            yield from page
            after = page[-1].id

    def live(self) -> Release:
        """Return what serves.

        Raises:
            NotReady: nothing is live yet.
        """
        deployment = self.releases.deployment()
        if deployment is None:
            raise NotReady(
                "Nothing is live yet, so there is nothing to improve: start `whetstone serve` once."
            )
        return self.releases.get(deployment.release)

    def cast(self, release: Release, encoder: Encoder | None = None) -> LoadedRelease:
        """Load what a release names, but for an encoder that is given."""
        return load_release(release, self.encoders, self.rerankers, encoder=encoder)

    def trial_indexes(self, corpus: Sequence[Passage]) -> AbstractContextManager[TrialIndexes]:
        """Let releases be tried out over the corpus."""
        return trial_indexes(corpus, tenant=self.tenant, cache=self.cache, scratch=self.scratch)
