"""A file that is being read, and the texts and documents made of it."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rag.adapters.encodings import Decoded, decoded, unicode_of
from rag.adapters.readers.ocr import Ocr
from rag.domain import Document, Locator
from rag.errors import UnreadableDocument
from rag.library.documents import FieldNames, ReadFailure

Records = Iterator[Document | ReadFailure]
"""What a reader yields."""

DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,  # lxml's
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""A damaged file surfaces as whatever its wrong numbers and names lead to."""


def absolute(location: str | Path) -> Path:
    """Return the absolute path, links unresolved: a link that is set anew keeps its documents' uris."""
    return Path(os.path.abspath(location))  # noqa: PTH100 - Path.absolute() keeps "..", Path.resolve() links


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """One file and whose documents it holds."""

    path: Path  # of one that was handed in: its name alone
    tenant: str
    source: str  # uri of the root it was found under
    max_bytes: int
    fields: FieldNames = field(default_factory=FieldNames)
    content: bytes | None = None  # of one that was handed in
    given_uri: str = ""  # of one that was handed in
    depth: int = 0  # files around it: 1 for what is attached to a mail, or in an archive
    ocr: Ocr | None = None  # None: pictures are not read
    remarks: list[str] = field(default_factory=list, compare=False)  # its reader's, for a person

    @property
    def uri(self) -> str:
        """The uri that was given, or else the file's absolute one."""
        return self.given_uri or self.path.as_uri()

    def uri_of(self, record: str) -> str:
        """Return the uri of a record within the file."""
        return f"{self.uri}#{quote(record, safe='', errors='replace')}"

    @property
    def stem(self) -> str:
        """The file's name without its ending: the title of last resort."""
        return os.fsencode(self.path.stem).decode(errors="replace")

    def read_bytes(self) -> bytes:
        """Return the content.

        Raises:
            UnreadableDocument: it is too large, not a regular file, or cannot be opened.
        """
        if self.content is not None:
            return self.content
        try:
            status = self.path.stat()
            # Opening a pipe would wait for its writer for ever.
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableDocument("is not a regular file")
            with self.path.open("rb") as file:
                data = file.read(self.max_bytes + 1)
        except OSError as error:
            raise UnreadableDocument(f"cannot be opened: {error.strerror or error}") from error
        if len(data) > self.max_bytes:
            raise UnreadableDocument(
                f"has {max(status.st_size, len(data)):,} bytes, more than the limit of {self.max_bytes:,}; "
                "split it or raise the limit"
            )
        return data

    def read_text(self) -> str:
        r"""Return the content as text, line ends made ``\n``; it has to be Unicode.

        Raises:
            UnreadableDocument: as for `read_bytes`, or it is not Unicode.
        """
        return unicode_of(self.read_bytes())

    def decoded(self, *labels: str | None) -> Decoded:
        r"""Return the content as text, line ends made ``\n``, and what had to be guessed for it.

        Args:
            labels: names of encodings that the content gives itself, the most trusted one first.

        Raises:
            UnreadableDocument: as for `read_bytes`, or it is no text.
        """
        return decoded(self.read_bytes(), labels=labels)

    def document(
        self,
        *,
        text: str,
        title: str = "",
        record: str = "",
        metadata: Mapping[str, Any] | None = None,
        locators: Sequence[Locator] = (),
        unread: Sequence[str] = (),
    ) -> Document | ReadFailure:
        """Make the file's document, or that of one of its records."""
        return document_or_failure(
            uri=self.uri_of(record) if record else self.uri,
            text=text,
            title=title,
            tenant=self.tenant,
            source=self.source,
            metadata=metadata,
            locators=locators,
            unread=unread,
        )


def document_or_failure(
    *,
    uri: str,
    text: str,
    title: str,
    tenant: str,
    source: str,
    divisible: bool = True,
    metadata: Mapping[str, Any] | None = None,
    locators: Sequence[Locator] = (),
    unread: Sequence[str] = (),
) -> Document | ReadFailure:
    """Make a document, or say why there is none."""
    if not text.strip():
        return ReadFailure(uri=uri, reason="holds no text")
    # JSON can spell half of a surrogate pair, which is no character and cannot be stored.
    if any(
        "\ud800" <= letter <= "\udfff" for part in (text, title, *_written(metadata or {})) for letter in part
    ):
        return ReadFailure(
            uri=uri, reason="holds half a surrogate pair (\\ud800 to \\udfff), not a character"
        )
    try:
        return Document.create(
            uri=uri,
            text=text,
            title=title,
            tenant=tenant,
            divisible=divisible,
            source=source,
            metadata=metadata,
            locators=locators,
            unread=unread,
        )
    except UnreadableDocument as error:
        return ReadFailure(uri=uri, reason=str(error))


def _written(metadata: Mapping[str, Any]) -> Iterator[str]:
    for name, value in metadata.items():
        yield name
        yield from (
            each for each in (value if isinstance(value, list | tuple) else (value,)) if isinstance(each, str)
        )
