"""Passage indexes in Qdrant: in process with a folder per release, on a server, or in memory.

A release has a collection of its own whose vector is named after the encoder, so that a query embedded by another
encoder fails instead of finding something. Every search is confined to one tenant inside the query.
"""

import math
import shutil
import sqlite3
import threading
import warnings
import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage, Release
from rag.errors import DimensionMismatch, IndexLocked, NotFound, Unavailable
from rag.ports import PassageIndex, Vectors

if TYPE_CHECKING:
    from filelock import BaseFileLock
    from qdrant_client import QdrantClient

_OLDEST_SERVER = (1, 19)  # older ones can lose acknowledged points right after a restart (qdrant issue 9930)
_PREFIX = "whetstone-"
_AT_ONCE = 1_000  # ids in one request
_PAGE = 10_000  # ids in one answer
_TEMPORARY = ".making-"


class _Index:
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
                payload={"tenant": passage.tenant, "document_id": passage.document_id},
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

    def search(self, vector: NDArray[np.float32], *, tenant: str, limit: int) -> list[tuple[str, float]]:
        """Give (passage id, cosine), best first, of one tenant. `vector` has shape (dimension,)."""
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
                with_payload=False,
            )
        return [(str(point.id), float(point.score)) for point in found.points]

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


class _LocalIndex(_Index):
    """In process. The client is no friend of threads: one call at a time."""

    def __init__(self, client: "QdrantClient", release: Release, lock: threading.Lock) -> None:
        self._lock = lock
        self._connection = _connection(client, release.index_name)
        super().__init__(client, release)
        self._tenants = {str(point.payload["tenant"]) for point in self._scroll(with_payload=["tenant"])}

    def search(self, vector: NDArray[np.float32], *, tenant: str, limit: int) -> list[tuple[str, float]]:
        """Give (passage id, cosine), best first, of one tenant. `vector` has shape (dimension,)."""
        found = super().search(vector, tenant=tenant, limit=limit)
        return found if tenant in self._tenants else []

    @contextmanager
    def _calls(self) -> Iterator[None]:
        with self._lock:
            yield

    def _filter(self, tenant: str) -> Any:
        # Filters are evaluated in Python, point by point: 15 times the time of the search itself. Where no other
        # tenant ever had a passage here, the filter changes nothing and is left out.
        return None if self._tenants == {tenant} else super()._filter(tenant)

    def _wrote(self, tenants: Collection[str]) -> None:
        self._tenants.update(tenants)

    def _completed(self, result: Any) -> None:
        super()._completed(result)
        if self._connection is not None:
            self._connection.execute("PRAGMA wal_checkpoint(FULL)").close()


class _FolderIndex(_LocalIndex):
    """In process, in a folder that this process holds until `close`."""

    def __init__(self, client: "QdrantClient", release: Release, held: "BaseFileLock") -> None:
        self._end = weakref.finalize(self, _let_go, client, held)
        super().__init__(client, release, threading.Lock())

    def close(self) -> None:
        """Let go of the folder; a second call does nothing."""
        with self._lock:
            self._end()


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
        """
        folder = self._root / release.index_name
        if create:
            self._make(release, folder)
        if not _exists(folder):
            raise NotFound(f"There is no index {release.index_name} in {self._root}; build it first.")
        held = _hold(folder)
        try:
            client = _local_client(folder)
        except BaseException:
            held.release()
            raise
        try:
            return _FolderIndex(client, release, held)
        except BaseException:
            _let_go(client, held)
            raise

    def names(self) -> frozenset[str]:
        """Every index that exists."""
        if not self._root.is_dir():
            return frozenset()
        return frozenset(folder.name for folder in self._root.iterdir() if _exists(folder))

    def drop(self, name: str) -> None:
        """Delete an index; nothing happens where there is none.

        Raises:
            IndexLocked: it is open somewhere.
        """
        if name not in self.names():
            return
        held = _hold(self._root / name)
        try:
            leaving = self._root / f"{_TEMPORARY}{uuid4().hex}"
            (self._root / name).rename(leaving)
            shutil.rmtree(leaving)
        finally:
            held.release()

    def _make(self, release: Release, folder: Path) -> None:
        """Make the folder under another name first, so that a half-made one never counts."""
        from filelock import FileLock

        self._root.mkdir(parents=True, exist_ok=True)
        with FileLock(self._root / ".lock"):
            if _exists(folder):
                return
            for left in self._root.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(left, ignore_errors=True)
            making = self._root / f"{_TEMPORARY}{uuid4().hex}"
            client = _local_client(making)
            try:
                _create(client, release)
            finally:
                client.close()
            making.rename(folder)


class QdrantMemory:
    """An `IndexStore` that lives as long as this object."""

    def __init__(self) -> None:
        """Start empty."""
        self._indexes: dict[str, tuple[QdrantClient, threading.Lock]] = {}
        self._opening = threading.Lock()

    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's index, making it first where `create` says so.

        Raises:
            NotFound: it does not exist and `create` is False.
            DimensionMismatch: what is there has another dimension or vector name.
        """
        name = release.index_name
        with self._opening:
            if name not in self._indexes:
                if not create:
                    raise NotFound(f"There is no index {name} in memory; build it first.")
                client = _local_client(None)
                _create(client, release)
                self._indexes[name] = (client, threading.Lock())
            client, lock = self._indexes[name]
        return _LocalIndex(client, release, lock)

    def names(self) -> frozenset[str]:
        """Every index that exists."""
        return frozenset(self._indexes)

    def drop(self, name: str) -> None:
        """Delete an index; nothing happens where there is none."""
        with self._opening:
            client, _ = self._indexes.pop(name, (None, None))
        if client is not None:
            client.close()


