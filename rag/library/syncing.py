"""Documents into the store: what changed is split and written, what vanished is removed. Knows no formats."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import perf_counter

from rag.domain import Document, Passage
from rag.errors import EmptyCorpus, InvalidInput, UnreadableDocument
from rag.library.ahead import in_order
from rag.library.documents import FileKept, FileRead, PartRead, ReadFailure, Record, Remark, storable
from rag.library.vanishing import too_many, vanished
from rag.library.writing import Batches, Difference, Preview, Writing
from rag.ports import DocumentStore, PassageMaker, ReadingStore

_HELD = 100_000_000
"""Characters of text that may wait to be split, or to be written, at once."""

AfterEach = Callable[[int], None]
"""Called after each record, with the number of records done so far."""


class PutResult(StrEnum):
    """What became of a document that was put."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncReport:
    """What one sync did; or, of a dry run, what it would do."""

    added: int  # documents
    changed: int
    unchanged: int
    removed: int
    failed: tuple[ReadFailure, ...]  # an earlier version of these stays in place
    passages: int  # written now, for the documents added or changed
    seconds: float
    spared: int = 0  # documents that vanished and were kept, because too many vanished at once
    in_part: tuple[PartRead, ...] = ()  # documents of which something was not read, unchanged ones too
    passed_over: Mapping[str, int] = field(default_factory=dict)  # file name ending -> files of no known kind
    older: int = 0  # files that were not read again and were read by another version of the reader
    remarks: tuple[Remark, ...] = ()  # on how files were read
    dry_run: bool = False
    differences: tuple[Difference, ...] = ()  # of a dry run


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncRules:
    """How a sync is to be done."""

    prune: bool = False
    """Remove documents of the source that the records no longer hold, unless more than half of them (and more than
    ten) would go: a share that is not mounted looks like that."""
    force: bool = False  # prune whatever is gone, all of it even
    strict: bool = False  # a document of which something was not read is a failure
    dry_run: bool = False  # write nothing


_PLAINLY = SyncRules()


class Library:
    """Puts documents into the store, all of them split by one chunker."""

    def __init__(
        self,
        documents: DocumentStore,
        chunker: PassageMaker,
        readings: ReadingStore | None = None,  # None: nothing is remembered of files
        *,
        workers: int = 1,  # documents that are split at once
    ) -> None:
        self._documents = documents
        self._chunker = chunker
        self._readings = readings
        self._workers = workers

    def put(self, document: Document, *, awaited: bool = False) -> PutResult:
        """Write one document; unchanged content is not even split.

        With `awaited` something that was handed in before may become the same document: it is to stay as it is put.

        Raises:
            UnreadableDocument: it holds no text.
            InvalidInput: its uri is empty or holds a NUL character.
        """
        document = storable(document)
        before = self._documents.get(document.id, tenant=document.tenant)
        if before is not None and before.content_hash == document.content_hash:
            if awaited:
                self._documents.touch(document.id, tenant=document.tenant)
            return PutResult.UNCHANGED
        if not self._documents.put(document, self.split(document), self._chunker.digest):
            return PutResult.UNCHANGED
        return PutResult.ADDED if before is None else PutResult.CHANGED

    def delete(self, document_id: str, tenant: str, *, awaited: bool = False) -> bool:
        """Remove one document; False where the tenant has none by that id, unless one is awaited.

        What was handed in before does not bring it back.
        """
        return self._documents.delete(document_id, tenant=tenant, by_hand=True, awaited=awaited)

    def as_of(self, change: int) -> "Library":
        """Return the same library for what is as old as that change: what people did since stays as they left it."""
        return Library(self._documents.as_of(change), self._chunker, self._readings, workers=self._workers)

    def sync(
        self,
        records: Iterable[Record],
        *,
        tenant: str,
        source: str,
        rules: SyncRules = _PLAINLY,
        kept: Collection[str] = (),
        after_each: AfterEach | None = None,
    ) -> SyncReport:
        """Bring the store up to date with all `records` of one source.

        Documents are written in batches: a sync that was broken off is finished by the next one.

        Args:
            records: documents, failures for what could not be read, which keeps its earlier version, and where
                files end.
            tenant: whose they are.
            source: what they were read from.
            rules: how it is to be done.
            kept: uris of files that are known to be as they were, and were not read again.
            after_each: called after every record.

        Raises:
            EmptyCorpus: there was not one record and nothing is kept; nothing is pruned then, unless forced.
            InvalidInput: a record belongs to another tenant.
        """
        writing: Writing = Batches(self._documents, self._readings, self._chunker.digest)
        if rules.dry_run:
            writing = Preview(self._documents)
        run = _Run(self._documents, writing, rules, tenant=tenant, source=source, kept=kept)
        return run.through(records, self.split, workers=self._workers, after_each=after_each)

    def split(self, document: Document) -> list[Passage]:
        """Return a document's passages; UnreadableDocument where it holds no text."""
        passages = self._chunker.split(document)
        if not passages:
            raise UnreadableDocument("holds no text")
        return passages


