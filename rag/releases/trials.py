"""A release's whole retrieval, tried over a corpus in an index of its own, before or beside what serves.

A trial uses the same index, fusion, context and cross-encoder as a live request. Releases whose indexes would hold the
same share one, so that trying out how it is asked does not cost another.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.domain import Hit, Passage, Release
from rag.ports import EmbeddingCache, Found, IndexStore, PassageIndex, Vectors
from rag.questions.finding.copies import distinct
from rag.questions.finding.retrieval import Pinned, candidates, reranked
from rag.questions.support.evidence import read_evidence
from rag.questions.support.judging import judge
from rag.questions.writing.extracting import extracts
from rag.releases.models import LoadedRelease
from rag.releases.vectors import Embedder, ReleaseVectors

Scratch = Callable[[], AbstractContextManager[IndexStore]]
"""Makes a place for indexes that is gone afterwards, with everything in it."""

Embedded = dict[tuple[str, str], NDArray[np.float32]]
"""Encoder's digest and question -> its vector, shape (dimension,)."""


_SPARE = 10
"""Candidates searched for beyond the hits, as some are copies or left out."""
_DEEPER = (1, 4, 16)
"""How many times as many after that, one after the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialAnswer:
    """What an asker would get, without a language model."""

    hits: tuple[str, ...]  # ids of the passages that the answer may rest on, best first
    support: float  # probability that they answer
    # Ids of the passages quoted, in the order of the quotes; empty: the documents do not say.
    quoted: tuple[str, ...]


class Trial:
    """A release that can be asked."""

    def __init__(self, pinned: Pinned, *, tenant: str, embedded: Embedded | None = None) -> None:
        """Ask `pinned`; only the tenant's passages are found. Questions in `embedded` are not embedded again."""
        self._pinned = pinned
        self._tenant = tenant
        self._embedded: Embedded = {} if embedded is None else embedded

    def find(self, questions: Sequence[str], *, limit: int) -> list[list[Found]]:
        """Return for each question at most `limit` passages, best first, as a live request gets them.

        Copies of a text stay apart, unlike in a live request: labels may point at any of them.
        """
        return [
            reranked(
                self._pinned,
                question,
                candidates(self._pinned, question, vector, tenant=self._tenant, limit=limit),
            )[:limit]
            for question, vector in zip(questions, self.vectors(questions), strict=True)
        ]

    def receive(
        self, questions: Sequence[str], *, without: Sequence[Collection[str]] | None = None
    ) -> list[TrialAnswer]:
        """Return for each question what an asker would get without a language model.

        `without` are ids of documents for each question that are taken for not being there.
        """
        pinned = self._pinned
        retrieval = pinned.release.retrieval
        gone = without or [()] * len(questions)
        received = []
        for question, vector, left_out in zip(questions, self.vectors(questions), gone, strict=True):
            hits = self.hits(question, vector, left_out)
            evidence = read_evidence(question, hits, encoder=pinned.encoder, vector=vector)
            support = judge(evidence, pinned.release.support, encoder=pinned.encoder)
            answers = bool(hits) and support.probability >= retrieval.threshold
            quoted = [hits[each.rank - 1].passage.id for each in extracts(evidence)] if answers else []
            received.append(
                TrialAnswer(
                    hits=tuple(hit.passage.id for hit in hits),
                    support=support.probability,
                    quoted=tuple(dict.fromkeys(quoted)),
                )
            )
        return received

    def hits(self, question: str, vector: NDArray[np.float32], gone: Collection[str] = ()) -> list[Hit]:
        """Return a question's hits as a live request gets them; documents in `gone` are taken for not being there."""
        limit = self._pinned.release.retrieval.top_k
        for times in _DEEPER:
            depth = times * (limit + _SPARE)
            found = candidates(self._pinned, question, vector, tenant=self._tenant, limit=depth)
            left, _ = distinct([each for each in found if each.passage.document_id not in gone])
            if len(left) >= limit or len(found) < depth:
                break
        best = reranked(self._pinned, question, left)[:limit]
        return [Hit(passage=each.passage, rank=at, score=each.score) for at, each in enumerate(best, 1)]

    def vectors(self, questions: Sequence[str]) -> Vectors:
        """Embed questions, each once: shape (questions, dimension), unit length."""
        encoder = self._pinned.encoder
        new = [each for each in dict.fromkeys(questions) if (encoder.digest, each) not in self._embedded]
        if new:
            for question, vector in zip(new, encoder.encode_queries(new), strict=True):
                self._embedded[encoder.digest, question] = vector
        if not questions:
            return np.empty((0, encoder.dimension), dtype=np.float32)
        return np.stack([self._embedded[encoder.digest, question] for question in questions])

    def rank(self, questions: Sequence[str], *, limit: int) -> list[list[str]]:
        """Return the same as passage ids; without a cross-encoder to read them, no passage's text is fetched."""
        pinned = self._pinned
        if pinned.reranker is not None:
            return [[each.passage.id for each in found] for found in self.find(questions, limit=limit)]
        weight = pinned.release.retrieval.dense_weight
        return [
            pinned.index.order(vector, tenant=self._tenant, limit=limit, text=question, dense_weight=weight)
            for question, vector in zip(questions, self.vectors(questions), strict=True)
        ]


