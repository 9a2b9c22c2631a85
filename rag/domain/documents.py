"""What is ingested, what of it is retrieved, and how an ingestion goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from rag.domain.identity import DEFAULT_TENANT, digest_of, sha256_text, utcnow
from rag.errors import UnreadableDocument

# Uri and metadata are kept, and searched by, with each of a document's passages.
MAX_URI = 4_000
"""Longest uri of a document, characters."""

MAX_NAMES = 100
"""Names in the metadata of a document."""

MAX_NAME = 200
"""Longest name in metadata, characters."""

MAX_VALUE = 4_000
"""Longest value in metadata, characters."""

MAX_METADATA = 16_000
"""Names and values of metadata together, characters."""


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raise UnreadableDocument where the metadata has more names, or longer names or values, than are kept."""
    for what, found, most in (
        ("names", len(metadata), MAX_NAMES),
        ("characters in a name", max(map(len, metadata), default=0), MAX_NAME),
        ("characters in a value", max(map(len, metadata.values()), default=0), MAX_VALUE),
        ("characters", sum(map(len, metadata)) + sum(map(len, metadata.values())), MAX_METADATA),
    ):
        if found > most:
            raise UnreadableDocument(
                f"has {found:,} {what} of metadata, more than the {most:,} that are kept"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One source: a file, a page, a record."""

    id: str  # UUIDv5 of tenant and uri
    tenant: str  # whose it is; nobody else's questions see it
    uri: str  # where it came from; unique within the tenant
    title: str  # may be empty
    text: str
    content_hash: str  # SHA-256 of title, text, metadata and divisible; tells whether anything changed
    divisible: bool = True  # False: one passage as it stands, because labels point at it whole
    source: str = ""  # the root it was ingested from; pruning removes what vanished from the same root
    metadata: Mapping[str, str] = field(default_factory=dict)
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
        metadata: Mapping[str, str] | None = None,
    ) -> "Document":
        """Make a document, deriving its id and content hash.

        Raises:
            UnreadableDocument: its uri or metadata is more than a document may carry.
        """
        if len(uri) > MAX_URI:
            raise UnreadableDocument(
                f"has a uri of {len(uri):,} characters, more than the {MAX_URI:,} that are kept"
            )
        metadata = dict(metadata or {})
        check_metadata(metadata)
        content = {"title": title, "text": text, "metadata": metadata, "divisible": divisible}
        return cls(
            id=cls.id_for(tenant, uri),
            tenant=tenant,
            uri=uri,
            title=title,
            text=text,
            content_hash=digest_of(content),
            divisible=divisible,
            source=source,
            metadata=metadata,
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
    metadata: Mapping[str, str] = field(
        default_factory=dict
    )  # the document's; questions may be confined by it

    @classmethod
    def create(cls, document: Document, position: int, text: str, title: str | None = None) -> "Passage":
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
        )

    @staticmethod
    def join(title: str, text: str) -> str:
        """Join title and text the way they are embedded."""
        return f"{title}\n{text}" if title else text

    @property
    def embedded_text(self) -> str:
        """What the encoder sees: title and text."""
        return self.join(self.title, self.text)


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
    metadata: Mapping[str, str] = field(default_factory=dict)
    status: IngestionStatus = IngestionStatus.RECEIVED
    reason: str = ""  # why it failed, or which of its records did
    documents: tuple[str, ...] = ()  # ids it became; of a table with very many, the first
    attempts: int = 0  # services that began to read it; more than one where they were killed meanwhile
    change: int = 0  # sequence number in the change log up to which an index has to come to hold it
    parsed_at: datetime | None = None
    indexed_at: datetime | None = None
