"""Question -> hits."""

import logging
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.domain import Hit, Passage, Release, fits
from rag.errors import Unavailable
from rag.ports import DocumentStore, Encoder, Found, PassageIndex, Reranker, Where
from rag.questions.finding.copies import distinct

logger = logging.getLogger(__name__)

_SPARE = 10
"""Candidates searched for beyond the limit where some of them were deleted since the index saw them, or are copies."""
_DEEPER = (1, 4, 16, 64)
"""How many times as many after that, one after the other; of a text with more copies, the hits may be fewer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """What one question is answered with, from its start to its end."""

    epoch: int  # of the deployment
    release: Release
    encoder: Encoder
    index: PassageIndex
    reranker: Reranker | None = None  # the one the release names


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """What was found for a question, and how long it took."""

    hits: tuple[Hit, ...]  # best first
    vector: NDArray[np.float32] | None = None  # the question's, shape (dimension,)
    embed_ms: float = 0.0  # milliseconds the encoder took
    search_ms: float = 0.0  # milliseconds of everything after it: index, texts, cross-encoder

    @property
    def nearest(self) -> float:
        """Cosine of the hit nearest to the question, whatever its rank; -1, the smallest there is, without hits."""
        return max((hit.score for hit in self.hits), default=-1.0)


class Retriever:
    """Finds the passages for a question. The documents are the only truth about what may be cited."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self._away = False  # the database, at the last question

    def retrieve(
        self,
        pinned: Pinned,
        question: str,
        *,
        tenant: str,
        limit: int | None = None,
        where: Where | None = None,
    ) -> Retrieved:
        """Return the passages that answer the question best, in the order of the pinned release, ranks from 1.

        While the database is away, the index's own copies of the passages are given instead, so that questions
        are answered nevertheless: as fresh as the index is, and without neighbours.

        At most `limit` hits are given, by default the release's `top_k`. A passage that SQL no longer holds is left
        out, even where the index still has it, so a deleted passage is never shown or cited. The same text in several
        documents is one hit.

        Raises:
            Unavailable: the index does not answer.
        """
        retrieval = pinned.release.retrieval
        limit = retrieval.top_k if limit is None else limit
        began = time.perf_counter()
        vector = pinned.encoder.encode_queries([question])[0]  # (dimension,)
        embedded = time.perf_counter()
        for depth in (limit, *(times * (limit + _SPARE) for times in _DEEPER)):
            found = candidates(pinned, question, vector, tenant=tenant, limit=depth, where=where)
            alive, copies = distinct(self._alive(found, tenant=tenant, where=where))
            if len(alive) >= limit or len(found) < depth:
                break
        best = reranked(pinned, question, alive)[:limit]
        around = self._around([each.passage for each in best], reach=retrieval.neighbours)
        hits = tuple(
            Hit(
                passage=each.passage,
                rank=rank,
                score=each.score,
                neighbours=around.get(each.passage.id, ()),
                also_in=copies.get(each.passage.id, ()),
            )
            for rank, each in enumerate(best, start=1)
        )
        ended = time.perf_counter()
        return Retrieved(
            hits=hits,
            vector=vector,
            embed_ms=(embedded - began) * 1_000,
            search_ms=(ended - embedded) * 1_000,
        )

    def _alive(self, found: Sequence[Found], *, tenant: str, where: Where | None) -> list[Found]:
        """Return those that exist now, belong to the tenant and fit the metadata filter, in their order."""
        present = self._present(found, whole=bool(where))
        return [
            Found(passage=passage, score=each.score)
            for each in found
            if (passage := present.get(each.passage.id)) is not None
            and passage.tenant == tenant
            # The index may be older than what SQL says.
            and fits(passage.metadata, where)
        ]

    def _present(self, found: Sequence[Found], *, whole: bool) -> dict[str, Passage]:
        """Return id -> passage of the found passages that exist now.

        A passage's id is bound to its tenant, uri, position, title and text, so the index's copy is the passage where
        the id is still there. Only metadata may be newer in SQL: `whole` reads it as it is now.
        """
        ids = [each.passage.id for each in found]
        try:
            if whole:
                present = self._documents.passages(ids)
            else:
                existing = self._documents.existing(ids)
                present = {each.passage.id: each.passage for each in found if each.passage.id in existing}
        except Unavailable as error:
            self._say(away=error)
            return {each.passage.id: each.passage for each in found}
        self._say(away=None)
        return present

    def _around(self, passages: Collection[Passage], *, reach: int) -> dict[str, tuple[Passage, ...]]:
        # A database that was away a moment ago would only keep the question waiting once more.
        if not reach or not passages or self._away:
            return {}
        try:
            around = self._documents.neighbours(passages, reach=reach)
        except Unavailable as error:
            self._say(away=error)
            return {}
        return {passage_id: tuple(others) for passage_id, others in around.items()}

    def _say(self, *, away: Unavailable | None) -> None:
        with self._lock:
            before, self._away = self._away, away is not None
        if away is not None and not before:
            logger.warning("questions are answered from the index's own copies of the passages: %s", away)
        elif away is None and before:
            logger.info("passages are read from the database again")


def candidates(
    pinned: Pinned,
    question: str,
    vector: NDArray[np.float32],
    *,
    tenant: str,
    limit: int,
    where: Where | None = None,
) -> list[Found]:
    """Return `limit` passages or more, best first, where the tenant has as many; `vector` is the question's.

    The index is searched as the release says, deep enough for its cross-encoder.
    """
    retrieval = pinned.release.retrieval
    depth = limit if pinned.reranker is None else max(limit, retrieval.rerank_depth)
    return pinned.index.search(
        vector, tenant=tenant, limit=depth, text=question, dense_weight=retrieval.dense_weight, where=where
    )


def reranked(pinned: Pinned, question: str, found: Sequence[Found]) -> list[Found]:
    """Order the best `rerank_depth` anew by the release's cross-encoder; the others follow as they were.

    Retrieve first and read together second (Nogueira and Cho, "Passage Re-ranking with BERT", 2019). Without a
    cross-encoder nothing changes.
    """
    if pinned.reranker is None or not found:
        return list(found)
    depth = pinned.release.retrieval.rerank_depth
    read, rest = found[:depth], found[depth:]
    scores = pinned.reranker.scores(question, [each.passage.embedded_text for each in read])
    # Stable, so that passages it cannot tell apart stay as they were found.
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    return [*(read[at] for at in order), *rest]
