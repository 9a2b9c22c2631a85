"""Documents into the store: what changed is split and written, what vanished is removed. Knows no formats."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from time import perf_counter

from rag.domain import Document, Metadata, Passage, Scalar, Value
from rag.errors import EmptyCorpus, InvalidInput, UnreadableDocument
from rag.ports import DocumentStore, PassageMaker

MAX_TITLE = 300
"""Longest title that is kept, in characters; the title is embedded with every passage."""

_MOST_VANISHED = 0.5
"""Share of a source's documents that may vanish at once; more looks like a disk that is not there."""

_FEW = 10
"""So many may vanish whatever share they are."""

AfterEach = Callable[[int], None]
"""Called after each record, with the number of records done so far."""


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


class PutResult(StrEnum):
    """What became of a document that was put."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncReport:
    """What one sync did."""

    added: int  # documents
    changed: int
    unchanged: int
    removed: int
    failed: tuple[ReadFailure, ...]  # an earlier version of these stays in place
    passages: int  # written now, for the documents added or changed
    seconds: float
    spared: int = 0  # documents that vanished and were kept, because too many vanished at once


class Library:
    """Puts documents into the store, all of them split by one chunker."""

    def __init__(self, documents: DocumentStore, chunker: PassageMaker) -> None:
        self._documents = documents
        self._chunker = chunker

    def put(self, document: Document) -> PutResult:
        """Write one document; unchanged content is not even split.

        Raises:
            UnreadableDocument: it holds no text.
            InvalidInput: its uri is empty or holds a NUL character.
        """
        document = _storable(document)
        before = self._documents.get(document.id, tenant=document.tenant)
        if before is not None and before.content_hash == document.content_hash:
            return PutResult.UNCHANGED
        if not self._documents.put(document, self._split(document), self._chunker.digest):
            return PutResult.UNCHANGED
        return PutResult.ADDED if before is None else PutResult.CHANGED

    def delete(self, document_id: str, tenant: str) -> bool:
        """Remove one document; False where the tenant has none by that id."""
        return self._documents.delete(document_id, tenant=tenant)

    def sync(
        self,
        records: Iterable[Document | ReadFailure],
        *,
        tenant: str,
        source: str,
        prune: bool = False,
        force: bool = False,
        kept: Collection[str] = (),
        after_each: AfterEach | None = None,
    ) -> SyncReport:
        """Bring the store up to date with all `records` of one source.

        Documents are written in batches: a sync that was broken off is finished by the next one.

        Args:
            records: documents, and failures for what could not be read, which keeps its earlier version.
            tenant: whose they are.
            source: what they were read from.
            prune: remove documents of this source that the records no longer hold, unless more than half of
                them (and more than ten) would go: a share that is not mounted looks like that.
            force: prune whatever is gone, all of it even.
            kept: uris of files that are known to be as they were, and were not read again.
            after_each: called after every record.

        Raises:
            EmptyCorpus: there was not one record and nothing is kept; nothing is pruned then, unless forced.
            InvalidInput: a record belongs to another tenant.
        """
        started = perf_counter()
        known = self._documents.hashes(tenant=tenant)
        seen: set[str] = set()
        failed: list[ReadFailure] = []
        batch = _Batch(self._documents, self._chunker.digest)
        unchanged = done = 0
        for done, record in enumerate(records, start=1):
            if isinstance(record, ReadFailure):
                failed.append(record)
            elif record.tenant != tenant:
                raise InvalidInput(f"{record.uri} belongs to tenant {record.tenant!r}, not to {tenant!r}")
            elif record.id in seen:
                failed.append(ReadFailure(uri=record.uri, reason="came twice; the first was kept"))
            else:
                seen.add(record.id)
                try:
                    document = _storable(replace(record, source=source))
                    if document.content_hash == known.get(document.id):
                        unchanged += 1
                    else:
                        batch.add(document, self._split(document), is_new=document.id not in known)
                except InvalidInput as error:
                    failed.append(ReadFailure(uri=record.uri, reason=str(error)))
            if after_each is not None:
                after_each(done)
        if not done and not kept and not (prune and force):
            raise EmptyCorpus(f"{source} holds no documents; name a file or folder that does")
        batch.write()
        gone = self._gone(tenant, source, seen, failed, frozenset(kept)) if prune else []
        spared = 0 if force else self._too_many(tenant, source, gone)
        removed = 0 if spared else sum(self._documents.delete(each, tenant=tenant) for each in gone)
        return SyncReport(
            added=batch.added,
            changed=batch.changed,
            unchanged=unchanged + batch.unchanged,
            removed=removed,
            failed=tuple(failed),
            passages=batch.passages,
            seconds=perf_counter() - started,
            spared=spared,
        )

    def _split(self, document: Document) -> list[Passage]:
        passages = self._chunker.split(document)
        if not passages:
            raise UnreadableDocument("holds no text")
        return passages

    def _gone(
        self, tenant: str, source: str, seen: set[str], failed: list[ReadFailure], kept: frozenset[str]
    ) -> list[str]:
        """Return the ids of the source's documents that were neither seen nor kept, and did not fail."""
        missing = self._documents.hashes(tenant=tenant, source=source).keys() - seen
        uris = self._documents.uris(missing, tenant=tenant)
        # A folder or a table that failed as a whole stands for everything in it.
        failed_uris = {failure.uri for failure in failed}
        failed_within = tuple(failure.uri + mark for failure in failed for mark in ("/", "#"))
        return [
            document_id
            for document_id, uri in sorted(uris.items())
            if uri not in failed_uris
            and not uri.startswith(failed_within)
            and uri not in kept
            and uri.partition("#")[0] not in kept
        ]

    def _too_many(self, tenant: str, source: str, gone: list[str]) -> int:
        """Return how many are gone where that is too many to be believed; else 0."""
        if len(gone) <= _FEW:
            return 0
        there = len(self._documents.hashes(tenant=tenant, source=source))
        return len(gone) if len(gone) > _MOST_VANISHED * there else 0


class _Batch:
    """Documents that are to be written, and counts of what was.

    A transaction waits for the disk once, whether it holds one document or many; yet it also makes every other
    writer wait, so it is kept to a fraction of a second.
    """

    _MOST_DOCUMENTS = 32
    _MOST_PASSAGES = 1_000

    def __init__(self, documents: DocumentStore, chunking: str) -> None:
        self._documents = documents
        self._chunking = chunking
        self._pending: list[tuple[Document, list[Passage]]] = []
        self._new: set[str] = set()
        self.added = self.changed = self.unchanged = self.passages = 0

    def add(self, document: Document, passages: list[Passage], *, is_new: bool) -> None:
        """Take a document; write where enough have come together."""
        self._pending.append((document, passages))
        if is_new:
            self._new.add(document.id)
        held = sum(len(passages) for _, passages in self._pending)
        if len(self._pending) >= self._MOST_DOCUMENTS or held >= self._MOST_PASSAGES:
            self.write()

    def write(self) -> None:
        """Write what is held."""
        if not self._pending:
            return
        results = self._documents.put_all(self._pending, self._chunking)
        for (document, passages), written in zip(self._pending, results, strict=True):
            # Somebody else may have put the same content meanwhile.
            if not written:
                self.unchanged += 1
                continue
            self.passages += len(passages)
            if document.id in self._new:
                self.added += 1
            else:
                self.changed += 1
        self._pending.clear()
        self._new.clear()


def _storable(document: Document) -> Document:
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