@contextmanager
def trial(
    loaded: LoadedRelease,
    passages: Iterable[Sequence[Passage]],
    *,
    tenant: str,
    cache: EmbeddingCache,
    scratch: Scratch,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Trial]:
    """Put a corpus into a temporary index of the release, and let it be asked while in the context.

    The passages come in batches of whole documents, and are read once; other tenants' may be among them. `check` is
    called before every batch; what it raises ends the work.
    """
    with scratch() as indexes, closing(indexes.open(loaded.release, create=True)) as index:
        _write(passages, loaded, index, cache, check)
        yield Trial(_asking(loaded, index), tenant=tenant)


class TrialIndexes:
    """Trials of several releases over one corpus, at the same time."""

    def __init__(
        self,
        corpus: Sequence[Passage],
        indexes: IndexStore,
        opened: ExitStack,
        *,
        tenant: str,
        cache: EmbeddingCache,
    ) -> None:
        """Make indexes in `indexes` as releases come, and have `opened` close them; see `trial_indexes`."""
        self.corpus = corpus
        self._indexes = indexes
        self._opened = opened
        self._tenant = tenant
        self._cache = cache
        self._made: list[tuple[Release, PassageIndex]] = []
        self._embedded: Embedded = {}

    def of(self, loaded: LoadedRelease) -> Trial:
        """Return the release to be asked, in an index that was made before where that one holds the same."""
        index = next((index for made, index in self._made if made.holds(loaded.release)), None)
        if index is None:
            index = self._opened.enter_context(closing(self._indexes.open(loaded.release, create=True)))
            _write([self.corpus], loaded, index, self._cache)
            self._made.append((loaded.release, index))
        return Trial(_asking(loaded, index), tenant=self._tenant, embedded=self._embedded)

    def plain(self, loaded: LoadedRelease) -> Vectors:
        """Return the corpus's own vectors, without their documents': shape (passages, dimension), unit length."""
        return Embedder(loaded.encoder, self._cache).passages(self.corpus)


@contextmanager
def trial_indexes(
    corpus: Sequence[Passage], *, tenant: str, cache: EmbeddingCache, scratch: Scratch
) -> Iterator[TrialIndexes]:
    """Let releases be tried out over one corpus while in the context; every index is gone afterwards.

    The corpus is whole documents; other tenants' may be among them.
    """
    with scratch() as indexes, ExitStack() as opened:
        yield TrialIndexes(corpus, indexes, opened, tenant=tenant, cache=cache)


def _asking(loaded: LoadedRelease, index: PassageIndex) -> Pinned:
    return Pinned(
        epoch=0, release=loaded.release, encoder=loaded.encoder, index=index, reranker=loaded.reranker
    )


def _write(
    passages: Iterable[Sequence[Passage]],
    loaded: LoadedRelease,
    index: PassageIndex,
    cache: EmbeddingCache,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Fill an index with the corpus, in batches of whole documents."""
    vectors = ReleaseVectors(loaded.release, loaded.encoder, cache)
    for batch in passages:
        check()
        vectors.write(batch, index)
