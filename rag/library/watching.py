"""Folders that are followed: edits and deletions there reach the library within seconds.

Names, times and sizes are compared; of what differs, or was not looked at since the start, the bytes are compared, and
what is not as it was is read.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from rag.errors import EmptyCorpus, LeaseHeld, Stopping
from rag.library.documents import Record
from rag.library.folders import Folder, FolderReader, Listing, Stamp
from rag.library.syncing import Library, SyncReport, SyncRules
from rag.ports import Leases
from rag.troubles import Troubles

logger = logging.getLogger(__name__)

_STOP_S = 5.0


@dataclass(kw_only=True, slots=True)
class _Known:
    """What is known of one folder."""

    synced: dict[str, Stamp] = field(default_factory=dict)  # as the library has them
    seen: Mapping[str, Stamp] | None = None  # at the last poll
    complete: bool = False  # the library was compared with the whole folder since the start


class FolderWatch:
    """Keeps the library in line with folders: one thread, one service at a time by a lease.

    A file is read once two polls found it the same, so that one that is being written is not.
    """

    def __init__(
        self,
        folders: Sequence[FolderReader],
        library: Library,
        leases: Leases,
        *,
        tenant: str,
        interval_s: float,  # between two polls
        lease_s: float = 15.0,  # how long a service that died keeps the next one from going on
    ) -> None:
        self._folders = [(reader, _Known()) for reader in folders]
        self._library = library
        self._leases = leases
        self._tenant = tenant
        self._interval_s = interval_s
        self._lease_s = lease_s
        self._troubles = Troubles()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in the background; nothing happens where there are no folders."""
        if self._folders:
            self._thread = threading.Thread(target=self._follow, name="watching", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Begin no other file; returns at once."""
        self._stopping.set()

    def stop(self) -> None:
        """End after the file under way; a second call does nothing."""
        self.end()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None

    def poll(self) -> list[SyncReport]:
        """Poll every folder once; return what was done where something was.

        Trouble with one folder is told in the log and does not keep it from the others.
        """
        reports = []
        for reader, known in self._folders:
            if self._stopping.is_set():
                break
            following = f"following {reader.folder.source}"
            trouble = self._troubles.attempt(following, unless=self._stopping.is_set)
            with trouble, suppress(LeaseHeld):
                report = self._poll_folder(reader, known)
                if report is not None:
                    reports.append(report)
        return reports

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self.poll()
            self._stopping.wait(self._interval_s)

    def _poll_folder(self, reader: FolderReader, known: _Known) -> SyncReport | None:
        folder = reader.folder
        listing = folder.list()
        before, known.seen = known.seen, listing.files
        if before is None:
            return None
        if not listing.files and not listing.failed:
            raise EmptyCorpus("it is empty, which may be a disk that is not mounted; its documents are kept.")
        steady = [
            uri
            for uri, stamp in listing.files.items()
            if known.synced.get(uri) != stamp and before.get(uri) == stamp
        ]
        # Twice as well: some programs save a file by taking it away first.
        gone = known.synced.keys() - listing.files.keys() - before.keys()
        if known.complete and not steady and not gone:
            return None
        with self._leases.hold(f"watching:{folder.source}"[:200], ttl_s=self._lease_s) as lease:
            report = self._library.sync(
                self._records(reader, steady, listing),
                tenant=self._tenant,
                source=folder.source,
                rules=SyncRules(prune=True),
                kept=((listing.files.keys() | before.keys()) - set(steady)).union(
                    each.uri for each in listing.unknown
                ),
                after_each=lambda _: lease.check(),
            )
        known.synced.update((uri, listing.files[uri]) for uri in steady)
        for uri in gone:
            del known.synced[uri]
        known.complete = True
        self._tell_of(folder, report)
        return report

    def _records(self, reader: FolderReader, uris: Sequence[str], listing: Listing) -> Iterator[Record]:
        def check() -> None:
            if self._stopping.is_set():
                raise Stopping

        yield from reader.read({uri: listing.files[uri] for uri in uris}, before_each=check)
        yield from listing.failed

    def _tell_of(self, folder: Folder, report: SyncReport) -> None:
        if report.added or report.changed or report.removed:
            logger.info(
                "%s: %d added, %d changed, %d removed",
                folder.source,
                report.added,
                report.changed,
                report.removed,
            )
        for failure in report.failed:
            logger.warning("not read: %s: %s", failure.uri, failure.reason)
        for remark in report.remarks:
            logger.info("%s: %s", remark.uri, remark.said)
        for part in report.in_part:
            logger.info("read in part: %s: %s", part.uri, "; ".join(part.reasons))
        if report.older:
            logger.warning(
                "%s: %d files were read by an earlier version of the reader; `whetstone ingest --reread` on it reads "
                "them again, and --dry-run shows what would change",
                folder.source,
                report.older,
            )
        if report.spared:
            logger.error(
                "%s: %d documents vanished at once and were kept; if they are really gone, run "
                "`whetstone ingest --prune --force` on it",
                folder.source,
                report.spared,
            )
