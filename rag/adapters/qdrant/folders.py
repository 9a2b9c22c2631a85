"""The folder of an index: what it says of itself, and who holds it."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.adapters.qdrant.index import WORDS, has_words
from rag.domain import Release
from rag.errors import IndexLocked

if TYPE_CHECKING:
    from filelock import BaseFileLock

_MANIFEST = "whetstone.json"  # what a folder holds; one without it is none of ours, or of an engine of before
_FORMAT = 1


def exists(folder: Path) -> bool:
    """Tell whether it is the folder of a finished index."""
    return not folder.name.startswith(".") and manifest(folder) is not None


def manifest(folder: Path) -> dict[str, Any] | None:
    """Return what the folder says it holds; None for one that is half made, of another format, or none of ours."""
    try:
        content = json.loads((folder / _MANIFEST).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("format") == _FORMAT else None


def write_manifest(folder: Path, release: Release) -> None:
    """Write that the folder holds the release's index."""
    content = {
        "format": _FORMAT,
        "vectors": {release.vector_name: release.dimension},
        "sparse": [WORDS] if has_words(release) else [],
    }
    write_whole(folder / _MANIFEST, content)


def write_whole(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file that is either as before or as given, also after a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w") as file:
        file.write(json.dumps(content) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def hold(folder: Path) -> "BaseFileLock":
    """Hold a folder for this process. The engine's own lock is taken after it has read the files: too late.

    Raises:
        IndexLocked: somebody else holds it.
    """
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
