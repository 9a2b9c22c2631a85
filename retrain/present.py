"""What is there today: one tenant's documents, and the release that serves. Retraining starts from it."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from rag.domain import Document, Passage
from rag.ports import DocumentStore, ReleaseStore
from rag.releases.models import Models
from rag.releases.trials import Scratch, TrialIndexes, trial_indexes


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """One tenant's documents, the releases with their models, and a place to try releases out over the documents."""

    tenant: str
    documents: DocumentStore
    releases: ReleaseStore
    models: Models
    scratch: Scratch

    def corpus(self) -> list[Passage]:
        """Return every passage, those of a document together."""
        return [passage for batch in self.documents.all_passages(tenant=self.tenant) for passage in batch]

    def all_documents(self) -> Iterator[Document]:
        """Yield every document, read page by page."""
        after = ""
        while page := self.documents.page(tenant=self.tenant, after=after, limit=500):
            yield from page
            after = page[-1].id

    def trial_indexes(self, corpus: Sequence[Passage]) -> AbstractContextManager[TrialIndexes]:
        """Return a context in which releases can be tried out over the corpus."""
        return trial_indexes(corpus, tenant=self.tenant, cache=self.models.cache, scratch=self.scratch)
