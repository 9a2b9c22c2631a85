"""Qdrant in process: a folder for each release, searched by the engine of the server.

Every search is exact. The engine could make a graph for approximate search, but holds up the whole process while it
does, and up to 50,000 passages comparing with all of them takes a few milliseconds; beyond, there is the server.
"""

import shutil
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from rag.adapters.qdrant.cursors import write_cursor
from rag.adapters.qdrant.folders import exists, hold, manifest, write_manifest
from rag.adapters.qdrant.index import INDEXED, WORDS, Point, Question, ReleaseIndex, Scored, has_words, verify
from rag.domain import Release
from rag.errors import IntegrityError, NotFound
from rag.ports import PassageIndex

if TYPE_CHECKING:
    from filelock import BaseFileLock
    from qdrant_edge import EdgeConfig, EdgeShard, Filter, QueryRequest

_TEMPORARY = ".making-"
_SHARD = "shard"
_PAGE = 10_000  # ids in one answer
_NO_GRAPH_KB = 1 << 40  # of vectors, above which the engine would make a graph


class _FolderIndex(ReleaseIndex):
    """One folder, held by this process until `close`."""

    def __init__(self, shard: "EdgeShard", release: Release, held: "BaseFileLock") -> None:
        super().__init__(release)
        self._shard = shard
        self._writing = threading.Lock()
        self._end = weakref.finalize(self, _let_go, shard, held)

    def ids(self) -> frozenset[str]:
        """Every passage id in the index."""
        return frozenset(self._scroll())

    def count(self) -> int:
        """Number of passages."""
        from qdrant_edge import CountRequest

        with self._calls():
            return self._shard.count(CountRequest(exact=True))

    def close(self) -> None:
        """Let go of the folder; a second call does nothing."""
        with self._writing:
            self._end()

    def _write(self, points: Sequence[Point]) -> None:
        import qdrant_edge as edge

        batch = []
        for point in points:
            vector: dict[str, Any] = {self._vector: point.vector}
            if point.words is not None:
                vector[WORDS] = edge.SparseVector(point.words.indices, point.words.values)
            batch.append(edge.Point(point.id, vector, point.payload))
        with self._writing, self._calls():
            self._shard.update(edge.UpdateOperation.upsert_points(batch))
            self._settle()

    def _delete(self, document_ids: Sequence[str], keep: Sequence[str]) -> None:
        import qdrant_edge as edge

        which = edge.Filter(
            must=[edge.FieldCondition("document_id", match=edge.MatchAny(list(document_ids)))],
            must_not=[edge.HasIdCondition({UUID(passage_id) for passage_id in keep})] if keep else None,
        )
        with self._writing, self._calls():
            self._shard.update(edge.UpdateOperation.delete_points_by_filter(which))
            self._settle()

    def _settle(self) -> None:
        """Put what was written on disk, and give back the room of replaced points once they are many."""
        self._shard.flush()
        if self._shard.optimize():
            self._shard.flush()

    def _find(self, question: Question) -> Iterator[Scored]:
        request = self._by_vector(question) if question.words is None else self._by_words(question)
        with self._calls():
            points = self._shard.query(request)
        for point in points:
            vector = point.vector
            yield Scored(
                id=str(point.id),
                score=point.score,
                payload=point.payload or {},
                vector=vector[self._vector] if isinstance(vector, dict) else None,  # type: ignore[arg-type]
            )

    def _by_vector(self, question: Question) -> "QueryRequest":
        import qdrant_edge as edge

        return edge.QueryRequest(
            question.limit,
            query=edge.Query.Nearest(question.vector, self._vector),
            filter=_filter(question),
            params=edge.SearchParams(exact=True),
            with_payload=not question.bare,
        )

    def _by_words(self, question: Question) -> "QueryRequest":
        """Ask for both kinds of candidates, judge all by vector and all by words, and add up what they are worth."""
        import qdrant_edge as edge

        assert question.words is not None  # noqa: S101 - what tells the two kinds of questions apart
        allowed = _filter(question)
        by_vector = edge.Query.Nearest(question.vector, self._vector)
        by_words = edge.Query.Nearest(edge.SparseVector(question.words.indices, question.words.values), WORDS)
        exact = edge.SearchParams(exact=True)
        # How rare a word is among the tenant's own passages: other tenants must not be felt.
        own = edge.SearchParams(idf=edge.IdfParams(corpus=_filter(question, labels=False)))
        shown = False if question.bare else [self._vector]
        if not question.dense_weight:
            return edge.QueryRequest(
                question.limit,
                query=by_words,
                filter=allowed,
                params=own,
                with_payload=not question.bare,
                with_vector=shown,
            )
        candidates = [
            edge.Prefetch(question.depth, query=by_vector, filter=allowed, params=exact),
            edge.Prefetch(question.depth, query=by_words, filter=allowed, params=own),
        ]
        score = edge.Expression.Sum(
            [
                _times(question.dense_weight, "$score[0]"),
                _times(question.words_weight, "$score[1]"),
            ]
        )
        return edge.QueryRequest(
            question.limit,
            prefetches=[
                edge.Prefetch(2 * question.depth, query=by_vector, prefetches=candidates, params=exact),
                edge.Prefetch(2 * question.depth, query=by_words, prefetches=candidates, params=own),
            ],
            # A passage without any of the words is not among those judged by words.
            query=edge.Formula(score, {"$score[0]": 0.0, "$score[1]": 0.0}),
            with_payload=not question.bare,
            with_vector=shown,
        )

    def _stored(self, passage_ids: Sequence[str]) -> Iterable[tuple[str, Sequence[float]]]:
        with self._calls():
            records = self._shard.retrieve(
                [UUID(passage_id) for passage_id in passage_ids],
                with_payload=False,
                with_vector=[self._vector],
            )
        return [(str(record.id), record.vector[self._vector]) for record in records]  # type: ignore

    def _scroll(self) -> Iterator[str]:
        from qdrant_edge import ScrollRequest

        offset = None
        while True:
            with self._calls():
                records, offset = self._shard.scroll(
                    ScrollRequest(offset=offset, limit=_PAGE, with_payload=False, with_vector=False)
                )
            yield from (str(record.id) for record in records)
            if offset is None:
                return

    @contextmanager
    def _calls(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The engine knows one class of error, and says of a closed shard that it was not initialised.
            if type(error) is Exception:
                raise IntegrityError(f"The index {self.name} failed: {error}.") from error
            raise


class QdrantFolders:
    """An `IndexStore` in process: root/<index name>/, one process at a time in each."""

    def __init__(self, root: Path) -> None:
        """Keep the folders in `root`, made when the first index is."""
        self._root = root

    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's index, making it first where `create` says so; close it to let others in.

        Raises:
            NotFound: it does not exist and `create` is False.
            IndexLocked: another process, or another index object of this one, has it open.
            DimensionMismatch: what is there has another dimension or vector name.
            IntegrityError: what is there cannot be read.
        """
        folder = self._root / release.index_name
        if create:
            self._make(release, folder)
        holds = manifest(folder)
        if holds is None:
            raise NotFound(f"There is no index {release.index_name} in {self._root}; build it first.")
        held = hold(folder)
        try:
            verify(release, holds["vectors"], holds["sparse"])
            return _FolderIndex(_loaded(folder / _SHARD, release), release, held)
        except BaseException:
            held.release()
            raise

    def names(self) -> frozenset[str]:
        """Every index that exists."""
        if not self._root.is_dir():
            return frozenset()
        return frozenset(folder.name for folder in self._root.iterdir() if exists(folder))

    def drop(self, name: str) -> None:
        """Delete an index; nothing happens where there is none.

        Raises:
            IndexLocked: it is open somewhere.
        """
        folder = self._root / name
        # What an engine of before left under the name of an index goes too.
        if not name.startswith(".") and Path(name).name == name and folder.is_dir():
            self._remove(folder)

    def _make(self, release: Release, folder: Path) -> None:
        """Make the folder under another name first, so that a half-made one never counts."""
        from filelock import FileLock
        from qdrant_edge import EdgeShard

        self._root.mkdir(parents=True, exist_ok=True)
        with FileLock(self._root / ".lock"):
            if exists(folder):
                return
            if folder.exists():
                # Of an engine of before; the documents are in SQL, so it is filled anew.
                self._remove(folder)
            for left in self._root.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(left, ignore_errors=True)
            making = self._root / f"{_TEMPORARY}{uuid4().hex}"
            (making / _SHARD).mkdir(parents=True)
            shard = EdgeShard.create(str(making / _SHARD), _config(release))
            try:
                _index_fields(shard)
                shard.flush()
            finally:
                shard.close()
            write_cursor(making)
            write_manifest(making, release)
            making.rename(folder)

    def _remove(self, folder: Path) -> None:
        held = hold(folder)
        try:
            leaving = self._root / f"{_TEMPORARY}{uuid4().hex}"
            folder.rename(leaving)
            shutil.rmtree(leaving)
        finally:
            held.release()


def _config(release: Release) -> "EdgeConfig":
    import qdrant_edge as edge

    words = {WORDS: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)} if has_words(release) else None
    return edge.EdgeConfig(
        vectors={
            release.vector_name: edge.EdgeVectorParams(
                release.dimension, edge.Distance.Cosine, memory=edge.Memory.Cold
            )
        },
        sparse_vectors=words,
        payload_memory=edge.Memory.Cold,
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_NO_GRAPH_KB),
    )


def _index_fields(shard: "EdgeShard") -> None:
    from qdrant_edge import KeywordIndexParams, UpdateOperation

    for field in INDEXED:
        parameters = KeywordIndexParams(is_tenant=field == "tenant")
        shard.update(UpdateOperation.create_field_index(field, parameters))


def _loaded(shard: Path, release: Release) -> "EdgeShard":
    from qdrant_edge import EdgeShard

    try:
        return EdgeShard.load(str(shard), _config(release))
    except Exception as error:
        if type(error) is not Exception:  # the engine's own have no class of their own
            raise
        raise IntegrityError(
            f"The index in {shard.parent} cannot be read: {error}. Delete that folder; it is built again at "
            "the next start."
        ) from error


def _filter(question: Question, *, labels: bool = True) -> "Filter":
    import qdrant_edge as edge

    must: list[Any] = [edge.FieldCondition("tenant", match=edge.MatchValue(question.tenant))]
    if labels:
        must += [edge.FieldCondition("labels", match=edge.MatchAny(list(some))) for some in question.labels]
    return edge.Filter(must=must)


def _times(weight: float, variable: str) -> Any:
    from qdrant_edge import Expression

    return Expression.Mult([Expression.Constant(weight), Expression.Variable(variable)])


def _let_go(shard: "EdgeShard", held: "BaseFileLock") -> None:
    shard.close()
    held.release()
