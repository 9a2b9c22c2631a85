"""PDF: the text of all pages in the order of reading, with fields, tables, headings and comments."""

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.pdf.facts import facts_of
from rag.adapters.readers.pdf.pdfium import opened, pages_of
from rag.adapters.readers.pdf.whole import gaps, text_of
from rag.errors import UnreadableDocument


def read(file: SourceFile) -> Records:
    """Read a PDF as one document.

    Raises:
        UnreadableDocument: it is broken, needs a password, or holds pictures alone.
    """
    with opened(file.read_bytes()) as document:
        facts = facts_of(document)
        pages = list(pages_of(document, file.ocr))
    text, locators = text_of(pages, facts.outline)
    unread = [*gaps(pages), *facts.unread]
    if not text:
        raise UnreadableDocument("; ".join(unread) or "holds no text: its pages are empty")
    yield file.document(
        text=text, title=facts.title or file.stem, metadata=facts.metadata, locators=locators, unread=unread
    )
