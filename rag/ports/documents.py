"""How documents come in, and where they and their passages are kept."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.domain import Change, ChangeKind, Document, Ingestion, Passage, Reading


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentState:
    """A document as it is stored, without its text."""

    id: str
    uri: str
    content_hash: str
    unread: tuple[str, ...]  # what of it was not read


class DocumentStore(Protocol):
    """Documents, their passages, and the change log, written together."""

    def put(self, document: Document, passages: Sequence[Passage], chunking: str) -> bool:
        """Write a document by hand, its passages under a chunking digest, and a change, in one transaction.

        Gives False, and writes nothing, where the content hash is what is there already.
        """

    def put_all(self, given: Sequence[tuple[Document, Sequence[Passage]]], chunking: str) -> list[bool]:
        """Write several documents with their passages in one transaction; return for each what `put` gives."""

    def delete(self, document_id: str, *, tenant: str, by_hand: bool = False, awaited: bool = False) -> bool:
        """Remove a document and its passages, and log the change. False where there was none.

        `by_hand`: somebody asked for it outright, so that nothing that was handed in before brings it back. `awaited`:
        where there is none yet, that is logged all the same.
        """

    def touch(self, document_id: str, *, tenant: str) -> None:
        """Log that somebody wants a document as it is, so that nothing that was handed in before changes it."""

    def as_of(self, change: int) -> "DocumentStore":
        """Return the same store for whoever writes what is as old as that change.

        What somebody put or deleted by hand after it stays as they left it; `put_all` gives False for it.
        """

    def overtaken(self, document_ids: Collection[str], *, after: int) -> dict[str, ChangeKind]:
        """Return document id -> what somebody did to it by hand last, beyond the change `after`."""

    def get(self, document_id: str, *, tenant: str) -> Document | None:
        """Return one document."""

    def page(self, *, tenant: str, after: str = "", limit: int = 100) -> list[Document]:
        """Return documents in the order of their ids, beyond the id `after`."""

    def hashes(self, *, tenant: str, source: str | None = None) -> dict[str, str]:
        """Return document id -> content hash; of one source where it is named.

        The files in a folder are of it, also where they were read by themselves or with a folder in it.
        """

    def uris(self, document_ids: Collection[str], *, tenant: str) -> dict[str, str]:
        """Return document id -> uri of those that exist."""

    def below(self, root: str, *, tenant: str) -> list[DocumentState]:
        """Return the documents whose uri is `root`, is below it (``root/``), or is of a record in it (``root#``)."""

    def count(self, *, tenant: str | None = None, in_part: bool = False) -> int:
        """Number of documents; with `in_part` of those of which something was not read."""

    def chunkings(self) -> frozenset[str]:
        """The chunking digests that passages exist under."""

    def passages(self, passage_ids: Collection[str]) -> dict[str, Passage]:
        """Return id -> passage of those that exist now."""

    def sample(self, count: int, *, tenant: str | None = None) -> list[Passage]:
        """Return so many passages as good as drawn by chance: the first by their ids, which are hashes."""

    def sample_ids(self, count: int, *, tenant: str | None = None) -> list[str]:
        """Return the ids of what `sample` gives, each once, ascending; no passage is read for it."""

    def existing(self, passage_ids: Collection[str]) -> frozenset[str]:
        """Return those of the ids under which there is a passage now: `passages` without reading them."""

    def passages_of(self, document_ids: Collection[str]) -> dict[str, list[Passage]]:
        """Return document id -> its passages by position; a document that is gone is left out."""

    def all_passages(
        self, *, tenant: str | None = None, after: str = "", batch: int = 500
    ) -> Iterator[list[Passage]]:
        """Yield every passage, whole documents at a time, in the order of document ids beyond the id `after`.

        A batch has about `batch` passages, more where one document has more; a document's are by position.
        """

    def neighbours(self, passages: Collection[Passage], *, reach: int) -> dict[str, list[Passage]]:
        """Return passage id -> the other passages within `reach` positions before and after it, by position."""

    def passage_ids(self) -> frozenset[str]:
        """Every passage id there is."""

    def changes(self, *, after: int, limit: int = 500) -> list[Change]:
        """Return changes beyond the sequence number `after`, in order."""

    def last_change(self) -> int:
        """Sequence number of the newest change; 0 where there is none."""

    def changed_documents(self, *, after: int) -> frozenset[str]:
        """Return the ids of the documents that changed beyond the sequence number `after`, or are gone since."""

    def changed(self, *, after: int) -> int:
        """Number of documents that changed beyond the sequence number `after`, however often each did."""


class ReadingStore(Protocol):
    """What files were when they were last read."""

    def below(self, root: str, *, tenant: str) -> dict[str, Reading]:
        """Return uri -> reading of the file `root`, or of the files below it."""

    def put(self, readings: Sequence[Reading]) -> None:
        """Write them; each stands for the earlier one of the same file."""

    def forget(self, uris: Collection[str], *, tenant: str) -> None:
        """Remove the readings of these files; nothing happens where there is none."""


class PassageMaker(Protocol):
    """Makes documents into passages, the way one chunking setting says."""

    @property
    def digest(self) -> str:
        """Identify the setting the passages are made under."""

    def split(self, document: Document) -> list[Passage]:
        """Return the document's passages in order; none where it holds no text.

        Raises:
            UnreadableDocument: splitting it takes more time or memory than a document may.
        """


class Splitter(Protocol):
    """Splits prose into pieces of bounded size."""

    def split(self, text: str, *, room: int | None = None) -> list[str]:
        """Return the pieces in order; none for blank text. With `room` of that many tokens, without overlap."""

    def tokens(self, text: str) -> int:
        """Return how many tokens a text has, as the size of pieces is counted."""


class IngestionStore(Protocol):
    """What was handed in, as it came, and what became of it."""

    def add(self, ingestion: Ingestion, payload: bytes) -> None:
        """Keep one with its bytes; on return both are durable. Conflict where one of that id is there."""

    def get(self, ingestion_id: str, *, tenant: str) -> Ingestion | None:
        """Return one."""

    def page(self, *, tenant: str, before: str = "", limit: int = 100) -> list[Ingestion]:
        """Return the newest first, received before the one of id `before`; none where that is not known."""

    def waiting(self, limit: int = 10) -> list[Ingestion]:
        """Return those that are received and not read: each tenant's oldest first, the tenants in turns."""

    def backlog(self, *, tenant: str) -> tuple[int, int]:
        """Return how many of a tenant are received and not read, and how many bytes they have together."""

    def waiting_uris(self, *, tenant: str) -> frozenset[str]:
        """Return the uris of a tenant's that are received and not read."""

    def parsed(self, limit: int = 100) -> list[Ingestion]:
        """Return those that are parsed and not indexed, of every tenant, oldest first."""

    def payload(self, ingestion_id: str) -> bytes | None:
        """Return the bytes; None where they are gone because it was read."""

    def settle(self, ingestion: Ingestion) -> None:
        """Write its new state, dropping the bytes of what is not waiting any more; NotFound where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebPage:
    """A page as it was fetched."""

    filename: str  # its ending tells the format
    content: bytes


class WebPages(Protocol):
    """Fetches pages from public addresses, and from no others."""

    def check(self, url: str) -> None:
        """Raise AddressRefused where no pages may be fetched from the address, as far as it tells unasked."""

    def fetch(self, url: str) -> WebPage:
        """Fetch a page, following redirects.

        Raises:
            AddressRefused: the address, or one it leads to, is not one that pages are fetched from.
            UnreadableDocument: it cannot be had, is too large or too slow, or of a kind that is not read.
        """