class _ServerIndex(_Index):
    """One collection of a server."""

    def __init__(self, client: "QdrantClient", release: Release, url: str) -> None:
        self._url = url
        super().__init__(client, release)

    def _calls(self) -> AbstractContextManager[None]:
        return _asking(self._url)


class QdrantServer:
    """An `IndexStore` on a Qdrant server or cluster, 1.19 or newer. May be shared by threads."""

    def __init__(self, url: str, api_key: str | None = None, timeout_s: float = 30.0) -> None:
        """Point at the server; nothing is sent before the first use.

        Args:
            url: e.g. ``http://127.0.0.1:6333``.
            api_key: sent where the server wants one.
            timeout_s: limit of one call, in seconds, rounded up to a whole one.
        """
        self._url = url
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._client: QdrantClient | None = None
        self._connecting = threading.Lock()

    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's collection, making it first where `create` says so.

        Raises:
            NotFound: it does not exist and `create` is False.
            Unavailable: the server does not answer, refuses the key, or is too old.
            DimensionMismatch: what is there has another dimension or vector name.
        """
        client = self._connected()
        with _asking(self._url):
            there = client.collection_exists(release.index_name)
            if not there and not create:
                raise NotFound(f"There is no index {release.index_name} on {self._url}; build it first.")
            if create:
                self._make(client, release, there=there)
        return _ServerIndex(client, release, self._url)

    def names(self) -> frozenset[str]:
        """Every index of ours; other collections on the server are none of our business."""
        with _asking(self._url):
            collections = self._connected().get_collections().collections
        return frozenset(c.name for c in collections if c.name.startswith(_PREFIX))

    def drop(self, name: str) -> None:
        """Delete an index; nothing happens where there is none."""
        with _asking(self._url):
            self._connected().delete_collection(name)

    def _make(self, client: "QdrantClient", release: Release, *, there: bool) -> None:
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        if not there:
            try:
                _create(client, release)
            except UnexpectedResponse as error:
                if error.status_code != 409:  # another process made it in the meantime
                    raise
        for field in ("tenant", "document_id"):
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


def _create(client: "QdrantClient", release: Release) -> None:
    from qdrant_client import models

    params = models.VectorParams(size=release.dimension, distance=models.Distance.COSINE)
    client.create_collection(release.index_name, vectors_config={release.vector_name: params})


def _local_client(folder: Path | None) -> "QdrantClient":
    from qdrant_client import QdrantClient

    # The advice to move on to a server at 20,000 points is for the documentation, not for every start.
    warnings.filterwarnings("ignore", message="Local mode is not recommended", category=UserWarning)
    if folder is None:
        return QdrantClient(":memory:", force_disable_check_same_thread=True)
    return QdrantClient(path=str(folder), force_disable_check_same_thread=True)


def _connection(client: "QdrantClient", name: str) -> sqlite3.Connection | None:
    """Make a folder's SQLite file quick to write, and give its connection; None in memory.

    The client commits, and by default syncs, every point alone: 2 ms each. With a write-ahead log the commits are
    cheap, and one checkpoint at the end of a batch puts all of it on disk.
    """
    collections = getattr(client._client, "collections", {})  # the client offers no way to reach its file
    connection = getattr(getattr(collections.get(name), "storage", None), "storage", None)
    if not isinstance(connection, sqlite3.Connection):
        return None
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("PRAGMA synchronous = NORMAL").close()
    return connection


def _exists(folder: Path) -> bool:
    return not folder.name.startswith(".") and (folder / "meta.json").is_file()


def _hold(folder: Path) -> "BaseFileLock":
    """Hold a folder for this process. Qdrant's own lock is taken after it has read the files, which is too late."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".owner", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IndexLocked(
            f"The index folder {folder} is in use: another whetstone process has it open; "
            "stop it or use WHETSTONE_QDRANT_URL."
        ) from error
    return lock


def _let_go(client: "QdrantClient", held: "BaseFileLock") -> None:
    client.close()
    held.release()


def _named(value: Any) -> dict[str, Any]:
    """Give named vectors, or their settings; a collection with one unnamed vector has it under no name."""
    return value if isinstance(value, dict) else {"": value}
