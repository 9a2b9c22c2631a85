"""What is ingested, what of it is retrieved, and how an ingestion goes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from rag.domain.identity import DEFAULT_TENANT, digest_of, sha256_text, utcnow
from rag.domain.metadata import Metadata, Value, check_metadata, metadata_of
from rag.errors import UnreadableDocument

MAX_URI = 4_000
"""Longest uri of a document, characters; it is kept with each of a document's passages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locator:
    """Where in a document a piece of its text stands, as a person would look it up: page 3, slide 2, sheet Prices."""

    start: int  # character of the document's text at which it begins; it ends where the next one begins
    kind: str  # page, slide, sheet
    name: str  # "3", "Prices"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One source: a file, a page, a record."""

    id: str  # UUIDv5 of tenant and uri
    tenant: str  # whose it is; nobody else's questions see it
    uri: str  # where it came from; unique within the tenant
    title: str  # may be empty
    text: str  # Markdown, but for plain text and records
    content_hash: (
        str  # SHA-256 of all that `create` takes but uri, tenant and source; tells whether anything changed
    )
    divisible: bool = True  # False: one passage as it stands, because labels point at it whole
    source: str = ""  # the root it was ingested from; pruning removes what vanished from the same root
    metadata: Metadata = field(default_factory=dict)
    locators: tuple[Locator, ...] = ()  # by their starts
    unread: tuple[
        str, ...
    ] = ()  # what of it was not read and why, each for a person; not empty: read in part
    updated_at: datetime = field(default_factory=utcnow)

    @staticmethod
    def id_for(tenant: str, uri: str) -> str:
        """Return the id of the tenant's document at that uri."""
        return str(uuid5(NAMESPACE_URL, f"whetstone:{tenant}:{uri}"))

    @classmethod
    def create(
        cls,
        *,
        uri: str,
        text: str,
        title: str = "",
        tenant: str = DEFAULT_TENANT,
        divisible: bool = True,
        source: str = "",
        metadata: Mapping[str, Any] | None = None,
        locators: Sequence[Locator] = (),
        unread: Sequence[str] = (),
    ) -> "Document":
        """Make a document, deriving its id and content hash.

        Raises:
            UnreadableDocument: its uri or metadata is more than a document may carry, or metadata has no name.
        """
        if len(uri) > MAX_URI:
            raise UnreadableDocument(
                f"has a uri of {len(uri):,} characters, more than the {MAX_URI:,} that are kept"
            )
        kept: dict[str, Value] = metadata_of(metadata or {})
        check_metadata(kept)
        content: dict[str, Any] = {"title": title, "text": text, "metadata": kept, "divisible": divisible}
        # Only where there are any, so that documents without keep the hash they had before these were known.
        if locators:
            content["locators"] = [[each.start, each.kind, each.name] for each in locators]
        if unread:
            content["unread"] = list(unread)
        return cls(
            id=cls.id_for(tenant, uri),
            tenant=tenant,
            uri=uri,
            title=title,
            text=text,
            content_hash=digest_of(content),
            divisible=divisible,
            source=source,
            metadata=kept,
            locators=tuple(locators),
            unread=tuple(unread),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A piece of a document that is retrieved."""

    id: str  # UUIDv5 of document id, position and text hash
    document_id: str
    tenant: str
    position: int  # 0 is the document's first passage
    uri: str  # the document's
    title: str  # the document's, or its title and the heading above the passage
    text: str  # what is shown and cited
    text_hash: str  # SHA-256 of `embedded_text`
    metadata: Metadata = field(default_factory=dict)  # the document's; questions may be confined by it
    locator: str = ""  # where in the document it stands: "page 3", "pages 3-4", "slide 2"; empty: not known

    @classmethod
    def create(
        cls, document: Document, position: int, text: str, title: str | None = None, locator: str = ""
    ) -> "Passage":
        """Make the passage of `document` at `position`, counted from 0."""
        title = document.title if title is None else title
        text_hash = sha256_text(cls.join(title, text))
        return cls(
            id=str(uuid5(UUID(document.id), f"{position}:{text_hash}")),
            document_id=document.id,
            tenant=document.tenant,
            position=position,
            uri=document.uri,
            title=title,
            text=text,
            text_hash=text_hash,
            metadata=dict(document.metadata),
            locator=locator,
        )

    @staticmethod
    def join(title: str, text: str) -> str:
        """Join title and text the way they are embedded."""
        return f"{title}\n{text}" if title else text

    @property
    def name(self) -> str:
        """What it is called where it is cited: its title, or uri where it has none, and where it stands."""
        return ", ".join(filter(None, [self.title or self.uri, self.locator]))

    @property
    def embedded_text(self) -> str:
        """What the encoder sees: title and text."""
        return self.join(self.title, self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a file was when it was last read, and what became of it; tells whether it has to be read again."""

    tenant: str
    uri: str  # the file's; its documents have the same, or this and "#" and the name of a record
    digest: str  # SHA-256 of its bytes
    reader: str  # version of what read it
    options: str  # how it was asked to be read, e.g. the names of fields
    documents: str  # digest of the documents that it became, as they were written
    read_at: datetime = field(default_factory=utcnow)

    @staticmethod
    def sum_of(documents: Iterable[tuple[str, str]]) -> str:
        """Return the digest of a file's documents, given as (id, content hash)."""
        return digest_of({"documents": sorted(documents)})


class ChangeKind(StrEnum):
    """What happened to a document."""

    PUT = "put"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One row of the change log."""

    seq: int  # grows by one in the order of commits, from 1
    document_id: str
    tenant: str
    kind: ChangeKind
    at: datetime


class IngestionStatus(StrEnum):
    """How far a document that was handed in has come."""

    RECEIVED = "received"  # stored as it came, nothing read yet
    PARSED = "parsed"  # its text is in the store
    INDEXED = "indexed"  # questions find it
    READ_IN_PART = "read_in_part"  # questions find what was read of it; the reason says what was not
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingestion:
    """One file or page that was handed in, and what became of it."""

    id: str
    tenant: str
    principal: str  # who handed it in
    uri: str  # of the document it becomes
    filename: str  # tells the format; empty: a web page that is to be fetched from the uri
    size: int  # bytes
    received_at: datetime
    title: str = ""  # given by hand; empty: as the file says
    metadata: Metadata = field(default_factory=dict)
    fields: Mapping[str, str] = field(
        default_factory=dict
    )  # id, title, text -> the field of a table that is it
    since: int = (
        0  # last change in the change log when it came; what people change after it stays as they left it
    )
    status: IngestionStatus = IngestionStatus.RECEIVED
    reason: str = ""  # why it failed, or which of its records did
    documents: tuple[str, ...] = ()  # ids it became; of a table with very many, the first
    attempts: int = 0  # services that began to read it; more than one where they were killed meanwhile
    change: int = 0  # sequence number in the change log up to which an index has to come to hold it
    parsed_at: datetime | None = None
    indexed_at: datetime | None = None
