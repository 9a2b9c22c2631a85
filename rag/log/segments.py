"""A file of records: one line each; length and CRC-32 tell whether a line is whole.

A line is the record's length and CRC-32, each eight hexadecimal digits, and the record, which holds no newline; what
is torn or spoiled is left out. A file is locked by the process that has it open. One that nobody has locked was left
by a process that died.
"""

import fcntl
import logging
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

logger = logging.getLogger(__name__)

_HEAD = 18
"""Bytes of a line before the record: two numbers of eight digits, a blank after each."""


@dataclass(eq=False)
class Segment:
    """One file of records, open and locked."""

    path: Path
    file: BinaryIO
    size: int = 0  # bytes that are whole lines, on disk
    read: int = 0  # bytes from the start that are done with
    count: int = 0  # records beyond `read`
    spoiled: bool = False  # a failed append may have left half a line at the end

    @property
    def used_up(self) -> bool:
        """Whether no record is left in it."""
        return self.read >= self.size

    def append(self, data: bytes, records: int) -> None:
        """Write whole lines, which are on disk on return.

        Raises:
            OSError: the disk failed; nothing counts as written.
        """
        descriptor = self.file.fileno()
        try:
            if self.spoiled:
                os.ftruncate(descriptor, self.size)
                self.spoiled = False
            os.lseek(descriptor, self.size, os.SEEK_SET)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            # Half of it may be there. Cut off now or, should that fail too, before the next append.
            self.spoiled = True
            raise
        self.size += len(data)
        self.count += records

    def records(self, most: int | None) -> tuple[list[bytes], int]:
        """Read up to `most` records from where it was read to; return them and the offset behind them."""
        records: list[bytes] = []
        with self._reading() as file:
            file.seek(self.read)
            while (most is None or len(records) < most) and file.tell() < self.size:
                line = file.readline()
                record = _whole(line)
                if record is not None:
                    records.append(record)
                elif line.strip():
                    logger.warning("%s holds %d bytes that are no whole record", self.path, len(line))
            return records, file.tell()

    def survey(self) -> None:
        """Count the whole records in it, and find the end of the last of them.

        Raises:
            OSError: the disk failed.
        """
        self.count = self.size = 0
        with self._reading() as file:
            file.seek(0)
            while line := file.readline():
                if _whole(line) is not None:
                    self.count, self.size = self.count + 1, file.tell()

    def empty(self) -> None:
        """Forget what is in it."""
        self.size = self.read = self.count = 0
        try:
            os.ftruncate(self.file.fileno(), 0)
        except OSError:
            self.spoiled = True

    def remove(self) -> None:
        """Delete the file, or only empty it where that fails, and let go of it."""
        # Removed while it is locked: nobody else can have begun to write to it.
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be removed: %s", self.path, error)
            self.empty()
        self.file.close()

    def _reading(self) -> BinaryIO:
        # The file that is locked, whatever has become of its name.
        return os.fdopen(os.dup(self.file.fileno()), "rb")


def line_of(record: bytes) -> bytes:
    """Return a record as it lies in a file."""
    return b"%08x %08x %b\n" % (len(record), zlib.crc32(record), record)


def create(folder: Path) -> Segment:
    """Make a new file in a folder, which is made too."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        path = folder / f"{uuid4().hex}.spool"
        with open(path, "xb", opener=private):
            pass
        # Between the two another process may take it for a dead one's and remove it.
        segment = locked(path)
        if segment is not None:
            break
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
    return segment


def locked(path: Path) -> Segment | None:
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
    return Segment(path=path, file=file)


def private(path: str, flags: int) -> int:
    """Open a file that only its owner may read: the records are people's questions."""
    return os.open(path, flags, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _whole(line: bytes) -> bytes | None:
    """Return a line's record; None where the line is torn or spoiled."""
    record = line[_HEAD:-1]
    if not line.endswith(b"\n") or line[:_HEAD] != b"%08x %08x " % (len(record), zlib.crc32(record)):
        return None
    return record
