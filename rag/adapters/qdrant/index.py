"""The index of one release: what embedded and served Qdrant share."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from rag.adapters.qdrant.payloads import field_of, label_of, metadata_in, passage_of, payload_of
from rag.domain import Measure, Passage, Range, Release, equal_to, fits
from rag.errors import DimensionMismatch
from rag.ports import Found, PassageIndex, Vectors, Where
from rag.text.sparse import Weighted, Words

WORDS = "words"
"""Name of the sparse vector, which an index has where its release's `dense_weight` is below 1."""

INDEXED = ("tenant", "document_id", "labels")
"""Payload fields that are filtered by, beside those of ranges."""

MOST_RANGES = 64
"""Fields of ranges that are indexed, one for each name and measure. Others are filtered by more slowly."""

BM25_UNIT = 20.0
"""BM25 score that counts as much as a cosine of 1 where both have the same weight."""

IDS_AT_ONCE = 10_000
"""Ids in one answer."""

_AT_ONCE = 1_000  # ids in one request
_DEPTH = 100  # candidates of each kind that are fused, at least
_DEEPEST = 10_000  # points read for ranges among those without their numbers and dates


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A passage as it is stored."""

    id: str
    vector: list[float]
    words: Weighted | None  # None: the release searches by vectors alone
    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class InRange:
    """One of the numbers in a field of the payload must lie in a range."""

    field: str
    range: Range


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is searched for, in one query."""

    tenant: str
    labels: tuple[tuple[str, ...], ...]  # of each group a passage must have one
    ranges: tuple[InRange, ...]  # all must hold, but for points that are not MEASURED, where there are such
    measured: bool  # whether all points are
    limit: int
    vector: list[float]
    words: Weighted | None  # None: by the vector alone
    dense_weight: (
        float  # of the cosine, 0 to below 1; the words have the rest. Without words it means nothing
    )
    bare: bool  # whether ids and scores are enough, without payloads and vectors

    @property
    def depth(self) -> int:
        """Candidates taken by the vector, and as many by words, before both are judged by both."""
        return max(self.limit, _DEPTH)

    @property
    def words_weight(self) -> float:
        """What a BM25 score is multiplied by before it is added to the weighted cosine."""
        return (1 - self.dense_weight) / BM25_UNIT


