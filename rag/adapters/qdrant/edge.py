"""Qdrant in process: the engine of the server searches a folder.

Every search is exact. The engine could make a graph for approximate search, but holds up the whole process while it
does, and up to 50,000 passages comparing with all of them takes a few milliseconds; beyond, there is the server.
"""

import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from typing_extensions import override

from rag.adapters.qdrant.index import (
    IDS_AT_ONCE,
    INDEXED,
    WORDS,
    InRange,
    Point,
    Question,
    ReleaseIndex,
    Scored,
    has_words,
)
from rag.adapters.qdrant.payloads import MEASURED
from rag.domain import Release
from rag.errors import IntegrityError

if TYPE_CHECKING:
    from filelock import BaseFileLock
    from qdrant_edge import EdgeConfig, EdgeShard, Filter, QueryRequest

_NO_GRAPH_KB = 1 << 40  # of vectors, above which the engine would make a graph


class EdgeIndex(ReleaseIndex):
    """One folder, held by this process until `close`."""

    def __init__(self, shard: "EdgeShard", release: Release, held: "BaseFileLock") -> None:
        super().__init__(release)
        self._shard = shard
        self._writing = threading.Lock()
        self._end = weakref.finalize(self, _let_go, shard, held)

    @override
    def count(self) -> int:
        from qdrant_edge import CountRequest

        with self._calls():
            return self._shard.count(CountRequest(exact=True))

    @override
    def close(self) -> None:
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

    def _has_unmeasured(self) -> bool:
        from qdrant_edge import ScrollRequest

        some = ScrollRequest(limit=1, filter=_unmeasured(), with_payload=False, with_vector=False)
        with self._calls():
            points, _ = self._shard.scroll(some)
        return bool(points)

    def _fields(self) -> Iterable[str]:
        with self._calls():
            return self._shard.info().payload_schema

    def _index_range(self, field: str) -> None:
        import qdrant_edge as edge

        with self._writing, self._calls():
            self._shard.update(edge.UpdateOperation.create_field_index(field, edge.FloatIndexParams()))

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
        own = edge.SearchParams(idf=edge.IdfParams(corpus=_filter(question, metadata=False)))
        shown: dict[str, Any] = {
            "with_payload": not question.bare,
            "with_vector": False if question.bare else [self._vector],
        }
        if not question.dense_weight:
            return edge.QueryRequest(question.limit, query=by_words, filter=allowed, params=own, **shown)
        both, depth = ((by_vector, exact), (by_words, own)), question.depth
        candidates = [edge.Prefetch(depth, query=one, filter=allowed, params=how) for one, how in both]
        judged = [edge.Prefetch(2 * depth, query=one, prefetches=candidates, params=how) for one, how in both]
        weights = {"$score[0]": question.dense_weight, "$score[1]": question.words_weight}
        score = edge.Expression.Sum([_times(weight, name) for name, weight in weights.items()])
        return edge.QueryRequest(
            question.limit,
            prefetches=judged,
            # A passage without any of the words is not among those judged by words.
            query=edge.Formula(score, dict.fromkeys(weights, 0.0)),
            **shown,
        )

    def _stored(self, passage_ids: Sequence[str]) -> Iterable[tuple[str, Sequence[float]]]:
        with self._calls():
            records = self._shard.retrieve(
                [UUID(passage_id) for passage_id in passage_ids],
                with_payload=False,
                with_vector=[self._vector],
            )
        return [(str(record.id), record.vector[self._vector]) for record in records]  # type: ignore

    def _page(self, offset: Any) -> tuple[Iterable[str], Any]:
        from qdrant_edge import ScrollRequest

        request = ScrollRequest(offset=offset, limit=IDS_AT_ONCE, with_payload=False, with_vector=False)
        with self._calls():
            records, following = self._shard.scroll(request)
        return (str(record.id) for record in records), following

    @contextmanager
    def _calls(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The engine knows one class of error, and says of a closed shard that it was not initialised.
            if type(error) is Exception:
                raise IntegrityError(f"The index {self.name} failed: {error}.") from error
            raise


def make_shard(folder: Path, release: Release) -> None:
    """Make the engine's files for a release in an empty folder."""
    from qdrant_edge import EdgeShard, KeywordIndexParams, UpdateOperation

    shard = EdgeShard.create(str(folder), _config(release))
    try:
        for field in INDEXED:
            parameters = KeywordIndexParams(is_tenant=field == "tenant")
            shard.update(UpdateOperation.create_field_index(field, parameters))
        shard.flush()
    finally:
        shard.close()


def load_shard(shard: Path, release: Release) -> "EdgeShard":
    """Open the engine's files of a release; IntegrityError where they cannot be read."""
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


def _filter(question: Question, *, metadata: bool = True) -> "Filter":
    import qdrant_edge as edge

    must: list[Any] = [edge.FieldCondition("tenant", match=edge.MatchValue(question.tenant))]
    if metadata:
        must += [edge.FieldCondition("labels", match=edge.MatchAny(list(some))) for some in question.labels]
        must += [_in_range(one, measured=question.measured) for one in question.ranges]
    return edge.Filter(must=must)


def _in_range(one: InRange, *, measured: bool) -> Any:
    """Return the condition; where not all points are measured, the others pass."""
    import qdrant_edge as edge

    bounds = edge.RangeFloat(gt=one.range.gt, gte=one.range.gte, lt=one.range.lt, lte=one.range.lte)
    condition = edge.FieldCondition(one.field, range=bounds)
    return condition if measured else edge.Filter(should=[condition, _unmeasured()])


def _unmeasured() -> "Filter":
    import qdrant_edge as edge

    return edge.Filter(must_not=[edge.FieldCondition("labels", match=edge.MatchValue(MEASURED))])


def _times(weight: float, variable: str) -> Any:
    from qdrant_edge import Expression

    return Expression.Mult([Expression.Constant(weight), Expression.Variable(variable)])


def _let_go(shard: "EdgeShard", held: "BaseFileLock") -> None:
    shard.close()
    held.release()
