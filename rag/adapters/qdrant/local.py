"""Qdrant in process: a folder for each release, or in memory."""

import shutil
import sqlite3
import threading
import warnings
import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from rag.adapters.qdrant.index import ReleaseIndex, make_collection
from rag.domain import Release
from rag.errors import IndexLocked, NotFound
from rag.ports import Found, PassageIndex, Where

if TYPE_CHECKING:
    from filelock import BaseFileLock
    from qdrant_client import QdrantClient

_TEMPORARY = ".making-"


class _LocalIndex(ReleaseIndex):
    """In process. The client is no friend of threads: one call at a time."""

    def __init__(self, client: "QdrantClient", release: Release, lock: threading.Lock) -> None:
        self._lock = lock
        self._connection = _connection(client, release.index_name)
        super().__init__(client, release)
        self._tenants = {str(point.payload["tenant"]) for point in self._scroll(with_payload=["tenant"])}

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,
        where: Where | None = None,
    ) -> list[Found]:
        """Give the best passages of one tenant, best first. `vector` has shape (dimension,)."""
        found = super().search(vector, tenant=tenant, limit=limit, text=text, where=where)
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
                make_collection(client, release)
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
                make_collection(client, release)
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
