"""What is read and put into the library: documents, what of them was not read, and what could not be read at all."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from rag.domain import Document, Metadata, Reading, Scalar, Value
from rag.errors import InvalidInput

MAX_TITLE = 300
"""Longest title that is kept, in characters; the title is embedded with every passage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldNames:
    """Which fields of a table or of JSON records mean what; None: what the reader takes them for."""

    id: str | None = None
    title: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadFailure:
    """Something that should have become a document and did not."""

    uri: str  # of the file, or of the record within it
    reason: str  # what was found and what to do, for a person


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """What is to be known of how a file was read, though nothing of it was lost."""

    uri: str  # of the file
    said: str  # for a person


@dataclass(frozen=True, kw_only=True, slots=True)
class PartRead:
    """A document of which something was not read."""

    uri: str
    reasons: tuple[str, ...]  # what was not read and why, each for a person


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRead:
    """Ends the records of one file: what came since the last such end is all that the file holds."""

    uri: str
    digest: str  # SHA-256 of its bytes
    reader: str  # version of what read it
    options: str  # how it was asked to be read
    before: tuple[tuple[str, str], ...] = ()  # (id, content hash) of the documents that were stored of it

    def reading(self, documents: dict[str, str], *, tenant: str) -> Reading:
        """Return what is to be remembered, where these are its documents in the store, as id -> content hash."""
        return Reading(
            tenant=tenant,
            uri=self.uri,
            digest=self.digest,
            reader=self.reader,
            options=self.options,
            documents=Reading.sum_of(documents.items()),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FileKept:
    """Stands for a file that is as it was when it was last read, and was not read again."""

    uri: str
    documents: int  # that it became
    in_part: tuple[PartRead, ...] = ()  # of these
    older: bool = False  # it was read by another version of the reader


Found: TypeAlias = Document | ReadFailure | Remark
"""What a reader finds in a file."""

Record: TypeAlias = Found | FileRead | FileKept
"""What a sync takes: what was read, and of files where they end, or that they were not read again."""


def storable(document: Document) -> Document:
    """Return the document with a title on one line of bounded length and without NUL, which PostgreSQL refuses.

    Raises:
        InvalidInput: the uri is empty or holds a NUL character.
    """
    if not document.uri or "\0" in document.uri:
        raise InvalidInput(f"a document's uri has to be non-empty and free of NUL; got {document.uri!r}")
    title = " ".join(document.title.replace("\0", "").split())
    if len(title) > MAX_TITLE:
        title = title[: MAX_TITLE - 1] + "…"
    text = document.text.replace("\0", "")
    metadata = storable_metadata(document.metadata)
    if (title, text, metadata) == (document.title, document.text, dict(document.metadata)):
        return document
    return with_content(document, title=title, text=text, metadata=metadata)


def storable_metadata(metadata: Metadata) -> dict[str, Value]:
    """Return the metadata without NUL, which PostgreSQL refuses."""

    def plain(value: Scalar) -> Scalar:
        return value.replace("\0", "") if isinstance(value, str) else value

    return {
        name.replace("\0", ""): tuple(map(plain, value)) if isinstance(value, tuple) else plain(value)
        for name, value in metadata.items()
    }


def with_content(
    document: Document,
    *,
    title: str | None = None,
    text: str | None = None,
    metadata: Metadata | None = None,
) -> Document:
    """Return the same document with other content where it is named."""
    made = Document.create(
        uri=document.uri,
        text=document.text if text is None else text,
        title=document.title if title is None else title,
        tenant=document.tenant,
        divisible=document.divisible,
        source=document.source,
        metadata=document.metadata if metadata is None else metadata,
        locators=document.locators,
        unread=document.unread,
    )
    return replace(made, updated_at=document.updated_at)
