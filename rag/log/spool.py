"""Records kept in a file until they can go where they belong. Knows nothing of what they say.

Each process appends to a file of its own, which it keeps locked. A file that nobody has locked was left by a process
that died, and whoever finds it takes it over. A line is the record's length and CRC-32, each eight hexadecimal digits,
and the record, which holds no newline; what is torn or spoiled is told apart by these and left out.
"""

import fcntl
import logging
import os
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from rag.errors import Unavailable

logger = logging.getLogger(__name__)

_HEAD = 18
"""Bytes of a line before the record: two numbers of eight digits, a blank after each."""

_REFUSED = "refused.jsonl"
"""File of the records that are not wanted where they belong, kept for a person to look at."""


@dataclass(eq=False)
class _Segment:
    """One file of records, open and locked."""

    path: Path
    file: BinaryIO
    size: int = 0  # bytes that are whole lines, on disk
    read: int = 0  # bytes from the start that are done with
    count: int = 0  # records beyond `read`
    spoiled: bool = False  # a failed append may have left half a line at the end


@dataclass(frozen=True, eq=False)
class Batch:
    """The oldest records."""

    records: tuple[bytes, ...] = ()
    _segment: _Segment | None = field(default=None, repr=False)
    _end: int = 0  # offset in the segment behind the last of them


