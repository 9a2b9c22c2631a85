"""Documents written in batches, and what files were when they were read; or only what would be written."""

from dataclasses import dataclass, field
from typing import Protocol

from rag.domain import Document, Passage, Reading
from rag.ports import DocumentStore, ReadingStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What a sync would change about one document."""

    uri: str
    kind: str  # add, change or remove
    before: int = 0  # characters of text
    after: int = 0
    also: tuple[str, ...] = ()  # what else is different: title, metadata, ...


@dataclass(kw_only=True, slots=True)
class Tally:
    """What was written, or would be."""

    added: int = 0  # documents
    changed: int = 0
    unchanged: int = 0  # because somebody else had written the same meanwhile
    removed: int = 0
    passages: int = 0
    differences: list[Difference] = field(default_factory=list)  # of what would be written


class Writing(Protocol):
    """Takes what a sync has to write."""

    tally: Tally  # what came of it so far

    def add(self, document: Document, passages: list[Passage], *, is_new: bool) -> None:
        """Take a document that is new or different."""

    def note(self, reading: Reading) -> None:
        """Take what a file was; its documents were added before."""

    def write(self) -> None:
        """Write what is held."""

    def remove(self, gone: dict[str, str], *, tenant: str) -> None:
        """Remove documents, given as id -> uri."""


class Batches(Writing):
    """Writes.

    A transaction waits for the disk once, whether it holds one document or many; yet it also makes every other
    writer wait, so it is kept to a fraction of a second.
    """

    _MOST_DOCUMENTS = 32
    _MOST_PASSAGES = 1_000
    _MOST_READINGS = 500

    def __init__(self, documents: DocumentStore, readings: ReadingStore | None, chunking: str) -> None:
        self._documents = documents
        self._readings = readings
        self._chunking = chunking
        self._pending: list[tuple[Document, list[Passage]]] = []
        self._new: set[str] = set()
        self._noted: list[Reading] = []
        self._files: set[str] = set()  # uris of all that were noted
        self.tally = Tally()

    def add(self, document: Document, passages: list[Passage], *, is_new: bool) -> None:
        """Take a document; write where enough have come together."""
        self._pending.append((document, passages))
        if is_new:
            self._new.add(document.id)
        held = sum(len(passages) for _, passages in self._pending)
        if len(self._pending) >= self._MOST_DOCUMENTS or held >= self._MOST_PASSAGES:
            self.write()

    def note(self, reading: Reading) -> None:
        """Take what a file was; written after its documents, so that a reading without them never stands."""
        self._noted.append(reading)
        self._files.add(reading.uri)
        if len(self._noted) >= self._MOST_READINGS:
            self.write()

    def write(self) -> None:
        """Write what is held."""
        if self._pending:
            results = self._documents.put_all(self._pending, self._chunking)
            for (document, passages), written in zip(self._pending, results, strict=True):
                # Somebody else may have put the same content meanwhile.
                if not written:
                    self.tally.unchanged += 1
                    continue
                self.tally.passages += len(passages)
                if document.id in self._new:
                    self.tally.added += 1
                else:
                    self.tally.changed += 1
            self._pending.clear()
            self._new.clear()
        if self._noted and self._readings is not None:
            self._readings.put(self._noted)
        self._noted.clear()

    def remove(self, gone: dict[str, str], *, tenant: str) -> None:
        """Remove documents, and what is remembered of their files where these are gone as well."""
        if self._readings is not None:
            files = {uri.partition("#")[0] for uri in gone.values()} - self._files
            self._readings.forget(files, tenant=tenant)
        self.tally.removed += sum(self._documents.delete(each, tenant=tenant) for each in gone)


class Preview(Writing):
    """Writes nothing, and tells what would be written."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self.tally = Tally()

    def add(self, document: Document, passages: list[Passage], *, is_new: bool) -> None:
        """Compare a document with what is stored."""
        stored = None if is_new else self._documents.get(document.id, tenant=document.tenant)
        self.tally.passages += len(passages)
        after = len(document.text)
        if stored is None:
            self.tally.added += 1
            self.tally.differences.append(Difference(uri=document.uri, kind="add", after=after))
            return
        self.tally.changed += 1
        compared = {
            "other words of the same length": (
                len(stored.text) == after and stored.text != document.text,
                False,
            ),
            "title": (stored.title, document.title),
            "metadata": (dict(stored.metadata), dict(document.metadata)),
            "places in it": (stored.locators, document.locators),
            "what was not read": (stored.unread, document.unread),
            "how it is split": (stored.divisible, document.divisible),
        }
        also = tuple(name for name, (one, other) in compared.items() if one != other)
        self.tally.differences.append(
            Difference(uri=document.uri, kind="change", before=len(stored.text), after=after, also=also)
        )

    def note(self, reading: Reading) -> None:
        """Forget it."""

    def write(self) -> None:
        """Write nothing."""

    def remove(self, gone: dict[str, str], *, tenant: str) -> None:
        """Tell what would go."""
        for document_id, uri in gone.items():
            stored = self._documents.get(document_id, tenant=tenant)
            if stored is not None:
                self.tally.removed += 1
                self.tally.differences.append(Difference(uri=uri, kind="remove", before=len(stored.text)))
