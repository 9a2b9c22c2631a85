"""Qdrant on a server or a cluster."""

import math
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from rag.adapters.qdrant.index import (
    IDS_AT_ONCE,
    INDEXED,
    WORDS,
    EveryPoint,
    InRange,
    Point,
    Question,
    ReleaseIndex,
    Scored,
    has_words,
    verify,
)
from rag.adapters.qdrant.payloads import MEASURED
from rag.domain import Release
from rag.errors import NotFound, Unavailable
from rag.ports import IndexStore, PassageIndex
from rag.text.sparse import Weighted

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

_OLDEST_SERVER = (1, 19)  # older ones can lose acknowledged points right after a restart
_PREFIX = "whetstone-"


class _ServerIndex(ReleaseIndex):
    """One collection of a server."""

    def __init__(self, client: "QdrantClient", release: Release, url: str) -> None:
        super().__init__(release)
        self._client = client
        self._url = url
        with _asking(url):
            there = client.get_collection(self.name).config.params
        sizes = {name: params.size for name, params in _named(there.vectors).items()}
        verify(release, sizes, list(there.sparse_vectors or {}))

    @override
    def count(self) -> int:
        with _asking(self._url):
            return self._client.count(self.name, exact=True).count

    @override
    def close(self) -> None:
        """Do nothing: the connection is the store's."""

    def _write(self, points: Sequence[Point]) -> None:
        from qdrant_client import models

        batch = []
        for point in points:
            vector: dict[str, Any] = {self._vector: point.vector}
            if point.words is not None:
                vector[WORDS] = _sparse(point.words)
            batch.append(models.PointStruct(id=point.id, vector=vector, payload=point.payload))
        with _asking(self._url):
            self._completed(self._client.upsert(self.name, points=batch, wait=True))

    def _has_unmeasured(self) -> bool:
        with _asking(self._url):
            points, _ = self._client.scroll(
                self.name, scroll_filter=_unmeasured(), limit=1, with_payload=False, with_vectors=False
            )
        return bool(points)

    def _fields(self) -> Iterable[str]:
        with _asking(self._url):
            return self._client.get_collection(self.name).payload_schema

    def _index_range(self, field: str) -> None:
        from qdrant_client import models

        with _asking(self._url):
            self._client.create_payload_index(self.name, field, models.PayloadSchemaType.FLOAT, wait=True)

    def _delete(self, document_ids: Sequence[str], keep: Sequence[str]) -> None:
        from qdrant_client import models

        some = models.MatchAny(any=list(document_ids))
        kept = models.HasIdCondition(has_id=list(keep))
        which = models.Filter(
            must=[models.FieldCondition(key="document_id", match=some)], must_not=[kept] if keep else None
        )
        with _asking(self._url):
            selector = models.FilterSelector(filter=which)
            self._completed(self._client.delete(self.name, points_selector=selector, wait=True))

    def _completed(self, result: Any) -> None:
        from qdrant_client import models

        if result.status != models.UpdateStatus.COMPLETED:
            raise Unavailable(f"Qdrant did not complete a write to {self.name}: {result.status}. Repeat it.")

    def _find(self, question: Question) -> Iterator[Scored]:
        request = self._by_vector(question) if question.words is None else self._by_words(question)
        with _asking(self._url):
            points = self._client.query_points(
                self.name, limit=question.limit, with_payload=not question.bare, **request
            ).points
        for point in points:
            vector = None if point.vector is None else _named(point.vector)[self._vector]
            yield Scored(id=str(point.id), score=point.score, payload=point.payload or {}, vector=vector)

    def _by_vector(self, question: Question) -> dict[str, Any]:
        from qdrant_client import models

        asked = {"query": question.vector, "using": self._vector, "query_filter": _filter(question)}
        return asked | (
            {"search_params": models.SearchParams(exact=True)} if isinstance(question, EveryPoint) else {}
        )

    def _by_words(self, question: Question) -> dict[str, Any]:
        """Ask for both kinds of candidates, judge all by vector and all by words, and add up what they are worth."""
        from qdrant_client import models

        assert question.words is not None  # noqa: S101 - what tells the two kinds of questions apart
        allowed = _filter(question)
        # How rare a word is among the tenant's own passages: other tenants must not be felt.
        own = models.SearchParams(idf=models.IdfCorpusParams(corpus=_filter(question, metadata=False)))
        shown = False if question.bare else [self._vector]
        by_vector = {"query": question.vector, "using": self._vector}
        by_words = {"query": _sparse(question.words), "using": WORDS, "params": own}
        if not question.dense_weight:
            question_only = {"query": by_words["query"], "using": WORDS, "search_params": own}
            return question_only | {"query_filter": allowed, "with_vectors": shown}
        both, depth = (by_vector, by_words), question.depth
        candidates = [models.Prefetch(**some, filter=allowed, limit=depth) for some in both]
        judged = [models.Prefetch(**some, prefetch=candidates, limit=2 * depth) for some in both]
        weights = {"$score[0]": question.dense_weight, "$score[1]": question.words_weight}
        score = models.SumExpression(
            sum=[models.MultExpression(mult=[weight, name]) for name, weight in weights.items()]
        )
        return {
            # A passage without any of the words is not among those judged by words.
            "query": models.FormulaQuery(formula=score, defaults=dict.fromkeys(weights, 0.0)),
            "prefetch": judged,
            "with_vectors": shown,
        }

    def _stored(self, passage_ids: Sequence[str]) -> Iterator[tuple[str, Sequence[float]]]:
        with _asking(self._url):
            points = self._client.retrieve(
                self.name, list(passage_ids), with_payload=False, with_vectors=[self._vector]
            )
        for point in points:
            yield str(point.id), _named(point.vector)[self._vector]

    def _page(self, offset: Any) -> tuple[Iterable[str], Any]:
        with _asking(self._url):
            points, following = self._client.scroll(
                self.name, limit=IDS_AT_ONCE, offset=offset, with_payload=False, with_vectors=False
            )
        return (str(point.id) for point in points), following