class Spool:
    """Bounded, durable, first in first out. One thread may append while another one reads and discards."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Name the folder, which is made with the first record.

        Args:
            folder: on a local file system; several processes may share it.
            limit_bytes: room of this process's file and those it took over; 0 keeps nothing.
        """
        self._folder = folder
        self._limit = limit_bytes
        self._writing = threading.Lock()  # one change of files at a time
        self._own: _Segment | None = None
        self._adopted: list[_Segment] = []

    @property
    def count(self) -> int:
        """Records that wait."""
        return sum(each.count for each in self._segments())

    @property
    def used(self) -> int:
        """Bytes they take."""
        return sum(each.size for each in self._segments())

    @property
    def limit(self) -> int:
        """Bytes they may take."""
        return self._limit

    def room(self) -> int:
        """Bytes that may still be written: what the limit leaves, or the disk where that is less."""
        left = self._limit - self.used
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
        """Write records, as many of the first as there is room for, and give their number; these are on disk then.

        Raises:
            Unavailable: the disk failed; nothing was kept.
        """
        lines: list[bytes] = []
        with self._writing:
            left = self._limit - self.used
            for record in records:
                line = b"%08x %08x %b\n" % (len(record), zlib.crc32(record), record)
                if len(line) > left:
                    break
                left -= len(line)
                lines.append(line)
            if lines:
                try:
                    self._write(b"".join(lines), len(lines))
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
                if segment.read < segment.size:
                    return _batch(segment, most)
        return Batch()

    def batches(self) -> list[Batch]:
        """Return all records, oldest file first, a batch for each; they stay until they are discarded.

        Raises:
            Unavailable: the disk failed.
        """
        with self._writing:
            return [_batch(each) for each in self._segments() if each.read < each.size]

    def holds_any(self) -> bool:
        """Tell whether anything may wait in the folder, in this process's files or in others'."""
        with self._writing:
            if self.count:
                return True
            mine = {each.path for each in self._segments()}
            try:
                return any(
                    path.stat().st_size > 0 for path in self._folder.glob("*.spool") if path not in mine
                )
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
            if segment.read < segment.size:
                return
            if segment is self._own:
                self._empty(segment)
            else:
                self._adopted = [each for each in self._adopted if each is not segment]
                _remove(segment)

    def refuse(self, record: bytes) -> None:
        """Keep a record that is not wanted where it belongs, for a person to look at."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self._folder / _REFUSED, "ab", opener=_private) as file:
                file.write(record + b"\n")
                os.fsync(file.fileno())
        except OSError:
            logger.exception("a refused record could not be kept in %s", self._folder / _REFUSED)

    def adopt(self) -> int:
        """Take over what dead processes left, oldest first; give the number of records."""
        found = 0
        with self._writing:
            mine = {each.path for each in self._segments()}
            try:
                others = sorted(
                    (path for path in self._folder.glob("*.spool") if path not in mine),
                    key=lambda path: (path.stat().st_mtime, path.name),
                )
            except OSError:
                # No folder, or one that another process emptied just now: the next look sees.
                return 0
            for path in others:
                segment = _locked(path)
                if segment is None:
                    continue
                segment.count, segment.size = _survey(segment)
                if segment.count:
                    self._adopted = [*self._adopted, segment]
                    found += segment.count
                else:
                    _remove(segment)
        return found

    def close(self) -> None:
        """Let go of the files, removing those that are empty; a second call does nothing."""
        with self._writing:
            segments = self._segments()
            self._own, self._adopted = None, []
            for segment in segments:
                if segment.read >= segment.size and not segment.spoiled:
                    _remove(segment)
                else:
                    segment.file.close()

    def _segments(self) -> list[_Segment]:
        own = self._own
        return [*self._adopted, own] if own is not None else list(self._adopted)

    def _write(self, data: bytes, records: int) -> None:
        segment = self._own = self._own or self._create()
        descriptor = segment.file.fileno()
        try:
            if segment.spoiled:
                os.ftruncate(descriptor, segment.size)
                segment.spoiled = False
            os.lseek(descriptor, segment.size, os.SEEK_SET)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            # Half of it may be there. Cut off now or, should that fail too, before the next append.
            segment.spoiled = True
            raise
        segment.size += len(data)
        segment.count += records

    def _create(self) -> _Segment:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = self._folder / f"{uuid4().hex}.spool"
            with open(path, "xb", opener=_private):
                pass
            # Between the two another process may take it for a dead one's and remove it.
            segment = _locked(path)
            if segment is not None:
                break
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return segment

    def _empty(self, segment: _Segment) -> None:
        segment.size = segment.read = segment.count = 0
        try:
            os.ftruncate(segment.file.fileno(), 0)
        except OSError:
            segment.spoiled = True


def _private(path: str, flags: int) -> int:
    # The records are people's questions.
    return os.open(path, flags, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _locked(path: Path) -> _Segment | None:
    """Open a file and lock it; None where another process has it locked, or has removed it."""
    try:
        file = path.open("r+b", buffering=0)
    except OSError:
        return None
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        there, opened = path.stat(), os.fstat(file.fileno())
    except OSError:
        file.close()
        return None
    if (there.st_dev, there.st_ino) != (opened.st_dev, opened.st_ino):
        file.close()
        return None
    return _Segment(path=path, file=file)


def _remove(segment: _Segment) -> None:
    # Removed while it is locked: nobody else can have begun to write to it.
    segment.path.unlink(missing_ok=True)
    segment.file.close()


def _batch(segment: _Segment, most: int | None = None) -> Batch:
    try:
        records, end = _read(segment, most)
    except OSError as error:
        raise Unavailable(f"{segment.path} cannot be read: {error.strerror or error}") from error
    return Batch(records=tuple(records), _segment=segment, _end=end)


def _read(segment: _Segment, most: int | None) -> tuple[list[bytes], int]:
    """Read records from where the segment was read to; give them and the offset behind them."""
    records: list[bytes] = []
    with _reading(segment) as file:
        file.seek(segment.read)
        while (most is None or len(records) < most) and file.tell() < segment.size:
            line = file.readline()
            record = _whole(line)
            if record is not None:
                records.append(record)
            elif line.strip():
                logger.warning("%s holds %d bytes that are no whole record", segment.path, len(line))
        return records, file.tell()


def _survey(segment: _Segment) -> tuple[int, int]:
    """Return the number of whole records in a file, and the offset behind the last of them."""
    count = end = 0
    with _reading(segment) as file:
        while line := file.readline():
            if _whole(line) is not None:
                count, end = count + 1, file.tell()
    return count, end


def _reading(segment: _Segment) -> BinaryIO:
    # The file that is locked, whatever has become of its name.
    file = os.fdopen(os.dup(segment.file.fileno()), "rb")
    file.seek(0)
    return file


def _whole(line: bytes) -> bytes | None:
    """Return a line's record; None where the line is torn or spoiled."""
    record = line[_HEAD:-1]
    if not line.endswith(b"\n") or line[:_HEAD] != b"%08x %08x " % (len(record), zlib.crc32(record)):
        return None
    return record
