"""Files within a file: attachments, embedded ones, members of an archive. Each is read as if it lay by itself."""

import mimetypes
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from rag.adapters.readers.files import Records, SourceFile
from rag.domain import Document
from rag.errors import UnreadableDocument
from rag.library.documents import ReadFailure

Reader = Callable[[SourceFile], Records]

ReaderFor = Callable[[str], Reader | None]
"""File name -> what reads it; None where its kind is not known."""

MOST_DEEP = 3
"""How many files within files within files are opened; beyond lies a bomb, or nothing that anybody looks for."""

_NAMED = 10
"""Members named one by one among what was not read."""


@dataclass(slots=True)
class Members:
    """Reads files within `file`, and notes which of them were not read."""

    file: SourceFile
    reader_for: ReaderFor
    kind: str  # what a person calls them: attachment, embedded file
    _refused: list[str] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def read(self, name: str, content: bytes) -> Records:
        """Yield what a member holds, or note why it is not read."""
        reader = self.reader_for(name)
        reason = self.refusal(name, len(content))
        if reason or reader is None:
            self._refused.append(f"the {self.kind} {name} was not read: it {reason}")
            return
        member = self._member(self._own(name), content)
        try:
            yield from reader(member)
        except UnreadableDocument as error:
            yield ReadFailure(uri=member.uri, reason=str(error))

    def refusal(self, name: str, size: int) -> str:
        """Return why a member is not read, as what comes after its name; empty where it is."""
        if self.reader_for(name) is None:
            ending = PurePosixPath(name).suffix
            return (
                f"ends in {ending!r}, for which there is no reader"
                if ending
                else "has no ending that tells its kind"
            )
        if self.file.ocr is None and (mimetypes.guess_type(name)[0] or "").startswith("image/"):
            return "holds no text without OCR; WHETSTONE_OCR=true reads pictures"
        if size > self.file.max_bytes:
            return f"has {size:,} bytes, more than the limit of {self.file.max_bytes:,}"
        if self.file.depth >= MOST_DEEP:
            return f"lies in more than {MOST_DEEP} files around it; unpack them first"
        return ""

    def text_of(self, name: str, content: bytes) -> str | None:
        """Return the text of a member that is part of the file's own text; None where it cannot be read."""
        reader = self.reader_for(name)
        if reader is None or self.refusal(name, len(content)):
            return None
        try:
            records = list(reader(self._member(name, content, self.file.uri)))
        except UnreadableDocument:
            return None
        return "\n\n".join(record.text for record in records if isinstance(record, Document)) or None

    def note(self, reason: str) -> None:
        """Note what else of the file was not read as it should."""
        self._refused.append(reason)

    def reasons(self) -> list[str]:
        """Return what was not read and why, of very many the first."""
        left = len(self._refused) - _NAMED
        more = [f"{left:,} other {self.kind}s were not read"] if left > 0 else []
        return self._refused[:_NAMED] + more

    def _own(self, name: str) -> str:
        """Return a name that no other member has: a mail may have several attachments of one name."""
        count = self._seen[name] = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name} ({count})"

    def _member(self, name: str, content: bytes, uri: str = "") -> SourceFile:
        return replace(
            self.file,
            path=Path(posixpath.basename(name) or name),
            content=content,
            given_uri=uri or self.file.uri_of(name),
            depth=self.file.depth + 1,
        )


def path_of(name: str) -> str:
    """Return a member's path as it may be shown and kept: without a root, and without steps upwards."""
    return posixpath.normpath("/" + name.replace("\\", "/").replace("\0", "")).lstrip("/")
