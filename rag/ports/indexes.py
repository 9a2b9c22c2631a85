"""Where passages are searched."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.domain import Condition, Passage, Release
from rag.ports.encoders import Vectors

Where = Mapping[str, Condition]
"""Confines a search: metadata name -> the value, one of the values, or the range that the passage's must be of or in.

All names have to fit; `rag.domain.fits` says what that is.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A passage as an index gives it; SQL says whether it still exists."""

    passage: Passage  # as it was when it was indexed
    score: float  # cosine of question and passage, whatever the order rests on


class PassageIndex(Protocol):
    """The vectors and the weighted words of one release; searched as the release's retrieval says."""

    name: str

    def upsert(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write and wait until it is searchable; same id replaces.

        Raises:
            DimensionMismatch: the vectors do not have the index's dimension.
        """

    def delete_documents(self, document_ids: Collection[str], *, keep: Collection[str] = ()) -> None:
        """Remove the documents' passages, but for the passage ids in `keep`."""

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
        """Return the best passages of one tenant, best first, in one query.

        Args:
            vector: the question's, shape (dimension,).
            tenant: whose passages; an empty one finds nothing.
            limit: most passages given.
            text: the question, for its words; None searches by the vector alone whatever the release says.
            dense_weight: of the vector beside the words, 0 to 1; None: as the index's release says. An index without
                words is searched by the vector alone.
            where: confines the search by metadata. An index written before version 0.3 is searched by ranges as far
                as its 10,000 nearest passages.
        """

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
        """Return the ids of what `search` gives, in its order, without reading texts: for who asks deep and often.

        With `exact`, every stored vector is compared with, where a search by the vector alone may pass some over.
        """

    def ids(self) -> frozenset[str]:
        """Every passage id in the index."""

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored vectors, unit length, of those ids that are there."""

    def count(self) -> int:
        """Number of passages."""

    def close(self) -> None:
        """Let go of it; a second call does nothing."""


class IndexStore(Protocol):
    """Where indexes live: folders, or a server."""

    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's index, making it first where `create` says so.

        Raises:
            NotFound: it does not exist and `create` is False.
            IndexLocked: another process holds it.
            Unavailable: the server does not answer.
            DimensionMismatch: what is there has another dimension or vector name.
        """

    def names(self) -> frozenset[str]:
        """Every index that exists."""

    def drop(self, name: str) -> None:
        """Delete an index; nothing happens where there is none."""


class IndexCursors(Protocol):
    """How far each index has come."""

    def cursor(self, index: str) -> int | None:
        """Last change applied to the index; None where the index is not known."""

    def set_cursor(self, index: str, seq: int) -> None:
        """Remember that changes up to `seq` are applied."""

    def backfill(self, index: str) -> str | None:
        """Id of the last document backfilled; None where none is under way or it is done."""

    def set_backfill(self, index: str, document_id: str | None) -> None:
        """Remember the last document backfilled; None ends it."""

    def forget(self, index: str) -> None:
        """Drop what is known of an index."""
