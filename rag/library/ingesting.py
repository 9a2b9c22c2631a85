"""What was handed in becomes documents: read and put in the background, and noted when questions find it."""

import logging
import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Protocol
from urllib.parse import unquote

from rag.domain import ChangeKind, Document, Ingestion, IngestionStatus, utcnow
from rag.errors import (
    AddressRefused,
    LeaseHeld,
    NotFound,
    Unavailable,
    UnreadableDocument,
    WhetstoneError,
)
from rag.library.documents import FieldNames, Found, PartRead, ReadFailure, Remark, with_content
from rag.library.syncing import Library, SyncRules
from rag.ports import DocumentStore, IngestionStore, Leases, WebPages
from rag.troubles import Troubles

logger = logging.getLogger(__name__)

_LEASE = "ingesting"
_ROUND = 20
"""Files taken at a time; then the waiting tenants are asked for anew."""

_SOURCE = "ingestion:"
"""Begins the `source` of what was handed in: whatever uri is given, it is no folder's and no other's."""

_MOST_ATTEMPTS = 3
_MOST_IDS = 1_000
_NAMED = 3  # reasons that are told; the others are counted
_LONGEST_REASON = 400
_STOP_S = 5.0
_SOON_S = 0.2


class FileReader(Protocol):
    """Reads files that were handed in."""

    @property
    def formats(self) -> Collection[str]:
        """The endings of file names that are read, with the dot."""

    def read(
        self, content: bytes, *, filename: str, uri: str, tenant: str, fields: FieldNames | None = None
    ) -> Sequence[Found]:
        """Return the documents in a file, a failure for whatever in it could not be read, and remarks on it.

        `fields` names those of CSV and JSON records; None: id, title and text.

        Raises:
            UnreadableDocument: reading it takes more than it may, or brought its reader down.
            Unavailable: there is nobody to read it now.
        """


class LiveIndex(Protocol):
    """The index that answers questions."""

    def holds(self, seq: int) -> bool:
        """Tell whether it holds the documents as of change `seq`, and see to it that it soon does."""


