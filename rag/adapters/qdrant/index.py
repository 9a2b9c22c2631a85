"""The index of one release, over any Qdrant client: what the three kinds share."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage, Release
from rag.errors import DimensionMismatch, Unavailable
from rag.ports import Found, Vectors, Where

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_AT_ONCE = 1_000  # ids in one request
_PAGE = 10_000  # ids in one answer


class ReleaseIndex:
    """What the three kinds share; `calls` wraps every call to the client."""

    def __init__(self, client: "QdrantClient", release: Release) -> None:
        self.name = release.index_name
        self._client = client
        self._vector = release.vector_name
        self._dimension = release.dimension
        with self._calls():
            self._verify()

    def upsert(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write and wait until it is searchable; same id replaces."""
        from qdrant_client import models

        if vectors.shape != (len(passages), self._dimension):
            raise DimensionMismatch(
                f"The index {self.name} takes {len(passages)} vectors of dimension {self._dimension} here; "
                f"got shape {vectors.shape}. Embed with the encoder of the index's release."
            )
        if not passages:
            return
        points = [
            models.PointStruct(
                id=passage.id,
                vector={self._vector: vector.tolist()},
                payload={name: value for name, value in asdict(passage).items() if name != "id"},
            )
            for passage, vector in zip(passages, vectors, strict=True)
        ]
        with self._calls():
            self._wrote({passage.tenant for passage in passages})
            self._completed(self._client.upsert(self.name, points=points, wait=True))

    def delete_documents(self, document_ids: Collection[str], *, keep: Collection[str] = ()) -> None:
        """Remove the documents' passages, but for the passage ids in `keep`."""
        from qdrant_client import models

        documents = sorted(document_ids)
        kept = models.HasIdCondition(has_id=sorted(keep))
        for start in range(0, len(documents), _AT_ONCE):
            some = models.MatchAny(any=documents[start : start + _AT_ONCE])
            which = models.Filter(
                must=[models.FieldCondition(key="document_id", match=some)], must_not=[kept] if keep else None
            )
            with self._calls():
                selector = models.FilterSelector(filter=which)
                self._completed(self._client.delete(self.name, points_selector=selector, wait=True))

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,  # noqa: ARG002 the port's signature
        where: Where | None = None,  # noqa: ARG002 as above
    ) -> list[Found]:
        """Give the best passages of one tenant, best first. `vector` has shape (dimension,)."""
        if vector.shape != (self._dimension,):
            raise DimensionMismatch(
                f"The index {self.name} is searched with a vector of dimension {self._dimension}; "
                f"got shape {vector.shape}. Embed the question with the encoder of the index's release."
            )
        if not tenant or limit < 1:
            return []
        with self._calls():
            found = self._client.query_points(
                self.name,
                query=vector.tolist(),
                using=self._vector,
                query_filter=self._filter(tenant),
                limit=limit,
                with_payload=True,
            )
        hits = [
            Found(passage=_passage(str(point.id), point.payload or {}), score=float(point.score))
            for point in found.points
        ]
        # Equal passages have equal scores; their order must not depend on how the index came about.
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))

    def ids(self) -> frozenset[str]:
        """Every passage id in the index."""
        return frozenset(str(point.id) for point in self._scroll(with_payload=False))

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Give the stored vectors, unit length, of those ids that are there."""
        stored: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(passage_ids), _AT_ONCE):
            some = list(passage_ids[start : start + _AT_ONCE])
            with self._calls():
                points = self._client.retrieve(
                    self.name, some, with_payload=False, with_vectors=[self._vector]
                )
            for point in points:
                vector = np.asarray(_named(point.vector)[self._vector], dtype=np.float32)
                stored[str(point.id)] = vector / (np.linalg.norm(vector) or 1)
        return stored

    def count(self) -> int:
        """Number of passages."""
        with self._calls():
            return self._client.count(self.name, exact=True).count

    def close(self) -> None:
        """Let go of it; a second call does nothing."""

    def _calls(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _filter(self, tenant: str) -> Any:
        from qdrant_client import models

        match = models.MatchValue(value=tenant)
        return models.Filter(must=[models.FieldCondition(key="tenant", match=match)])

    def _wrote(self, tenants: Collection[str]) -> None:
        """Hear of the tenants whose passages are about to be written."""

    def _completed(self, result: Any) -> None:
        from qdrant_client import models

        if result.status != models.UpdateStatus.COMPLETED:
            raise Unavailable(f"Qdrant did not complete a write to {self.name}: {result.status}. Repeat it.")

    def _scroll(self, *, with_payload: list[str] | bool) -> Iterator[Any]:
        offset = None
        while True:
            with self._calls():
                points, offset = self._client.scroll(
                    self.name, limit=_PAGE, offset=offset, with_payload=with_payload, with_vectors=False
                )
            yield from points
            if offset is None:
                return

    def _verify(self) -> None:
        """Make sure that what is there is of this release.

        Raises:
            DimensionMismatch: it has another vector name or dimension.
        """
        there = _named(self._client.get_collection(self.name).config.params.vectors)
        sizes = {name: params.size for name, params in there.items()}
        if sizes != {self._vector: self._dimension}:
            raise DimensionMismatch(
                f"The index {self.name} holds vectors {sizes}, expected {{{self._vector!r}: {self._dimension}}}. "
                "It belongs to another release; drop it and build it again."
            )


def make_collection(client: "QdrantClient", release: Release) -> None:
    """Make the release's collection, empty."""
    from qdrant_client import models

    params = models.VectorParams(size=release.dimension, distance=models.Distance.COSINE)
    client.create_collection(release.index_name, vectors_config={release.vector_name: params})


def _passage(passage_id: str, payload: dict[str, Any]) -> Passage:
    return Passage(id=passage_id, **payload)


def _named(value: Any) -> dict[str, Any]:
    """Give named vectors, or their settings; a collection with one unnamed vector has it under no name."""
    return value if isinstance(value, dict) else {"": value}
