"""A folder on this machine's disks that is followed."""

import os
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from rag.adapters.readers import FORMATS
from rag.adapters.readers.beir import CORPUS
from rag.adapters.readers.files import SourceFile, absolute
from rag.adapters.readers.folders import files_below
from rag.domain import Document
from rag.errors import UnreadableDocument
from rag.library.documents import ReadFailure
from rag.library.ingesting import FileReader
from rag.library.watching import Folder, Listing, Stamp


class DiskFolder(Folder):
    """A folder, and all below it; its documents are the ones that `readers.read` makes of it."""

    def __init__(self, root: Path, reader: FileReader, *, tenant: str, max_bytes: int) -> None:
        """Read files of up to `max_bytes` below `root` with `reader`; the folder need not be there yet."""
        self._root = absolute(root)
        self._reader = reader
        self._tenant = tenant
        self._max_bytes = max_bytes
        self._paths: dict[str, Path] = {}

    @property
    @override
    def source(self) -> str:
        """Return the `source` of its documents: its uri."""
        return self._root.as_uri()

    @override
    def list(self) -> Listing:
        """Return what is in it. Files of no known format are passed over, and so are data sets with labels."""
        files: dict[str, Stamp] = {}
        failed: list[ReadFailure] = []
        paths: dict[str, Path] = {}
        for entry in files_below(self._root):
            if isinstance(entry, ReadFailure):
                failed.append(entry)
                continue
            if entry.suffix.lower() not in FORMATS or entry.name == CORPUS:
                continue
            uri = entry.as_uri()
            try:
                status = os.stat(entry)  # noqa: PTH116 - Path.stat() is the same and slower
            except FileNotFoundError:
                continue
            except OSError as error:
                failed.append(ReadFailure(uri=uri, reason=f"cannot be looked at: {error.strerror or error}"))
                continue
            files[uri] = (status.st_mtime_ns, status.st_size, status.st_ino)
            paths[uri] = entry
        self._paths = paths
        return Listing(files=files, failed=tuple(failed))

    @override
    def read(self, uri: str) -> Sequence[Document | ReadFailure]:
        path = self._paths[uri]
        file = SourceFile(path=path, tenant=self._tenant, source=self.source, max_bytes=self._max_bytes)
        try:
            return self._reader.read(file.read_bytes(), filename=path.name, uri=uri, tenant=self._tenant)
        except UnreadableDocument as error:
            return [ReadFailure(uri=uri, reason=str(error))]
