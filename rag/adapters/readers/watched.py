"""A folder on this machine's disks, or a file, that is ingested or followed."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from typing_extensions import override

from rag.adapters.readers import FORMATS, unknown_kind
from rag.adapters.readers.beir import CORPUS
from rag.adapters.readers.files import SourceFile, absolute
from rag.adapters.readers.folders import files_below
from rag.library.documents import FieldNames, Found, ReadFailure
from rag.library.folders import Folder, Listing, Stamp
from rag.library.ingesting import FileReader


class DiskFolder(Folder):
    """A folder, and all below it, or one file."""

    def __init__(
        self,
        root: Path,
        reader: FileReader,
        *,
        tenant: str,
        max_bytes: int,
        fields: FieldNames | None = None,
        passed_over: Collection[str] = (),
    ) -> None:
        """Read files of up to `max_bytes` below `root` with `reader`; the folder need not be there yet.

        Files in it with the endings `passed_over` are not read, as those of no known kind.
        """
        self._root = absolute(root)
        self._reader = reader
        self._tenant = tenant
        self._max_bytes = max_bytes
        self._fields = fields
        self._formats = frozenset(FORMATS) - frozenset(passed_over)
        self._paths: dict[str, Path] = {}

    @property
    @override
    def source(self) -> str:
        """Return the `source` of its documents: its uri."""
        return self._root.as_uri()

    @override
    def list(self) -> Listing:
        """Return what is in it, in a fixed order. A data set with labels is passed over: it is no folder of files."""
        files: dict[str, Stamp] = {}
        failed: list[ReadFailure] = []
        unknown: list[ReadFailure] = []
        paths: dict[str, Path] = {}
        alone = self._root.exists() and not self._root.is_dir()
        for entry in [self._root] if alone else files_below(self._root):
            if isinstance(entry, ReadFailure):
                failed.append(entry)
                continue
            uri = entry.as_uri()
            if entry == self._root / CORPUS:
                continue
            if not alone and entry.suffix.lower() not in self._formats:
                unknown.append(ReadFailure(uri=uri, reason=unknown_kind(entry)))
                continue
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
        return Listing(files=files, failed=tuple(failed), unknown=tuple(unknown))

    @override
    def content(self, uri: str) -> bytes:
        path = self._paths[uri]
        return SourceFile(
            path=path, tenant=self._tenant, source=self.source, max_bytes=self._max_bytes
        ).read_bytes()

    @override
    def records(self, uri: str, content: bytes) -> Sequence[Found]:
        name = self._paths[uri].name
        return self._reader.read(content, filename=name, uri=uri, tenant=self._tenant, fields=self._fields)
