"""ZIP: each file in it read by its own reader."""

import stat
import zipfile

from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.adapters.readers.formats.members import Members, ReaderFor, path_of
from rag.adapters.readers.formats.packages import opened
from rag.errors import UnreadableDocument
from rag.library.documents import ReadFailure

_MOST_MEMBERS = 10_000
_CLUTTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What systems put into archives by themselves."""


def read_zip(file: SourceFile, *, reader_for: ReaderFor) -> Records:
    """Read the files of an archive, each as if it lay by itself; archives in it too, to a depth.

    Raises:
        UnreadableDocument: it is broken or empty, has very many files, or unpacks to far too much.
    """
    archive, entries = opened(file.read_bytes(), kind="a ZIP", max_bytes=file.max_bytes)
    entries = [entry for entry in entries if not any(part in entry.filename for part in _CLUTTER)]
    if len(entries) > _MOST_MEMBERS:
        raise UnreadableDocument(f"holds {len(entries):,} files, more than {_MOST_MEMBERS:,}; split it")
    if not entries:
        raise UnreadableDocument("holds no files")
    members = Members(file, reader_for, "member")
    for entry in entries:
        yield from _member(archive, entry, members)


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, members: Members) -> Records:
    name = path_of(_named(entry))
    refused = _refusal(entry) or members.refusal(name, entry.file_size)
    if not refused:
        try:
            content = archive.read(entry)
        except (*DAMAGE, NotImplementedError) as error:
            refused = f"is damaged in the archive: {error or type(error).__name__}"
    if refused:
        yield ReadFailure(uri=members.file.uri_of(name), reason=refused)
    else:
        yield from members.read(name, content)


def _named(entry: zipfile.ZipInfo) -> str:
    """Return a member's name; many programs write UTF-8 without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


def _refusal(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 1:
        return "is encrypted; pack it without a password"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link, and links in archives are not followed"
    return ""
