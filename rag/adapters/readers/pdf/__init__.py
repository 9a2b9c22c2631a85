"""PDF: the text of all pages in the order of reading, with fields, tables, headings and comments."""

from collections.abc import Callable
from typing import Protocol

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.pdf.facts import attached, facts_of
from rag.adapters.readers.pdf.pdfium import opened, pages_of
from rag.adapters.readers.pdf.whole import gaps, text_of
from rag.errors import UnreadableDocument
from rag.library.documents import ReadFailure


class Attached(Protocol):
    """Reads files that are attached to a file."""

    def read(self, name: str, content: bytes) -> Records:
        """Yield what an attached file holds, or note why it is not read."""

    def reasons(self) -> list[str]:
        """Return what was not read and why."""


def read(file: SourceFile, *, attached_to: Callable[[SourceFile], Attached]) -> Records:
    """Read a PDF as one document, and each attached file of a known kind as one of its own.

    Raises:
        UnreadableDocument: it is broken, needs a password, or holds pictures alone.
    """
    with opened(file.read_bytes()) as document:
        facts = facts_of(document)
        pages = list(pages_of(document, file.ocr))
        files = list(attached(document))
    text, locators = text_of(pages, facts.outline)
    members = attached_to(file)
    inner = [record for name, content in files for record in members.read(name, content)]
    unread = [*gaps(pages), *facts.unread, *members.reasons()]
    if text:
        yield file.document(
            text=text,
            title=facts.title or file.stem,
            metadata=facts.metadata,
            locators=locators,
            unread=unread,
        )
    else:
        reason = "; ".join(unread) or "holds no text: its pages are empty"
        if not inner:
            raise UnreadableDocument(reason)
        yield ReadFailure(uri=file.uri, reason=reason)
    yield from inner