class _Run:
    """One sync."""

    def __init__(
        self,
        documents: DocumentStore,
        writing: Writing,
        rules: SyncRules,
        *,
        tenant: str,
        source: str,
        kept: Collection[str],
    ) -> None:
        self._documents = documents
        self._writing = writing
        self._rules = rules
        self._tenant = tenant
        self._source = source
        self._kept = set(kept)
        self._known = documents.hashes(tenant=tenant)
        self._seen: set[str] = set()
        self._failed: list[ReadFailure] = []
        self._in_part: list[PartRead] = []
        self._remarks: list[Remark] = []
        self._unchanged = self._older = 0
        self._of_file: dict[str, str] = {}  # id -> content hash of the documents since a file's end
        self._whole = True  # nothing failed since a file's end

    def through(
        self,
        records: Iterable[Record],
        split: Callable[[Document], list[Passage]],
        *,
        workers: int,
        after_each: AfterEach | None,
    ) -> SyncReport:
        """Take all records, then remove what is gone."""
        started = perf_counter()
        done = 0

        def prepared(record: Record) -> tuple[Record, list[Passage]]:
            return self._prepared(record, split)

        ready = in_order(
            prepared,
            self._accepted(records),
            workers=workers,
            weight=_weight,
            weight_done=lambda pair: _weight(pair[0]),
            most=_HELD,
        )
        for record, passages in ready:
            self._take(record, passages)
            if not isinstance(record, FileRead | Remark):
                done += 1
                if after_each is not None:
                    after_each(done)
        rules = self._rules
        if not done and not self._kept and not (rules.prune and rules.force):
            raise EmptyCorpus(f"{self._source} holds no documents; name a file or folder that does")
        self._writing.write()
        spared = self._prune() if rules.prune else 0
        tally = self._writing.tally
        return SyncReport(
            added=tally.added,
            changed=tally.changed,
            unchanged=self._unchanged + tally.unchanged,
            removed=tally.removed,
            failed=tuple(self._failed),
            passages=tally.passages,
            seconds=perf_counter() - started,
            spared=spared,
            in_part=tuple(self._in_part),
            remarks=tuple(self._remarks),
            older=self._older,
            dry_run=rules.dry_run,
            differences=tuple(tally.differences),
        )

    def _accepted(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records, as failures where they may not be written."""
        for record in records:
            if not isinstance(record, Document):
                yield record
            elif record.tenant != self._tenant:
                raise InvalidInput(
                    f"{record.uri} belongs to tenant {record.tenant!r}, not to {self._tenant!r}"
                )
            elif record.id in self._seen:
                yield ReadFailure(uri=record.uri, reason="came twice; the first was kept")
            else:
                self._seen.add(record.id)
                yield record

    def _prepared(
        self, record: Record, split: Callable[[Document], list[Passage]]
    ) -> tuple[Record, list[Passage]]:
        """Return what is to be written, and its passages where it is new or different. Called in several threads."""
        if not isinstance(record, Document):
            return record, []
        if record.unread and self._rules.strict:
            return ReadFailure(uri=record.uri, reason=_only_in_part(record.unread)), []
        try:
            document = storable(replace(record, source=self._source))
            same = document.content_hash == self._known.get(document.id)
            return document, [] if same else split(document)
        except InvalidInput as error:
            return ReadFailure(uri=record.uri, reason=str(error)), []

    def _take(self, record: Record, passages: list[Passage]) -> None:
        match record:
            case ReadFailure():
                self._failed.append(record)
                self._whole = False
            case Remark():
                self._remarks.append(record)
            case FileKept():
                self._keep(record)
            case FileRead():
                self._end_file(record)
            case Document():
                self._of_file[record.id] = record.content_hash
                if record.unread:
                    self._in_part.append(PartRead(uri=record.uri, reasons=record.unread))
                if passages:
                    self._writing.add(record, passages, is_new=record.id not in self._known)
                else:
                    self._unchanged += 1

    def _keep(self, file: FileKept) -> None:
        self._kept.add(file.uri)
        self._older += file.older
        if self._rules.strict:
            self._failed += [
                ReadFailure(uri=each.uri, reason=_only_in_part(each.reasons)) for each in file.in_part
            ]
            self._unchanged += file.documents - len(file.in_part)
        else:
            self._in_part += file.in_part
            self._unchanged += file.documents

    def _prune(self) -> int:
        """Remove what is gone; return how many documents were spared, because they are too many to be believed."""
        there = self._documents.hashes(tenant=self._tenant, source=self._source)
        uris = self._documents.uris(there.keys() - self._seen, tenant=self._tenant)
        gone = vanished(uris, failed={each.uri for each in self._failed}, kept=self._kept)
        if not self._rules.force and too_many(len(gone), len(there)):
            return len(gone)
        self._writing.remove(gone, tenant=self._tenant)
        return 0

    def _end_file(self, file: FileRead) -> None:
        if self._whole:
            stay = {} if self._rules.prune else dict(file.before)
            self._writing.note(file.reading(stay | self._of_file, tenant=self._tenant))
        self._of_file = {}
        self._whole = True


def _weight(record: Record) -> int:
    return len(record.text) if isinstance(record, Document) else 0


def _only_in_part(reasons: Collection[str]) -> str:
    return f"could be read in part only: {'; '.join(reasons)}"