class EveryPoint(Question):
    """A question whose search by the vector alone has to compare with every point."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """A point that was found."""

    id: str
    score: float  # what the order rests on
    payload: Mapping[str, Any]
    vector: Sequence[float] | None  # None: the score is the cosine, or nobody asked


class ReleaseIndex(PassageIndex):
    """A `PassageIndex` but for the calls to Qdrant.

    Where the release weighs words as well, a passage's score is ``w * cosine + (1 - w) * BM25 / 20`` with w the
    release's `dense_weight`: the convex combination of Bruch, Gai and Ingber ("An Analysis of Fusion Functions for
    Hybrid Retrieval", 2023), with a fixed scale in place of one that depends on the other candidates, so that Qdrant
    can compute it. The best passages by vector and the best by words are both judged by both.
    """

    def __init__(self, release: Release) -> None:
        self.name = release.index_name
        self._vector = release.vector_name
        self._dimension = release.dimension
        self._dense_weight = release.retrieval.dense_weight
        self._words = Words(release.retrieval) if has_words(release) else None
        self._ranges: frozenset[str] | None = None  # fields of ranges that are indexed, once they are read
        self._measured: bool | None = None  # whether all points are MEASURED, once a range asks

    @override
    def upsert(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write as the port says; what is searchable is on disk too."""
        if vectors.shape != (len(passages), self._dimension):
            raise DimensionMismatch(
                f"The index {self.name} takes {len(passages)} vectors of dimension {self._dimension} here; "
                f"got shape {vectors.shape}. Embed with the encoder of the index's release."
            )
        points = [
            Point(
                id=passage.id,
                vector=vector.tolist(),
                words=None if self._words is None else self._words.passage(passage.embedded_text),
                payload=payload_of(passage),
            )
            for passage, vector in zip(passages, vectors, strict=True)
        ]
        self._index_ranges(points)
        for start in range(0, len(points), _AT_ONCE):
            self._write(points[start : start + _AT_ONCE])

    @override
    def delete_documents(self, document_ids: Collection[str], *, keep: Collection[str] = ()) -> None:
        documents = sorted(document_ids)
        for start in range(0, len(documents), _AT_ONCE):
            self._delete(documents[start : start + _AT_ONCE], sorted(keep))

    @override
    def search(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,
        dense_weight: float | None = None,
        where: Where | None = None,
    ) -> list[Found]:
        """Return the best passages of one tenant as the port says.

        A question none of whose words any passage has is searched by its vector, whatever the release says.
        """
        found = self._best(vector, tenant, limit, text, dense_weight, where=where)
        return [
            Found(passage=passage_of(each.id, each.payload), score=_cosine(vector, each)) for each in found
        ]

    @override
    def order(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,
        dense_weight: float | None = None,
        exact: bool = False,
    ) -> list[str]:
        found = self._best(vector, tenant, limit, text, dense_weight, bare=True, exact=exact)
        return [each.id for each in found]

    def _best(
        self,
        vector: NDArray[np.float32],
        tenant: str,
        limit: int,
        text: str | None,
        dense_weight: float | None,
        *,
        where: Where | None = None,
        bare: bool = False,
        exact: bool = False,
    ) -> list[Scored]:
        if vector.shape != (self._dimension,):
            raise DimensionMismatch(
                f"The index {self.name} is searched with a vector of dimension {self._dimension}; "
                f"got shape {vector.shape}. Embed the question with the encoder of the index's release."
            )
        where = where or {}
        labels = tuple(
            tuple(label_of(name, value) for value in sorted(equal_to(condition)))
            for name, condition in where.items()
            if not isinstance(condition, Range)
        )
        if not tenant or limit < 1 or not all(labels):
            return []
        weight = self._dense_weight if dense_weight is None else dense_weight
        words = None
        if self._words is not None and text is not None and weight < 1:
            words = self._words.question(text)
        question = (EveryPoint if exact else Question)(
            tenant=tenant,
            labels=labels,
            ranges=tuple(
                InRange(field=field_of(name, condition.measure), range=condition)
                for name, condition in where.items()
                if isinstance(condition, Range)
            ),
            measured=self._all_measured()
            if any(isinstance(each, Range) for each in where.values())
            else True,
            limit=limit,
            vector=vector.tolist(),
            words=words or None,
            dense_weight=weight,
            bare=bare,
        )
        found = self._fitting(question, where)
        if not found and question.words is not None and not question.dense_weight:
            found = self._fitting(replace(question, words=None), where)
        # Equal passages have equal scores; their order must not depend on how the index came about.
        found.sort(key=lambda each: (-each.score, each.id))
        return found[:limit]

    def _fitting(self, question: Question, where: Where) -> list[Scored]:
        """Return what fits the filter; deeper and deeper where points that are not MEASURED hide it."""
        wanted = question.limit
        while True:
            found = list(self._find(question))
            if question.measured:
                return found
            fitting = [each for each in found if fits(metadata_in(each.payload), where)]
            if len(fitting) >= wanted or len(found) < question.limit or question.limit >= _DEEPEST:
                return fitting
            question = replace(question, limit=min(4 * question.limit, _DEEPEST))

    def _all_measured(self) -> bool:
        """Tell whether every point is MEASURED: what is written is, and what was there is looked at once."""
        if self._measured is None:
            self._measured = not self._has_unmeasured()
        return self._measured

    def _index_ranges(self, points: Sequence[Point]) -> None:
        """Index the fields of numbers and dates that are new, as long as there is room."""
        if self._ranges is None:
            self._ranges = frozenset(field for field in self._fields() if field not in INDEXED)
        seen = {f"{kind}.{key}" for point in points for kind in Measure for key in point.payload[kind]}
        for field in sorted(seen - self._ranges)[: max(0, MOST_RANGES - len(self._ranges))]:
            self._index_range(field)
            self._ranges |= {field}

    @override
    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        stored: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(passage_ids), _AT_ONCE):
            for passage_id, values in self._stored(passage_ids[start : start + _AT_ONCE]):
                row = np.asarray(values, dtype=np.float32)
                stored[passage_id] = row / (np.linalg.norm(row) or 1)
        return stored

    @override
    def ids(self) -> frozenset[str]:
        found: set[str] = set()
        offset = None
        while True:
            some, offset = self._page(offset)
            found.update(some)
            if offset is None:
                return frozenset(found)

    @abstractmethod
    def _write(self, points: Sequence[Point]) -> None:
        """Write a batch durably."""

    @abstractmethod
    def _has_unmeasured(self) -> bool:
        """Tell whether there is a point that is not MEASURED."""

    @abstractmethod
    def _fields(self) -> Iterable[str]:
        """Return the payload's fields that are indexed."""

    @abstractmethod
    def _index_range(self, field: str) -> None:
        """Index a field of numbers, for what is there and what will be; nothing happens where it is."""

    @abstractmethod
    def _delete(self, document_ids: Sequence[str], keep: Sequence[str]) -> None:
        """Delete the documents' points, but for the ids in `keep`, durably."""

    @abstractmethod
    def _find(self, question: Question) -> Iterable[Scored]:
        """Search in one query."""

    @abstractmethod
    def _stored(self, passage_ids: Sequence[str]) -> Iterable[tuple[str, Sequence[float]]]:
        """Return id and vector of those points that are there."""

    @abstractmethod
    def _page(self, offset: Any) -> tuple[Iterable[str], Any]:
        """Return some ids from an offset on (None: from the beginning), and the next offset; None at the end."""


def has_words(release: Release) -> bool:
    """Tell whether the release's index has weighted words beside the vectors."""
    return release.retrieval.dense_weight < 1


def verify(release: Release, sizes: Mapping[str, int], sparse: Collection[str]) -> None:
    """Make sure that the vectors that are there (name -> dimension), and the sparse ones, are of this release.

    Raises:
        DimensionMismatch: they are another one's.
    """
    expected = {release.vector_name: release.dimension}
    words = {WORDS} if has_words(release) else set()
    if sizes != expected or set(sparse) != words:
        raise DimensionMismatch(
            f"The index {release.index_name} holds vectors {dict(sizes)} and sparse vectors {sorted(sparse)}, expected "
            f"{expected} and {sorted(words)}. It belongs to another release; drop it and build it again."
        )


def _cosine(vector: NDArray[np.float32], found: Scored) -> float:
    if found.vector is None:
        return found.score
    stored = np.asarray(found.vector, dtype=np.float32)
    lengths = float(np.linalg.norm(vector) * np.linalg.norm(stored))
    return float(vector @ stored) / lengths if lengths else 0.0