class QdrantServer(IndexStore):
    """An `IndexStore` on a Qdrant server or cluster, 1.19 or newer. May be shared by threads."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        *,
        client: "QdrantClient | None" = None,
    ) -> None:
        """Point at the server, e.g. ``http://127.0.0.1:6333``; nothing is sent before the first use.

        `timeout_s` limits one call, in seconds, and is rounded up; `client` stands in for a connection of its own.
        """
        self._url = url
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._client = client
        self._connecting = threading.Lock()

    @override
    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's collection as the port says; Unavailable also where the server refuses or is too old."""
        client = self._connected()
        with _asking(self._url):
            there = client.collection_exists(release.index_name)
            if not there and not create:
                raise NotFound(f"There is no index {release.index_name} on {self._url}; build it first.")
            if create:
                self._make(client, release, there=there)
        return _ServerIndex(client, release, self._url)

    @override
    def names(self) -> frozenset[str]:
        """Every index of ours; other collections on the server are none of our business."""
        with _asking(self._url):
            collections = self._connected().get_collections().collections
        return frozenset(c.name for c in collections if c.name.startswith(_PREFIX))

    @override
    def drop(self, name: str) -> None:
        with _asking(self._url):
            self._connected().delete_collection(name)

    def _make(self, client: "QdrantClient", release: Release, *, there: bool) -> None:
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        if not there:
            params = models.VectorParams(size=release.dimension, distance=models.Distance.COSINE)
            words = {WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)}
            try:
                client.create_collection(
                    release.index_name,
                    vectors_config={release.vector_name: params},
                    sparse_vectors_config=words if has_words(release) else None,
                )
            except UnexpectedResponse as error:
                if error.status_code != 409:  # another process made it in the meantime
                    raise
        for field in INDEXED:
            client.create_payload_index(
                release.index_name, field, models.PayloadSchemaType.KEYWORD, wait=True
            )

    def _connected(self) -> "QdrantClient":
        from qdrant_client import QdrantClient

        with self._connecting:
            if self._client is not None:
                return self._client
            client = QdrantClient(
                url=self._url,
                api_key=self._api_key,
                timeout=math.ceil(self._timeout_s),
                check_compatibility=False,  # it would only warn, and only of the client's own version
            )
            try:
                with _asking(self._url):
                    version = client.info().version
                if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < _OLDEST_SERVER:
                    oldest = ".".join(str(part) for part in _OLDEST_SERVER)
                    raise Unavailable(
                        f"Qdrant at {self._url} is {version}; {oldest} or newer is needed. Upgrade it."
                    )
            except BaseException:
                client.close()
                raise
            weakref.finalize(self, client.close)
            self._client = client
            return client


@contextmanager
def _asking(url: str) -> Iterator[None]:
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    try:
        yield
    except ResponseHandlingException as error:
        raise Unavailable(f"Qdrant at {url} does not answer: {error}. Is it running?") from error
    except UnexpectedResponse as error:
        if error.status_code in (401, 403):
            raise Unavailable(f"Qdrant at {url} refuses the key; check WHETSTONE_QDRANT_API_KEY.") from error
        raise Unavailable(f"Qdrant at {url} answered {error.status_code}: {error.content!r}") from error


def _filter(question: Question, *, metadata: bool = True) -> "models.Filter":
    from qdrant_client import models

    tenant = models.MatchValue(value=question.tenant)
    must: list[Any] = [models.FieldCondition(key="tenant", match=tenant)]
    if metadata:
        for some in question.labels:
            must.append(models.FieldCondition(key="labels", match=models.MatchAny(any=list(some))))
        must += [_in_range(one, measured=question.measured) for one in question.ranges]
    return models.Filter(must=must)


def _in_range(one: InRange, *, measured: bool) -> Any:
    """Return the condition; where not all points are measured, the others pass."""
    from qdrant_client import models

    bounds = models.Range(gt=one.range.gt, gte=one.range.gte, lt=one.range.lt, lte=one.range.lte)
    condition = models.FieldCondition(key=one.field, range=bounds)
    return condition if measured else models.Filter(should=[condition, _unmeasured()])


def _unmeasured() -> "models.Filter":
    from qdrant_client import models

    measured = models.MatchValue(value=MEASURED)
    return models.Filter(must_not=[models.FieldCondition(key="labels", match=measured)])


def _sparse(words: Weighted) -> "models.SparseVector":
    from qdrant_client import models

    return models.SparseVector(indices=words.indices, values=words.values)


def _named(value: Any) -> dict[str, Any]:
    """Return named vectors, or their settings; a collection with one unnamed vector has it under no name."""
    return value if isinstance(value, dict) else {"": value}
