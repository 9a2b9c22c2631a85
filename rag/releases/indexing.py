"""Passages from SQL into the index of one release: backfill, catch up, verify.

SQL holds the truth; an index is a projection of it that can be killed at any moment and goes on where it was.
One owner at a time writes to it; who that is, is decided elsewhere.
"""

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage, Release
from rag.errors import NotFound
from rag.ports import DocumentStore, EmbeddingCache, Encoder, IndexCursors, PassageIndex, Progress
from rag.releases.vectors import ReleaseVectors

SAME = 0.9999
"""Cosine at and above which two embeddings of one text count as equal; batching alone moves the last digits."""

_NAMED = 3  # ids given as examples in a problem
_MOST_CONTEXT = 8  # passages embedded anew for one drawn, where a vector depends on the whole document


class Indexing:
    """Brings indexes to the present state of the documents and tells how far they are."""

    def __init__(
        self, documents: DocumentStore, cursors: IndexCursors, cache: EmbeddingCache, *, batch: int = 256
    ) -> None:
        """Write `batch` passages at a time."""
        self._documents = documents
        self._cursors = cursors
        self._cache = cache
        self._batch = batch

    def backfill(
        self,
        release: Release,
        encoder: Encoder,
        index: PassageIndex,
        *,
        progress: Progress = lambda *_: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Write every passage to a new index; goes on where it was killed, does nothing where it was through.

        What changes meanwhile is left to `catch_up`: the index's cursor stands where the change log ended before
        the first passage was read. A batch is whole documents; `check` is called before it, and ends the work by
        raising.
        """
        name = release.index_name
        if self._begin(name):
            return
        vectors = ReleaseVectors(release, encoder, self._cache, batch=self._batch)
        after = self._cursors.backfill(name) or ""
        total, done = len(self._documents.passage_ids()), index.count() if after else 0
        for passages in self._documents.all_passages(after=after, batch=self._batch):
            check()
            vectors.write(passages, index)
            self._cursors.set_backfill(name, passages[-1].document_id)
            done += len(passages)
            progress(done, max(done, total), "passages")
        self._cursors.set_backfill(name, None)

    def catch_up(self, release: Release, encoder: Encoder, index: PassageIndex, *, limit: int = 200) -> int:
        """Apply the change log to the index, `limit` changes at a time; return how many were applied.

        A document is brought to its present state, whatever and however often it changed, so that repeating
        after a kill does no harm.

        Raises:
            NotFound: the index was never backfilled.
        """
        cursor = self._cursors.cursor(index.name)
        if cursor is None:
            raise NotFound(f"Nothing is known of the index {index.name}; backfill it first.")
        vectors = ReleaseVectors(release, encoder, self._cache, batch=self._batch)
        applied = 0
        while changes := self._documents.changes(after=cursor, limit=limit):
            changed = {change.document_id for change in changes}
            present = self._documents.passages_of(changed)
            for some in self._batches(present.values()):
                vectors.write(some, index)
            index.delete_documents(changed, keep={p.id for of_one in present.values() for p in of_one})
            cursor = changes[-1].seq
            self._cursors.set_cursor(index.name, cursor)
            applied += len(changes)
        return applied

    def lag(self, index_name: str) -> int | None:
        """Return how many changes the index is behind; None where it is not known or its backfill is not through."""
        cursor = self._cursors.cursor(index_name)
        if cursor is None or self._cursors.backfill(index_name) is not None:
            return None
        return self._documents.last_change() - cursor

    def reached(self, index_name: str) -> int | None:
        """Return the last change the index holds; None where it is not known or its backfill is not through."""
        cursor = self._cursors.cursor(index_name)
        return None if self._cursors.backfill(index_name) is not None else cursor

    def forget(self, index_name: str) -> None:
        """Forget how far an index is, because it is gone; the next backfill starts from nothing."""
        self._cursors.forget(index_name)

    def verify(
        self, release: Release, encoder: Encoder, index: PassageIndex, *, sample: int, seed: int
    ) -> list[str]:
        """Compare the index with the documents; return what is wrong as sentences, none where all is well.

        So many passages as `sample` says, drawn by `seed`, are embedded anew, without the cache, and compared.
        """
        problems = []
        lag = self.lag(index.name)
        if lag is None:
            problems.append(f"The index {index.name} was not filled to the end.")
        elif lag:
            problems.append(f"Changes not applied to the index {index.name}: {lag}.")
        expected, actual = self._documents.passage_ids(), index.ids()
        if missing := expected - actual:
            problems.append(
                f"Passages missing from the index: {len(missing)} of {len(expected)}, e.g. {_some(missing)}."
            )
        if extra := actual - expected:
            problems.append(f"Passages in the index that no document has: {len(extra)}, e.g. {_some(extra)}.")
        both = sorted(expected & actual)
        drawn = random.Random(seed).sample(both, min(sample, len(both)))
        return problems + self._compare(drawn, release, encoder, index)

    def _begin(self, name: str) -> bool:
        """Open the books on an index; True where its backfill is through already."""
        cursor, checkpoint = self._cursors.cursor(name), self._cursors.backfill(name)
        if cursor is None:
            # The checkpoint comes first: a cursor alone says that the backfill is through.
            if checkpoint is None:
                self._cursors.set_backfill(name, "")
            self._cursors.set_cursor(name, self._documents.last_change())
            return False
        return checkpoint is None

    def _batches(self, documents: Iterable[Sequence[Passage]]) -> Iterator[list[Passage]]:
        """Put whole documents together until a batch is full."""
        some: list[Passage] = []
        for passages in documents:
            if some and len(some) + len(passages) > self._batch:
                yield some
                some = []
            some.extend(passages)
        if some:
            yield some

    def _sampled(self, drawn: Sequence[str], vectors: ReleaseVectors) -> list[Passage]:
        """Return the drawn passages, with the rest of their documents where a vector depends on it."""
        # A passage deleted since it was drawn is not here any more, and the change log will tell.
        passages = list(self._documents.passages(drawn).values())
        if not vectors.by_document:
            return passages
        sampled: list[Passage] = []
        for document_id in dict.fromkeys(passage.document_id for passage in passages):
            # Long documents must not turn the sample into the whole corpus.
            if len(sampled) >= _MOST_CONTEXT * len(drawn):
                break
            sampled += self._documents.passages_of([document_id]).get(document_id, [])
        return sampled

    def cosines(
        self, drawn: Sequence[str], release: Release, encoder: Encoder, index: PassageIndex
    ) -> dict[str, float | None]:
        """Return id -> cosine of the stored vector and that of the text embedded anew, without the cache.

        None where the index does not hold it. Where a vector depends on the whole document, other passages of the
        drawn ones' documents are among them, and of very long documents some that were drawn are not.
        """
        vectors = ReleaseVectors(release, encoder, self._cache, batch=self._batch)
        passages = self._sampled(drawn, vectors)
        stored = index.vectors([passage.id for passage in passages])
        fresh = vectors.fresh(passages)
        return {
            passage.id: _cosine(stored[passage.id], vector) if passage.id in stored else None
            for passage, vector in zip(passages, fresh, strict=True)
        }

    def _compare(
        self, drawn: Sequence[str], release: Release, encoder: Encoder, index: PassageIndex
    ) -> list[str]:
        known = self.cosines(drawn, release, encoder, index)
        cosines = {key: cosine for key, cosine in known.items() if cosine is not None}
        wrong = {passage_id for passage_id, cosine in cosines.items() if not cosine >= SAME}
        if not wrong:
            return []
        worst = min(cosines.values())
        return [
            f"Passages with another vector than their text gives: {len(wrong)} of {len(cosines)} drawn "
            f"(lowest cosine {worst:.4f}), e.g. {_some(wrong)}."
        ]


def _cosine(stored: NDArray[np.float32], fresh: NDArray[np.float32]) -> float:
    """Return the cosine of two vectors; 1 where both are zero, as blank text is in a static encoder."""
    lengths = float(np.linalg.norm(stored) * np.linalg.norm(fresh))
    if not lengths:
        return float(not np.any(stored) and not np.any(fresh))
    return float(stored @ fresh) / lengths


def _some(ids: Collection[str]) -> str:
    return ", ".join(sorted(ids)[:_NAMED])
