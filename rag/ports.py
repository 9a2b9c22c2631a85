"""What serving needs from the outside, as Protocols. Adapters fulfil them; steps see nothing else."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.domain import (
    AuditEntry,
    Change,
    Deployment,
    Document,
    Ending,
    Feedback,
    Ingestion,
    Interaction,
    Key,
    LabelledQuestion,
    Message,
    Passage,
    Prompt,
    Purpose,
    Release,
    Replica,
)

Vectors = NDArray[np.float32]
"""Row vectors of unit length, float32, shape (n, dimension)."""


class Encoder(Protocol):
    """An embedding model, loaded."""

    digest: str
    passages_digest: (
        str  # of the encoder whose vectors its passages have: its own, but for a query-side adapter
    )
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions: shape (len(texts), dimension), rows of unit length."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: shape (len(texts), dimension), rows of unit length."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, uncut and without special ones: the measure of the prompt's budget."""
        ...


class Reranker(Protocol):
    """A cross-encoder, loaded."""

    digest: str

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Judge each passage beside the question: shape (len(passages),), the higher the better."""
        ...


class RerankerStore(Protocol):
    """Content-addressed cross-encoder artefacts."""

    def resolve(self, name: str) -> str:
        """Make the cross-encoder `name` (a folder or a hub id) an artefact; give its digest."""
        ...

    def load(self, digest: str) -> Reranker:
        """Load one after checking its files; errors as for `EncoderStore.load`."""
        ...

    def path(self, digest: str) -> Path:
        """Give the artefact's folder, after the same checks as `load`."""
        ...

    def digests(self) -> frozenset[str]:
        """Every artefact's digest."""
        ...

    def drop(self, digest: str) -> None:
        """Delete an artefact; nothing happens where there is none."""
        ...


class EncoderStore(Protocol):
    """Content-addressed encoder artefacts."""

    def resolve(self, name: str) -> str:
        """Make the encoder `name` (minilm, static, a folder, a hub id) an artefact; give its digest."""
        ...

    def load(self, digest: str) -> Encoder:
        """Load an artefact after checking its files.

        Raises:
            NotFound: there is no such artefact.
            ArtefactTampered: a file does not match the digest.
            ArtefactUnsafe: it names a module that is not on the allow-list, or holds more than safetensors.
        """
        ...

    def register(self, folder: Path) -> str:
        """Copy a saved sentence-transformers folder in as an artefact; give its digest.

        Raises:
            ArtefactUnsafe: as for `load`.
        """
        ...

    def path(self, digest: str) -> Path:
        """Give the artefact's folder, after the same checks as `load`."""
        ...

    def kind(self, digest: str) -> Literal["transformer", "static"]:
        """Tell which lane an artefact belongs to."""
        ...

    def passages_digest(self, digest: str) -> str:
        """Give the digest of the encoder that an artefact embeds passages as.

        It is its own, but for a query-side adapter: that is a matrix on questions' vectors of another encoder, which
        is an artefact here too, and whose vectors its passages have.
        """
        ...

    def digests(self) -> frozenset[str]:
        """Every artefact's digest."""
        ...

    def describe(self, digest: str, card: str) -> None:
        """Put a model card, in Markdown, beside an artefact's files; its digest stays.

        Raises:
            NotFound: there is no such artefact.
        """
        ...

    def drop(self, digest: str) -> None:
        """Delete an artefact; nothing happens where there is none."""
        ...


