"""Question -> hits. Knows nothing of prompts, answers or how a release goes live."""

from dataclasses import dataclass

from rag.domain import Hit, Release
from rag.ports import DocumentStore, Encoder, PassageIndex

_SPARE = 10
"""Candidates searched for beyond the limit: they fill up for passages deleted since the index saw them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """What one question is answered with, from its start to its end."""

    epoch: int  # of the deployment
    release: Release
    encoder: Encoder
    index: PassageIndex


class Retriever:
    """Finds the passages for a question."""

    def __init__(self, documents: DocumentStore) -> None:
        """Read the passages' text from `documents`, the only truth about what may be cited."""
        self._documents = documents

    def retrieve(self, pinned: Pinned, question: str, *, tenant: str, limit: int | None = None) -> list[Hit]:
        """Give the passages nearest to the question, best first, ranks from 1.

        Args:
            pinned: the release to search with.
            question: any text that is not blank.
            tenant: whose passages may be found.
            limit: most hits given; None means the release's `top_k`.

        Returns:
            At most `limit` hits. A passage that SQL no longer holds is left out, even where the index
            still has it, so a deleted passage is never shown or cited.
        """
        limit = pinned.release.retrieval.top_k if limit is None else limit
        vector = pinned.encoder.encode_queries([question])[0]  # (dimension,)
        found = pinned.index.search(vector, tenant=tenant, limit=limit + _SPARE, text=question)
        passages = self._documents.passages([each.passage.id for each in found])
        alive = [
            (passages[each.passage.id], each.score)
            for each in found
            if each.passage.id in passages and passages[each.passage.id].tenant == tenant
        ]
        return [
            Hit(passage=passage, rank=rank, score=score)
            for rank, (passage, score) in enumerate(alive[:limit], start=1)
        ]
