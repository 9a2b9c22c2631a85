"""Records kept in a file until they can go where they belong.

Each process appends to a file of its own, which it keeps locked. A file that nobody has locked was left by a process
that died, and whoever finds it takes it over.
"""

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import Unavailable
from rag.log.segments import Segment, create, line_of, locked, private

logger = logging.getLogger(__name__)

_REFUSED = "refused.jsonl"
"""File of the records that are not wanted where they belong, kept for a person to look at."""


@dataclass(frozen=True, eq=False)
class Batch:
    """The oldest records."""

    records: tuple[bytes, ...] = ()
    _segment: Segment | None = field(default=None, repr=False)
    _end: int = 0  # offset in the segment behind the last of them


class Spool:
    """Bounded, durable, first in first out. One thread may append while another one reads and discards.

    The folder is on a local file system, and made with the first record; several processes may share it. The limit is
    that of this process's file and those it took over; 0 keeps nothing.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.limit = limit_bytes
        self._folder = folder
        self._writing = threading.Lock()  # one change of files at a time
        self._own: Segment | None = None
        self._adopted: list[Segment] = []

    @property
    def count(self) -> int:
        """Records that wait."""
        return sum(each.count for each in self._segments())

    @property
    def used(self) -> int:
        """Bytes they take."""
        return sum(each.size for each in self._segments())

    def room(self) -> int:
        """Return the bytes that may still be written: what the limit leaves, or the disk where that is less."""
        left = self.limit - self.used
        if left <= 0:
            return 0
        folder = self._folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        try:
            disk = os.statvfs(folder)
        except OSError:
            return 0
        return min(left, disk.f_bavail * disk.f_frsize)

    def append(self, records: Sequence[bytes]) -> int:
        """Write records, as many of the first as there is room for; return their number. These are on disk then.

        Raises:
            Unavailable: the disk failed; nothing was kept.
        """
        lines: list[bytes] = []
        with self._writing:
            left = self.limit - self.used
            for record in records:
                line = line_of(record)
                if len(line) > left:
                    break
                left -= len(line)
                lines.append(line)
            if lines:
                try:
                    self._own = self._own or create(self._folder)
                    self._own.append(b"".join(lines), len(lines))
                except OSError as error:
                    raise Unavailable(
                        f"What waits for the database cannot be kept in {self._folder}: "
                        f"{error.strerror or error}; see that its disk works and has room."
                    ) from error
        return len(lines)

    def oldest(self, most: int) -> Batch:
        """Return up to `most` of the oldest records, all of one file; they stay until they are discarded.

        Raises:
            Unavailable: the disk failed.
        """
        with self._writing:
            for segment in self._segments():
                if not segment.used_up:
                    return _batch(segment, most)
        return Batch()

    def batches(self) -> list[Batch]:
        """Return all records, oldest file first, a batch for each; they stay until they are discarded.

        Raises:
            Unavailable: the disk failed.
        """
        with self._writing:
            return [_batch(each) for each in self._segments() if not each.used_up]

    def holds_any(self) -> bool:
        """Tell whether anything may wait in the folder, in this process's files or in others'."""
        with self._writing:
            if self.count:
                return True
            try:
                return any(path.stat().st_size > 0 for path in self._others())
            except OSError:
                # One went away meanwhile, with or without others beside it.
                return True

    def discard(self, batch: Batch) -> None:
        """Forget the records of a batch that `oldest` gave. After a crash some may come again."""
        segment = batch._segment
        if segment is None:
            return
        with self._writing:
            segment.read = batch._end
            segment.count = max(0, segment.count - len(batch.records))
            if not segment.used_up:
                return
            if segment is self._own:
                segment.empty()
            else:
                self._adopted = [each for each in self._adopted if each is not segment]
                segment.remove()

    def refuse(self, record: bytes) -> None:
        """Keep a record that is not wanted where it belongs, for a person to look at."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self._folder / _REFUSED, "ab", opener=private) as file:
                file.write(record + b"\n")
                os.fsync(file.fileno())
        except OSError:
            logger.exception("a refused record could not be kept in %s", self._folder / _REFUSED)

    def adopt(self) -> int:
        """Take over what dead processes left, oldest first; return the number of records.

        A file that cannot be read is left for the next call.
        """
        found = 0
        with self._writing:
            try:
                others = sorted(self._others(), key=lambda path: (path.stat().st_mtime, path.name))
            except OSError:
                # No folder, or one that another process emptied just now: the next call sees.
                return 0
            for path in others:
                segment = locked(path)
                if segment is None:
                    continue
                try:
                    segment.survey()
                except OSError as error:
                    logger.error("%s cannot be read, so what it holds stays there: %s", path, error)
                    segment.file.close()
                    continue
                if segment.count:
                    self._adopted = [*self._adopted, segment]
                    found += segment.count
                else:
                    segment.remove()
        return found

    def close(self) -> None:
        """Let go of the files, removing those that are empty; a second call does nothing."""
        with self._writing:
            segments = self._segments()
            self._own, self._adopted = None, []
            for segment in segments:
                if segment.used_up and not segment.spoiled:
                    segment.remove()
                else:
                    segment.file.close()

    def _others(self) -> list[Path]:
        """Return the files of other processes, and what dead ones left."""
        mine = {each.path for each in self._segments()}
        return [path for path in self._folder.glob("*.spool") if path not in mine]

    def _segments(self) -> list[Segment]:
        own = self._own
        return [*self._adopted, own] if own is not None else list(self._adopted)


def _batch(segment: Segment, most: int | None = None) -> Batch:
    try:
        records, end = segment.records(most)
    except OSError as error:
        raise Unavailable(f"{segment.path} cannot be read: {error.strerror or error}") from error
    return Batch(records=tuple(records), _segment=segment, _end=end)
