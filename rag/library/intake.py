"""Takes what is handed in, and keeps it as it came until it is read."""

import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from rag.domain import Ingestion, Principal, check_metadata, metadata_of, new_id, utcnow
from rag.errors import (
    AddressRefused,
    BodyTooLarge,
    InvalidInput,
    RateLimited,
    UnreadableDocument,
    UnsupportedFormat,
)
from rag.library.documents import FieldNames, storable_metadata
from rag.ports import IngestionStore, WebPages

_FULL_S = 30.0
_STORING = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How much of one tenant may wait to be read."""

    files: int
    bytes: int
    largest: int  # bytes of one file


class Intake:
    """Takes what is handed in. Once it has an ingestion, it is durable."""

    def __init__(
        self,
        ingestions: IngestionStore,
        *,
        formats: Collection[str],  # endings of file names that are taken, with the dot
        room: Room,
        pages: WebPages | None = None,  # checks addresses; None: no web pages are taken
        arrived: Callable[[], None] = lambda: None,  # called after each that was taken
    ) -> None:
        self._ingestions = ingestions
        self._formats = formats
        self._room = room
        self._pages = pages
        self._arrived = arrived
        # Each holds a whole file in memory while it is written.
        self._storing = threading.BoundedSemaphore(_STORING)

    def file(
        self,
        content: BinaryIO,
        *,
        filename: str,
        principal: Principal,
        uri: str = "",
        title: str = "",
        metadata: Mapping[str, Any] | None = None,
        fields: FieldNames | None = None,
    ) -> Ingestion:
        """Take a file, with the names of a table's fields; its uri is ``upload:`` and its name unless one is given.

        Raises:
            UnsupportedFormat: there is no reader for files with that ending.
            UnreadableDocument: it is empty, or has more metadata than is kept.
            InvalidInput: it has no name.
            BodyTooLarge: it has more bytes than a file may have.
            RateLimited: as much of this tenant waits to be read as may.
        """
        name = plain_name(filename)
        self.check_name(name)
        with self._storing:
            read = content.read(self._room.largest + 1)
            self.check_size(name, len(read))
            return self._take(
                read,
                filename=name,
                uri=uri or f"upload:{name}",
                principal=principal,
                title=title,
                metadata=metadata or {},
                fields=fields,
            )

    def check_names(self, filenames: Sequence[str]) -> None:
        """Raise where one of the files cannot be read, or two would be the same document.

        Raises:
            InvalidInput: one has no name, or two have the same.
            UnsupportedFormat: there is no reader for files with that ending.
        """
        for filename in filenames:
            self.check_name(filename)
        names = [plain_name(filename) for filename in filenames]
        twice = next((name for name, times in Counter(names).items() if times > 1), None)
        if twice is not None:
            raise InvalidInput(
                f"{names.count(twice)} files of this request are called {twice!r}, and one would replace the other. "
                "Nothing was taken; send them one by one, each with a uri of its own."
            )

    def check_size(self, filename: str, size: int) -> None:
        """Raise where a file of so many bytes is not taken.

        Raises:
            UnreadableDocument: it is empty.
            BodyTooLarge: it has more bytes than a file may have.
        """
        name = plain_name(filename)
        if not size:
            raise UnreadableDocument(f"{name} is empty.")
        if size > self._room.largest:
            raise BodyTooLarge(f"{name} has more than the {self._room.largest:,} bytes that are accepted.")

    def check_name(self, filename: str) -> None:
        """Raise where a file of that name cannot be read.

        Raises:
            InvalidInput: it has no name.
            UnsupportedFormat: there is no reader for files with that ending.
        """
        name = plain_name(filename)
        if not name:
            raise InvalidInput("A file needs a name, whose ending tells its format.")
        if PurePosixPath(name).suffix.lower() not in self._formats:
            known = ", ".join(sorted(self._formats))
            raise UnsupportedFormat(f"{name}: there is no reader for this kind of file; known are {known}.")

    def check_room(self, tenant: str, *, files: int, size: int) -> None:
        """Raise RateLimited where so many files, of so many bytes together, may not wait beside those that do."""
        waiting, held = self._ingestions.backlog(tenant=tenant)
        if waiting + files > self._room.files or (waiting and held + size > self._room.bytes):
            raise RateLimited(
                f"{waiting} files of {held:,} bytes wait to be read already; send more once they are.",
                retry_after_s=_FULL_S,
            )

    def page(
        self,
        url: str,
        *,
        principal: Principal,
        title: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Ingestion:
        """Take the address of a web page; its uri is the address.

        Raises:
            AddressRefused: pages are not fetched from there, or not at all.
            UnreadableDocument: it has more metadata than is kept.
            RateLimited: as much of this tenant waits to be read as may.
        """
        if self._pages is None:
            raise AddressRefused("Web pages are not taken here; WHETSTONE_WEB_PAGES=true allows them.")
        self._pages.check(url)
        return self._take(
            b"", filename="", uri=url, principal=principal, title=title, metadata=metadata or {}
        )

    def _take(
        self,
        content: bytes,
        *,
        filename: str,
        uri: str,
        principal: Principal,
        title: str,
        metadata: Mapping[str, Any],
        fields: FieldNames | None = None,
    ) -> Ingestion:
        if "\0" in uri:
            raise InvalidInput("a document's uri has to be free of NUL")
        metadata = metadata_of(metadata)
        check_metadata(metadata)
        self.check_room(principal.tenant, files=1, size=len(content))
        ingestion = Ingestion(
            id=new_id(),
            tenant=principal.tenant,
            principal=principal.id,
            uri=uri,
            filename=filename,
            size=len(content),
            received_at=utcnow(),
            title=title.replace("\0", ""),
            metadata=storable_metadata(metadata),
            fields={name: field for name, field in asdict(fields or FieldNames()).items() if field},
        )
        self._ingestions.add(ingestion, content)
        self._arrived()
        return ingestion


def plain_name(filename: str) -> str:
    """Return a file's name without folders and control characters, at most 255 characters with its ending.

    In one normal form: some systems write ü as one letter, others as two, and it is the same name.
    """
    name = unicodedata.normalize("NFC", filename)
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable()).strip()
    if len(name) <= 255:
        return name
    dot = name.rfind(".", len(name) - 20)
    return name[:255] if dot < 0 else name[: 255 - len(name) + dot] + name[dot:]
