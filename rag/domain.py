"""The nouns of serving. Frozen, vendor-free; every datetime is aware."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

DEFAULT_TENANT = "default"


def utcnow() -> datetime:
    """Give the present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Give a fresh random id (UUIDv4)."""
    return str(uuid4())


def sha256_text(text: str) -> str:
    """Give the SHA-256 of the text's UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(value: Mapping[str, Any]) -> str:
    """Give the SHA-256, in hex, of a JSON value written canonically (sorted keys, no blanks)."""
    return sha256_text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


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
        """Give the id of the tenant's document at that uri."""
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
        """Make a document, deriving its id and content hash."""
        content = {"title": title, "text": text, "metadata": dict(metadata or {}), "divisible": divisible}
        return cls(
            id=cls.id_for(tenant, uri),
            tenant=tenant,
            uri=uri,
            title=title,
            text=text,
            content_hash=digest_of(content),
            divisible=divisible,
            source=source,
            metadata=dict(metadata or {}),
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunking:
    """How documents become passages."""

    max_tokens: int = 220  # tokens (tiktoken's); leaves MiniLM's 256 word pieces room for the title
    overlap_tokens: int = 30  # tokens shared by neighbours

    @property
    def digest(self) -> str:
        """Identify the setting."""
        return digest_of(asdict(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieval:
    """How passages are found, what of them the generator sees, and when the service keeps silent."""

    top_k: int = 5  # passages given to the generator
    threshold: float = 0.4  # cosine of the nearest hit below which the documents do not say
    dense_weight: float = 0.8  # 1: by vectors alone, 0: by words (BM25) alone, between: both, fused
    context_weight: float = 0.3  # share of its document's vector in a passage's vector; 0: the passage alone
    neighbours: int = 0  # passages before and after each hit that the generator sees with it
    context_tokens: int = 3_000  # budget of all passages in the prompt, tokens
    language: str = "english"  # of the stemmer that words are reduced with (Snowball's name), or "none"
    bm25_k1: float = 1.5  # saturation of a word's count in a passage
    bm25_b: float = 0.75  # how much a passage's length counts
    bm25_length: float = 120.0  # words of a passage of ordinary length
    reranker: str | None = None  # digest of a cross-encoder that orders the best candidates anew
    rerank_depth: int = 20  # candidates it reads


_ASKED_WITH = frozenset(
    {"top_k", "threshold", "dense_weight", "neighbours", "context_tokens", "reranker", "rerank_depth"}
)
"""Fields of `Retrieval` that say how an index is asked, and nothing of what is written to it. Whether there are words
in it, `dense_weight` below 1, is looked at apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What a question is answered with, and what is evaluated. Immutable."""

    digest: str  # SHA-256 of all that follows but the time
    encoder: str  # the encoder's digest
    chunking: Chunking
    retrieval: Retrieval
    dimension: int  # of a vector
    distance: str  # "cosine"
    adapts: str | None = (
        None  # digest of the encoder whose passages' vectors it has; None: of its own encoder's
    )
    shares: str | None = None  # digest of the release whose index it searches; None: it has its own
    created_at: datetime = field(default_factory=utcnow)

    @classmethod
    def create(
        cls,
        *,
        encoder: str,
        dimension: int,
        chunking: Chunking,
        retrieval: Retrieval,
        passages: str | None = None,
        beside: "Release | None" = None,
    ) -> "Release":
        """Make a release, deriving its digest.

        Args:
            encoder: digest of the encoder.
            dimension: of a vector.
            chunking: how documents become passages.
            retrieval: how passages are found.
            passages: digest of the encoder that gives the passages' vectors (`Encoder.passages_digest`); None: the
                same. Another one is that which a query-side adapter was trained on.
            beside: the release that an adapter's is made for; where both indexes would hold the same, it is shared.
        """
        made = cls(
            digest="",
            encoder=encoder,
            dimension=dimension,
            distance="cosine",
            adapts=passages if passages != encoder else None,
            chunking=chunking,
            retrieval=retrieval,
        )
        if made.adapts and beside and made._may_share(beside):
            made = replace(made, shares=beside.shares or beside.digest)
        return made._sealed()

    def retrieving(self, retrieval: Retrieval) -> "Release":
        """Give the release with another retrieval; of an index that would hold something else it makes its own."""
        made = replace(self, retrieval=retrieval, created_at=utcnow())
        return (made if made._may_share(self) else replace(made, shares=None))._sealed()

    def holds(self, other: "Release") -> bool:
        """Tell whether its index holds all that the other's would, so that it can be asked instead.

        An index with words holds what one without them does; all else that is written has to be the same, and the
        passages' vectors those of one encoder.
        """
        words = self.retrieval.dense_weight < 1 or other.retrieval.dense_weight >= 1
        return words and self._written() == other._written()

    def _may_share(self, other: "Release") -> bool:
        # Both ways: whichever of them is live writes to the index, and has to write all that the other one needs.
        return self.holds(other) and other.holds(self)

    def _written(self) -> dict[str, Any]:
        # What is not known to leave the index alone counts as part of it: a new field then costs time, never truth.
        written = {name: value for name, value in asdict(self.retrieval).items() if name not in _ASKED_WITH}
        return written | {
            "passages": self.passages,
            "dimension": self.dimension,
            "distance": self.distance,
            "chunking": self.chunking,
        }

    def _sealed(self) -> "Release":
        content = {
            "encoder": self.encoder,
            "dimension": self.dimension,
            "distance": self.distance,
            "chunking": asdict(self.chunking),
            "retrieval": asdict(self.retrieval),
        }
        # Left out where there is none, so that releases made before there were adapters keep their digests.
        content |= {"adapts": self.adapts} if self.adapts else {}
        content |= {"shares": self.shares} if self.shares else {}
        return replace(self, digest=digest_of(content))

    @property
    def passages(self) -> str:
        """Digest of the encoder that gives the passages' vectors: its own, or the one that its encoder adapts."""
        return self.adapts or self.encoder

    @property
    def index_name(self) -> str:
        """Name of the collection (embedded: the folder): of this release alone, or of the one it shares that with."""
        return f"whetstone-{(self.shares or self.digest)[:16]}"

    @property
    def vector_name(self) -> str:
        """Name of the vector in the index: a query of an encoder for other vectors finds no such one."""
        return f"encoder-{self.passages[:16]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """The single truth about what serves."""

    epoch: int  # grows by one with every switch, never shrinks
    release: str  # digest of the live release
    previous: str | None = None  # digest of the one before; kept up to date for a rollback
    staged: str | None = None  # digest of the one that replicas are asked to load for a switch to come
    changed_at: datetime = field(default_factory=utcnow)  # of the last switch; staging does not count


@dataclass(frozen=True, kw_only=True, slots=True)
class Replica:
    """One serving process and what it says of itself."""

    id: str
    heartbeat_at: datetime
    epoch: int  # the deployment epoch it answers with
    ready: frozenset[str]  # digests of the releases it has loaded, index caught up


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A passage found for a question."""

    passage: Passage
    rank: int  # 1 is the best, by whatever the release orders with
    score: float  # cosine of question and passage, -1 to 1; need not fall with the rank
    neighbours: tuple[Passage, ...] = ()  # of the same document, by position, without the passage itself


class InteractionStatus(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"  # the documents do not say
    RETRIEVED = "retrieved"  # only passages were asked for
    FAILED = "failed"
    CANCELLED = "cancelled"  # the client went away


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedHit:
    """What is kept of a hit."""

    passage_id: str
    document_id: str
    rank: int  # 1 is the best
    score: float  # cosine


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """One logged question."""

    id: str
    tenant: str
    principal: str  # who asked: a key's id, or "local"
    asked_at: datetime
    question: str
    hits: tuple[LoggedHit, ...]
    answer: str
    cited: tuple[str, ...]  # passage ids, in the order of their numbers in the answer
    release: str  # digest
    epoch: int
    generator: str  # which one wrote the answer; empty for retrieval alone
    status: InteractionStatus
    error: str = ""  # class and message where it failed
    rewritten: str = ""  # the question as it was searched for, where that is not the question as it was asked
    auxiliary: bool = False  # a chat front end's own prompt (title, tags, follow-ups), nobody's question
    degraded: bool = False  # the language model was out of order, so that the extractive generator answered
    prompt_tokens: int = 0
    completion_tokens: int = 0
    embed_ms: float = 0.0  # milliseconds; part of retrieve_ms
    search_ms: float = 0.0  # part of retrieve_ms
    first_token_ms: float = 0.0  # from the question's arrival to the answer's first piece; 0: there was none
    retrieve_ms: float = 0.0
    generate_ms: float = 0.0
    total_ms: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback:
    """A person's judgement on an interaction."""

    id: str
    interaction_id: str
    tenant: str
    principal: str
    given_at: datetime
    rating: int | None = None  # 1 good, -1 bad
    clicked_passage: str | None = None  # passage id that was opened
    corrected_passage: str | None = None  # passage id that would have been right
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One chat message."""

    role: str  # system, user or assistant
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """Everything a generator may use."""

    question: str
    hits: tuple[Hit, ...]
    messages: tuple[Message, ...]  # the same, written out for a chat model
    max_tokens: int | None = None  # of the answer
    temperature: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What a generator may say after its last piece."""

    cut: bool = False  # it ended because of the limit on tokens
    prompt_tokens: int | None = None  # as the language model counts them
    completion_tokens: int | None = None
    degraded: bool = False  # another generator stood in


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A numbered source of an answer."""

    number: int  # as it stands in the text: [1] is 1
    passage: Passage
    quote: str = ""  # the sentence relied on, where it is known


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """Who did what to what serves, and when."""

    at: datetime
    principal: str
    action: str  # e.g. "promote", "rollback", "approve"
    subject: str  # digest or id it was done to
    detail: Mapping[str, Any] = field(default_factory=dict)


class Purpose(StrEnum):
    """What a labelled question may be used for."""

    TRAIN = "train"
    DEV = "dev"  # choosing a checkpoint, and the gate; never trained on
    GOLDEN = "golden"  # watched for recall drift; never trained on, never in the gate


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledQuestion:
    """A question a person wrote, with the documents that answer it."""

    id: str  # UUIDv5 of tenant and text
    tenant: str
    text: str
    documents: frozenset[str]  # ids of the documents that answer it
    purpose: Purpose
    source: str = ""  # where it was imported from

    @classmethod
    def create(
        cls, *, tenant: str, text: str, documents: frozenset[str], purpose: Purpose, source: str = ""
    ) -> "LabelledQuestion":
        """Make a labelled question, deriving its id."""
        key = f"whetstone:question:{tenant}:{text}"
        return cls(
            id=str(uuid5(NAMESPACE_URL, key)),
            tenant=tenant,
            text=text,
            documents=documents,
            purpose=purpose,
            source=source,
        )


class Role(StrEnum):
    """What a key may be used for."""

    READER = "reader"  # ask, give feedback
    EDITOR = "editor"  # write and delete documents
    OPERATOR = "operator"  # watch drift, retrain, read metrics
    APPROVER = "approver"  # approve, promote, roll back
    ADMIN = "admin"  # make and revoke keys


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who sends a request."""

    id: str  # a key's id, "environment" for WHETSTONE_API_KEY, or "local"
    tenant: str
    roles: frozenset[Role]
    requests_per_minute: int | None = None  # None: as many as the service takes
    concurrent: int | None = None  # requests under way at once; None as above


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What is kept of an API key. The secret itself is shown once and never stored."""

    id: str  # the part before the dot
    tenant: str
    name: str  # what it is for, in its maker's words
    roles: frozenset[Role]
    secret_hmac: str  # HMAC-SHA-256 of the part after the dot, in hex
    created_at: datetime
    created_by: str  # principal
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    requests_per_minute: int | None = None
    concurrent: int | None = None


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