class Ingester:
    """Reads what waits, puts it into the library, and notes when questions find it: one thread.

    What was not read whole ends as "read in part", with the reasons.

    One service at a time does so, by a lease. What a killed service left is begun again by the next one, three
    times at most; a file that brings its reader down has failed at once.
    """

    def __init__(
        self,
        ingestions: IngestionStore,
        documents: DocumentStore,
        library: Library,
        reader: FileReader,
        live: LiveIndex,  # when it is up to date, a document is "indexed"
        leases: Leases,
        *,
        pages: WebPages | None = None,  # None: those that wait fail
        interval_s: float = 1.0,  # pause between two polls where nobody tells of arrivals
        lease_s: float = 15.0,  # how long a service that died keeps the next one from beginning
    ) -> None:
        self._ingestions = ingestions
        self._documents = documents
        self._library = library
        self._reader = reader
        self._live = live
        self._leases = leases
        self._pages = pages
        self._interval_s = interval_s
        self._lease_s = lease_s
        self._begun: set[str] = set()  # ids that this process began to read
        self._arrived = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._troubles = Troubles()
        self._indexing = False  # something is read and not indexed yet

    def start(self) -> None:
        """Begin in the background."""
        self._thread = threading.Thread(target=self._follow, name="ingesting", daemon=True)
        self._thread.start()

    def arrived(self) -> None:
        """Poll at once, because something came in."""
        self._arrived.set()

    def end(self) -> None:
        """Begin no other file; returns at once."""
        self._stopping.set()
        self._arrived.set()

    def stop(self) -> None:
        """End after the file under way, which ends early where its reader is closed; a second call does nothing.

        A page that is being fetched is left behind after some seconds; it is fetched again next time.
        """
        self.end()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None

    def poll(self) -> int:
        """Work until nothing waits, or `stop` is called; return how many files were read or failed.

        Raises:
            LeaseHeld: another service is at it.
            Unavailable: a part is not there; what was under way is still waiting.
        """
        settled = 0
        while not self._stopping.is_set():
            self._note_indexed()
            if not self._ingestions.waiting(1):
                return settled
            with self._leases.hold(_LEASE, ttl_s=self._lease_s) as lease:
                # Asked again: another service may have read them before we held the lease.
                for ingestion in self._ingestions.waiting(_ROUND):
                    if self._stopping.is_set():
                        return settled
                    lease.check()
                    self._read(ingestion)
                    settled += 1
        return settled

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._arrived.clear()
            with (
                self._troubles.attempt("reading what was handed in", unless=self._stopping.is_set),
                suppress(LeaseHeld),
            ):
                self.poll()
            self._arrived.wait(_SOON_S if self._indexing else self._interval_s)

    def _read(self, ingestion: Ingestion) -> None:
        """Read one and settle it; where the service stops meanwhile or a part is missing, it goes on waiting."""
        if ingestion.id not in self._begun:
            if ingestion.attempts >= _MOST_ATTEMPTS:
                self._fail(ingestion, f"reading it was broken off {ingestion.attempts} times")
                return
            ingestion = replace(ingestion, attempts=ingestion.attempts + 1)
            self._ingestions.settle(ingestion)
            self._begun.add(ingestion.id)
        try:
            parsed = self._put(ingestion)
        except (Unavailable, LeaseHeld):
            if self._stopping.is_set():
                # Not the file's fault: an orderly stop does not count.
                self._ingestions.settle(replace(ingestion, attempts=ingestion.attempts - 1))
            raise
        except WhetstoneError as error:
            self._fail(ingestion, str(error))
        except Exception as error:
            logger.exception("an ingestion failed by a fault of ours")
            self._fail(ingestion, f"reading it failed inside Whetstone ({type(error).__name__})")
        else:
            self._ingestions.settle(parsed)
        self._begun.discard(ingestion.id)

    def _put(self, ingestion: Ingestion) -> Ingestion:
        records = [_named(record, ingestion) for record in self._records(ingestion)]
        if not records:
            raise UnreadableDocument("holds no records")
        documents = [record for record in records if isinstance(record, Document)]
        if len(documents) == 1 and ingestion.title:
            records[records.index(documents[0])] = with_content(documents[0], title=ingestion.title)
        # Rows that a table had before and has no more are removed; a table of other rows is meant so.
        report = self._library.as_of(ingestion.since).sync(
            records,
            tenant=ingestion.tenant,
            source=f"{_SOURCE}{ingestion.uri}",
            rules=SyncRules(prune=bool(documents), force=True),
        )
        left_out = [*report.failed, *self._overtaken(documents, ingestion)]
        failed = {failure.uri for failure in left_out}
        if failed.issuperset(document.uri for document in documents):
            raise UnreadableDocument(left_out[0].reason)
        ids = dict.fromkeys(document.id for document in documents if document.uri not in failed)
        return replace(
            ingestion,
            status=IngestionStatus.PARSED,
            reason=_told(left_out, report.in_part, ingestion, len(records)),
            documents=tuple(ids)[:_MOST_IDS],
            change=self._documents.last_change(),
            parsed_at=utcnow(),
        )

    def _overtaken(self, documents: Sequence[Document], ingestion: Ingestion) -> list[ReadFailure]:
        """Return a failure for each that somebody deleted or wrote by hand after the ingestion came."""
        found = self._documents.overtaken([each.id for each in documents], after=ingestion.since)
        done = {ChangeKind.DELETE: "was deleted", ChangeKind.PUT: "was written anew"}
        return [
            ReadFailure(uri=each.uri, reason=f"{done[found[each.id]]} after it was handed in")
            for each in documents
            if each.id in found
        ]

    def _records(self, ingestion: Ingestion) -> list[Document | ReadFailure]:
        filename = ingestion.filename
        if filename:
            content = self._ingestions.payload(ingestion.id)
            if content is None:
                raise NotFound("its bytes are gone; hand it in again")
        else:
            if self._pages is None:
                raise AddressRefused("Web pages are not taken here; WHETSTONE_WEB_PAGES=true allows them.")
            page = self._pages.fetch(ingestion.uri)
            filename, content = page.filename, page.content
        found = self._reader.read(
            content,
            filename=filename,
            uri=ingestion.uri,
            tenant=ingestion.tenant,
            fields=FieldNames(**ingestion.fields) if ingestion.fields else None,
        )
        return [record for record in found if not isinstance(record, Remark)]

    def _fail(self, ingestion: Ingestion, reason: str) -> None:
        self._ingestions.settle(replace(ingestion, status=IngestionStatus.FAILED, reason=reason))

    def _note_indexed(self) -> None:
        """Note which are found by questions now. Two services that do so at once write the same."""
        self._indexing = False
        for each in self._ingestions.parsed(_MOST_IDS):
            if not self._live.holds(each.change):
                self._indexing = True
            else:
                status = IngestionStatus.READ_IN_PART if each.reason else IngestionStatus.INDEXED
                self._ingestions.settle(replace(each, status=status, indexed_at=utcnow()))


def _named(record: Document | ReadFailure, ingestion: Ingestion) -> Document | ReadFailure:
    if isinstance(record, ReadFailure) or not ingestion.metadata:
        return record
    try:
        return with_content(record, metadata=dict(record.metadata) | dict(ingestion.metadata))
    except UnreadableDocument as error:
        return ReadFailure(uri=record.uri, reason=str(error))


def _told(
    left_out: Sequence[ReadFailure], in_part: Sequence[PartRead], ingestion: Ingestion, total: int
) -> str:
    """Return what was not read and why, for a person; empty where all was."""
    said = []
    if left_out:
        were = "record was" if total == 1 else "records was" if len(left_out) == 1 else "records were"
        reasons = ((each.uri, each.reason) for each in left_out)
        said.append(
            f"{len(left_out)} of {total} {were} not read: {_first(reasons, ingestion, len(left_out))}"
        )
    if in_part:
        reasons = ((each.uri, "; ".join(each.reasons)) for each in in_part)
        were = "documents was" if len(in_part) == 1 else "documents were"
        several = f"{len(in_part)} of {total} {were} read in part: " if total > 1 else ""
        said.append(several + _first(reasons, ingestion, len(in_part)))
    return "; ".join(said)


def _first(reasons: Iterable[tuple[str, str]], ingestion: Ingestion, total: int) -> str:
    """Return the first of several reasons, each with the name of its record where it does not say the place itself."""
    shown = []
    for uri, reason in islice(reasons, _NAMED):
        record = "" if reason.startswith(("line ", "row ")) else unquote(uri.removeprefix(ingestion.uri)[1:])
        said = f"{record}: {reason}" if record else reason
        shown.append(said if len(said) <= _LONGEST_REASON else f"{said[: _LONGEST_REASON - 1]}…")
    others = total - len(shown)
    return "; ".join(shown) + (f"; and {others:,} more" if others else "")