class EmbeddingCache(Protocol):
    """Embeddings by encoder digest and text hash; rebuildable, so never the truth."""

    def get(self, encoder: str, text_hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Give what is known: text hash -> vector of shape (dimension,)."""
        ...

    def put(self, encoder: str, text_hashes: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors, shape (len(text_hashes), dimension)."""
        ...

    def drop(self, encoder: str) -> None:
        """Forget everything of one encoder."""
        ...


Where = Mapping[str, Collection[str]]
"""Confines a search: metadata name -> values of which the passage's must be one. All names have to fit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A passage as an index gives it; SQL says whether it still exists."""

    passage: Passage  # as it was when it was indexed
    score: float  # cosine of question and passage, whatever the order rests on


class PassageIndex(Protocol):
    """The vectors and the weighted words of one release; searched as the release's retrieval says."""

    name: str

    def upsert(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write and wait until it is searchable; same id replaces.

        Raises:
            DimensionMismatch: the vectors do not have the index's dimension.
        """
        ...

    def delete_documents(self, document_ids: Collection[str], *, keep: Collection[str] = ()) -> None:
        """Remove the documents' passages, but for the passage ids in `keep`."""
        ...

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,
        dense_weight: float | None = None,
        where: Where | None = None,
    ) -> list[Found]:
        """Give the best passages of one tenant, best first, in one query.

        Args:
            vector: the question's, shape (dimension,).
            tenant: whose passages; an empty one finds nothing.
            limit: most passages given.
            text: the question, for its words; None searches by the vector alone whatever the release says.
            dense_weight: of the vector beside the words, 0 to 1; None: as the index's release says. An index without
                words is searched by the vector alone.
            where: confines the search by metadata.
        """
        ...

    def order(
        self,
        vector: NDArray[np.float32],
        *,
        tenant: str,
        limit: int,
        text: str | None = None,
        dense_weight: float | None = None,
    ) -> list[str]:
        """Give the ids of what `search` gives, in its order, without reading texts: for who asks deep and often."""
        ...

    def ids(self) -> frozenset[str]:
        """Every passage id in the index."""
        ...

    def vectors(self, passage_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Give the stored vectors, unit length, of those ids that are there."""
        ...

    def count(self) -> int:
        """Number of passages."""
        ...

    def close(self) -> None:
        """Let go of it; a second call does nothing."""
        ...


class IndexStore(Protocol):
    """Where indexes live: folders, or a server."""

    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's index, making it first where `create` says so.

        Raises:
            NotFound: it does not exist and `create` is False.
            IndexLocked: another process holds it.
            Unavailable: the server does not answer.
            DimensionMismatch: what is there has another dimension or vector name.
        """
        ...

    def names(self) -> frozenset[str]:
        """Every index that exists."""
        ...

    def drop(self, name: str) -> None:
        """Delete an index; nothing happens where there is none."""
        ...


class Generator(Protocol):
    """Writes the answer."""

    name: str

    def stream(self, prompt: Prompt, *, encoder: Encoder) -> AsyncIterator[str | Ending]:
        """Yield the answer piece by piece, citing hits as [rank], and an `Ending` where there is something to say.

        No text at all means: they do not say.

        Raises:
            UpstreamFailed: the model refused or broke off.
            UpstreamTimeout: it took too long.
        """
        ...


class Rewriter(Protocol):
    """Makes a follow-up a question that stands alone."""

    async def rewrite(self, question: str, history: Sequence[Message], *, encoder: Encoder) -> str:
        """Give the question as it would be searched for without the turns before it; the same where it stands alone.

        A language model that fails is no error: there is a plainer way then.
        """
        ...


class InteractionLog(Protocol):
    """Where answered questions go. What was written is on disk."""

    def check(self) -> None:
        """Do nothing where a question that is taken now can be written later; costs no I/O.

        Raises:
            Unavailable: the database does not answer and there is no room beside it.
        """
        ...

    async def write(self, interaction: Interaction) -> None:
        """Write one; on return it is durable.

        Raises:
            Unavailable: the database does not answer and there is no room beside it.
        """
        ...


class DocumentStore(Protocol):
    """Documents, their passages, and the change log, written together."""

    def put(self, document: Document, passages: Sequence[Passage], chunking: str) -> bool:
        """Write a document, its passages under a chunking digest, and a change, in one transaction.

        Gives False, and writes nothing, where the content hash is what is there already.
        """
        ...

    def put_all(self, given: Sequence[tuple[Document, Sequence[Passage]]], chunking: str) -> list[bool]:
        """Write several documents with their passages in one transaction; give for each what `put` gives."""
        ...

    def delete(self, document_id: str, *, tenant: str) -> bool:
        """Remove a document and its passages, and log the change. False where there was none."""
        ...

    def get(self, document_id: str, *, tenant: str) -> Document | None:
        """Give one document."""
        ...

    def page(self, *, tenant: str, after: str = "", limit: int = 100) -> list[Document]:
        """Give documents in the order of their ids, beyond the id `after`."""
        ...

    def hashes(self, *, tenant: str, source: str | None = None) -> dict[str, str]:
        """Give document id -> content hash; of one source where it is named."""
        ...

    def uris(self, document_ids: Collection[str], *, tenant: str) -> dict[str, str]:
        """Give document id -> uri of those that exist."""
        ...

    def count(self, *, tenant: str | None = None) -> int:
        """Number of documents."""
        ...

    def chunkings(self) -> frozenset[str]:
        """The chunking digests that passages exist under."""
        ...

    def passages(self, passage_ids: Collection[str]) -> dict[str, Passage]:
        """Give id -> passage of those that exist now."""
        ...

    def existing(self, passage_ids: Collection[str]) -> frozenset[str]:
        """Give those of the ids under which there is a passage now: `passages` without reading them."""
        ...

    def passages_of(self, document_ids: Collection[str]) -> dict[str, list[Passage]]:
        """Give document id -> its passages by position; a document that is gone is left out."""
        ...

    def all_passages(
        self, *, tenant: str | None = None, after: str = "", batch: int = 500
    ) -> Iterator[list[Passage]]:
        """Yield every passage, whole documents at a time, in the order of document ids beyond the id `after`.

        A batch has about `batch` passages, more where one document has more; a document's are by position.
        """
        ...

    def neighbours(self, passages: Collection[Passage], *, reach: int) -> dict[str, list[Passage]]:
        """Give passage id -> the passages up to `reach` positions before and after it, by position, without itself."""
        ...

    def passage_ids(self) -> frozenset[str]:
        """Every passage id there is."""
        ...

    def changes(self, *, after: int, limit: int = 500) -> list[Change]:
        """Give changes beyond the sequence number `after`, in order."""
        ...

    def last_change(self) -> int:
        """Sequence number of the newest change; 0 where there is none."""
        ...


class IndexCursors(Protocol):
    """How far each index has come."""

    def cursor(self, index: str) -> int | None:
        """Last change applied to the index; None where the index is not known."""
        ...

    def set_cursor(self, index: str, seq: int) -> None:
        """Remember that changes up to `seq` are applied."""
        ...

    def backfill(self, index: str) -> str | None:
        """Id of the last document backfilled; None where none is under way or it is done."""
        ...

    def set_backfill(self, index: str, document_id: str | None) -> None:
        """Remember the last document backfilled; None ends it."""
        ...

    def forget(self, index: str) -> None:
        """Drop what is known of an index."""
        ...


class InteractionStore(Protocol):
    """The log of questions."""

    def add(self, interaction: Interaction) -> None:
        """Write one."""
        ...

    def add_all(self, interactions: Sequence[Interaction]) -> None:
        """Write several in one transaction; those that are there already are left as they are."""
        ...

    def get(self, interaction_id: str, *, tenant: str) -> Interaction | None:
        """Give one."""
        ...

    def between(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Interaction]:
        """Give those with since <= asked_at < until, oldest first unless said otherwise."""
        ...

    def count(self) -> int:
        """Number of interactions."""
        ...


class FeedbackStore(Protocol):
    """What people thought of the answers."""

    def add(self, feedback: Feedback) -> None:
        """Write one; one that is there already is left as it is.

        Raises:
            NotFound: the tenant has no such interaction.
        """
        ...

    def of(self, interaction_ids: Collection[str]) -> dict[str, list[Feedback]]:
        """Give interaction id -> its feedback, oldest first."""
        ...


class QuestionStore(Protocol):
    """Labelled questions."""

    def put(self, questions: Sequence[LabelledQuestion]) -> int:
        """Write questions, replacing those of the same id; give how many are new."""
        ...

    def all(self, *, tenant: str, purpose: Purpose | None = None) -> list[LabelledQuestion]:
        """Give the tenant's questions in the order of their ids."""
        ...


class ReleaseStore(Protocol):
    """Releases and the one row that says which is live."""

    def add(self, release: Release) -> None:
        """Write one; the same digest again does nothing."""
        ...

    def get(self, digest: str) -> Release:
        """Give one.

        Raises:
            NotFound: there is no such release.
        """
        ...

    def all(self) -> list[Release]:
        """Give all, newest first."""
        ...

    def deployment(self) -> Deployment | None:
        """Give the deployment row; None before the first release."""
        ...

    def deploy_first(self, release: str, *, principal: str) -> Deployment:
        """Make the first release live at epoch 1; where one is live already, give that."""
        ...

    def stage(self, release: str | None, *, expected_epoch: int) -> Deployment:
        """Ask the replicas to load a release; None withdraws.

        Raises:
            EpochMoved: the deployment is at another epoch.
        """
        ...

    def flip(
        self, release: str, *, expected_epoch: int, entry: AuditEntry, approval: str | None = None
    ) -> Deployment:
        """Switch, in one transaction with the audit entry: epoch + 1, the live one becomes the previous.

        `approval` is the id of the approval it relies on; it is marked as used in the same transaction.

        Raises:
            EpochMoved: the deployment is at another epoch, or another release is staged.
            ApprovalInvalid: the approval was used or withdrawn in the meantime.
        """
        ...


class ReplicaStore(Protocol):
    """Which serving processes live, and what each has loaded."""

    def beat(self, replica: Replica) -> None:
        """Write or renew a replica's row."""
        ...

    def leave(self, replica_id: str) -> None:
        """Remove a replica that ends."""
        ...

    def alive(self, *, since: datetime) -> list[Replica]:
        """Give those whose heartbeat is not older than `since`."""
        ...


class Leases(Protocol):
    """Keeps a second runner out of one piece of work."""

    def hold(self, name: str, *, ttl_s: float = 30.0) -> AbstractContextManager["Lease"]:
        """Hold the lease while in the context, renewing it in the background.

        Raises:
            LeaseHeld: somebody else has it.
        """
        ...


class Lease(Protocol):
    """A lease held."""

    token: int  # grows with every new holder

    def check(self) -> None:
        """Do nothing while it is still ours.

        Raises:
            LeaseHeld: it was lost, because it could not be renewed in time.
        """
        ...


class AuditLog(Protocol):
    """Who did what."""

    def add(self, entry: AuditEntry) -> None:
        """Write one."""
        ...

    def newest(self, limit: int = 100) -> list[AuditEntry]:
        """Give the newest first."""
        ...


class KeyStore(Protocol):
    """API keys."""

    def add(self, key: Key, *, entry: AuditEntry) -> None:
        """Write one, in one transaction with the audit entry.

        Raises:
            Conflict: one of that id is there.
        """
        ...

    def get(self, key_id: str) -> Key | None:
        """Give one, revoked and expired ones included."""
        ...

    def all(self, *, tenant: str | None = None) -> list[Key]:
        """Give all, newest first; of one tenant where it is named."""
        ...

    def revoke(self, key_id: str, *, at: datetime, entry: AuditEntry) -> bool:
        """Revoke one, in one transaction with the audit entry.

        Gives False, and writes nothing, where it is not there or was revoked before.
        """
        ...


class IngestionStore(Protocol):
    """What was handed in, as it came, and what became of it."""

    def add(self, ingestion: Ingestion, payload: bytes) -> None:
        """Keep one with its bytes; on return both are durable."""
        ...

    def get(self, ingestion_id: str, *, tenant: str) -> Ingestion | None:
        """Give one."""
        ...

    def page(self, *, tenant: str, before: str = "", limit: int = 100) -> list[Ingestion]:
        """Give the newest first, received before the one of id `before`."""
        ...

    def waiting(self, limit: int = 10) -> list[Ingestion]:
        """Give those that are received and not read: each tenant's oldest first, the tenants in turns."""
        ...

    def backlog(self, *, tenant: str) -> tuple[int, int]:
        """Give how many of a tenant are received and not read, and how many bytes they have together."""
        ...

    def parsed(self, limit: int = 100) -> list[Ingestion]:
        """Give those that are parsed and not indexed, of every tenant, oldest first."""
        ...

    def payload(self, ingestion_id: str) -> bytes | None:
        """Give the bytes; None where they are gone because it was read."""
        ...

    def settle(self, ingestion: Ingestion) -> None:
        """Write its new state; the bytes of what is not waiting any more are dropped."""
        ...


class PassageMaker(Protocol):
    """Makes documents into passages, the way one chunking setting says."""

    @property
    def digest(self) -> str:
        """Identify the setting the passages are made under."""
        ...

    def split(self, document: Document) -> list[Passage]:
        """Give the document's passages in order; none where it holds no text.

        Raises:
            UnreadableDocument: splitting it takes more time or memory than a document may.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class WebPage:
    """A page as it was fetched."""

    filename: str  # its ending tells the format
    content: bytes


class WebPages(Protocol):
    """Fetches pages from public addresses, and from no others."""

    def check(self, url: str) -> None:
        """Do nothing where the address is one that pages may be fetched from, as far as it can tell unasked.

        Raises:
            AddressRefused: it is not.
        """
        ...

    def fetch(self, url: str) -> WebPage:
        """Fetch a page, following redirects.

        Raises:
            AddressRefused: the address, or one it leads to, is not one that pages are fetched from.
            UnreadableDocument: there is no such page, it is too large, or of a kind that is not read.
        """
        ...


class Splitter(Protocol):
    """Splits text into pieces."""

    def split(self, text: str) -> list[str]:
        """Give the pieces in order; none for blank text."""
        ...
