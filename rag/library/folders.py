"""The files of a folder, read where they are not as they were when they were last read. Knows no formats."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.domain import Document, Reading
from rag.errors import UnreadableDocument
from rag.library.ahead import in_order
from rag.library.documents import FileKept, FileRead, Found, PartRead, ReadFailure, Record
from rag.ports import DocumentState, DocumentStore, ReadingStore

Stamp = tuple[int, ...]
"""What changes whenever a file does: time of change in ns, size in bytes, number in its file system."""

AfterFile = Callable[[int, str], None]
"""Called after each file, with the number of files done so far and the uri of this one."""

_HELD = 200_000_000
"""Bytes of files, and of what was read of them, that may be held at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What is in a folder now."""

    files: Mapping[str, Stamp]  # uri -> stamp of every file that can be read
    failed: tuple[ReadFailure, ...] = ()  # places that could not be listed; what was in them stays
    unknown: tuple[ReadFailure, ...] = ()  # files of kinds that are not read, and why

    def passed_over(self) -> dict[str, int]:
        """Return file name ending -> how many files of that unknown kind there are, the most first."""
        endings: dict[str, int] = {}
        for each in self.unknown:
            name = each.uri.rpartition("/")[2]
            ending = name[name.rfind(".") :].lower() if "." in name else ""
            endings[ending] = endings.get(ending, 0) + 1
        return dict(sorted(endings.items(), key=lambda pair: (-pair[1], pair[0])))


class Folder(Protocol):
    """A folder with files and all below it, or a single file."""

    @property
    def source(self) -> str:
        """The `source` of its documents: its uri."""

    def list(self) -> Listing:
        """Return what is in it, without reading."""

    def content(self, uri: str) -> bytes:
        """Return the bytes of one of its files.

        Raises:
            UnreadableDocument: it is too large, not a regular file, or cannot be opened.
        """

    def records(self, uri: str, content: bytes) -> Sequence[Found]:
        """Return what one of its files holds.

        Raises:
            UnreadableDocument: it cannot be read.
            Unavailable: there is nobody to read it now.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How files are read: what is remembered with them, and differs where they have to be read again."""

    reader: str  # version of what reads them; files read by another stay as they are until that is asked for
    options: str = (
        ""  # how it is asked to read, e.g. the names of fields; files read with others are read again
    )


class FolderReader:
    """Reads the files of one folder that are not known as they are, several at once."""

    def __init__(
        self,
        folder: Folder,
        documents: DocumentStore,
        readings: ReadingStore,
        manner: Manner,
        *,
        tenant: str,
        workers: int = 1,
    ) -> None:
        self.folder = folder
        self._documents = documents
        self._readings = readings
        self._manner = manner
        self._tenant = tenant
        self._workers = workers

    def read(
        self,
        files: Mapping[str, Stamp],
        *,
        again: bool = False,
        before_each: Callable[[], object] = lambda: None,
        after_each: AfterFile | None = None,
    ) -> Iterator[Record]:
        """Yield the records of files in their order, each file's with its end; of those that are known, that they are.

        Args:
            files: of the folder's listing.
            again: read also those that are known.
            before_each: called before each file is taken.
            after_each: called after each file.
        """
        known: Mapping[str, Reading] = {}
        there: dict[str, list[DocumentState]] = {}
        if files:
            known = self._readings.below(self.folder.source, tenant=self._tenant)
            for state in self._documents.below(self.folder.source, tenant=self._tenant):
                there.setdefault(state.uri.partition("#")[0], []).append(state)

        def taken() -> Iterator[str]:
            for uri in files:
                before_each()
                yield uri

        def read(uri: str) -> list[Record]:
            return self._file(uri, None if again else known.get(uri), there.get(uri, []))

        done = in_order(
            read,
            taken(),
            workers=self._workers,
            weight=lambda uri: files[uri][1],
            weight_done=lambda records: sum(len(each.text) for each in records if isinstance(each, Document)),
            most=_HELD,
        )
        for number, (uri, records) in enumerate(zip(files, done, strict=True), start=1):
            yield from records
            if after_each is not None:
                after_each(number, uri)

    def _file(self, uri: str, known: Reading | None, there: Sequence[DocumentState]) -> list[Record]:
        manner = self._manner
        try:
            content = self.folder.content(uri)
            digest = hashlib.sha256(content).hexdigest()
            stored = [(each.id, each.content_hash) for each in there]
            if known is not None and (known.digest, known.options, known.documents) == (
                digest,
                manner.options,
                Reading.sum_of(stored),
            ):
                in_part = tuple(PartRead(uri=each.uri, reasons=each.unread) for each in there if each.unread)
                older = known.reader != manner.reader
                return [FileKept(uri=uri, documents=len(there), in_part=in_part, older=older)]
            records: list[Record] = list(self.folder.records(uri, content))
        except UnreadableDocument as error:
            return [ReadFailure(uri=uri, reason=str(error))]
        if not records:
            return [ReadFailure(uri=uri, reason="holds no records")]
        end = FileRead(
            uri=uri, digest=digest, reader=manner.reader, options=manner.options, before=tuple(stored)
        )
        return [*records, end]
