"""Indexes as folders: one for each release, held by one process at a time, whole or not there."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from typing_extensions import override

from rag.adapters.qdrant.cursors import write_cursor, write_whole
from rag.adapters.qdrant.edge import EdgeIndex, load_shard, make_shard
from rag.adapters.qdrant.index import WORDS, has_words, verify
from rag.domain import Release
from rag.errors import IndexLocked, NotFound
from rag.ports import IndexStore, PassageIndex

if TYPE_CHECKING:
    from filelock import BaseFileLock

_TEMPORARY = ".making-"
_MANIFEST = "whetstone.json"  # what a folder holds; one without it is none of ours, or of an engine of before
_FORMAT = 1
_SHARD = "shard"


class QdrantFolders(IndexStore):
    """An `IndexStore` in process: root/<index name>/, one process at a time in each."""

    def __init__(self, root: Path) -> None:
        """Keep the folders in `root`, made when the first index is."""
        self._root = root

    @override
    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's index as the port says; close it to let others in.

        Raises:
            IndexLocked: another process, or another index object of this one, has it open.
            IntegrityError: what is there cannot be read.
        """
        folder = self._root / release.index_name
        if create:
            self._make(release, folder)
        holds = _manifest(folder)
        if holds is None:
            raise NotFound(f"There is no index {release.index_name} in {self._root}; build it first.")
        held = _hold(folder)
        try:
            verify(release, holds["vectors"], holds["sparse"])
            return EdgeIndex(load_shard(folder / _SHARD, release), release, held)
        except BaseException:
            held.release()
            raise

    @override
    def names(self) -> frozenset[str]:
        if not self._root.is_dir():
            return frozenset()
        return frozenset(folder.name for folder in self._root.iterdir() if _exists(folder))

    @override
    def drop(self, name: str) -> None:
        """Delete an index as the port says; IndexLocked where it is open somewhere."""
        folder = self._root / name
        # What an engine of before left under the name of an index goes too.
        if not name.startswith(".") and Path(name).name == name and folder.is_dir():
            self._remove(folder)

    def _make(self, release: Release, folder: Path) -> None:
        """Make the folder under another name first, so that a half-made one never counts."""
        from filelock import FileLock

        self._root.mkdir(parents=True, exist_ok=True)
        with FileLock(self._root / ".lock"):
            if _exists(folder):
                return
            if folder.exists():
                # Of an engine of before; the documents are in SQL, so it is filled anew.
                self._remove(folder)
            for left in self._root.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(left, ignore_errors=True)
            making = self._root / f"{_TEMPORARY}{uuid4().hex}"
            (making / _SHARD).mkdir(parents=True)
            make_shard(making / _SHARD, release)
            write_cursor(making)
            _write_manifest(making, release)
            making.rename(folder)

    def _remove(self, folder: Path) -> None:
        held = _hold(folder)
        try:
            leaving = self._root / f"{_TEMPORARY}{uuid4().hex}"
            folder.rename(leaving)
            shutil.rmtree(leaving)
        finally:
            held.release()


def _exists(folder: Path) -> bool:
    return not folder.name.startswith(".") and _manifest(folder) is not None


def _manifest(folder: Path) -> dict[str, Any] | None:
    """Return what the folder says it holds; None for one that is half made, of another format, or none of ours."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("format") == _FORMAT else None


def _write_manifest(folder: Path, release: Release) -> None:
    manifest = {
        "format": _FORMAT,
        "vectors": {release.vector_name: release.dimension},
        "sparse": [WORDS] if has_words(release) else [],
    }
    write_whole(folder / _MANIFEST, manifest)


def _hold(folder: Path) -> "BaseFileLock":
    """Hold a folder for this process. The engine's own lock is taken after it has read the files: too late."""
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
