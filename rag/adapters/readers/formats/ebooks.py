"""EPUB: the chapters of a book in their order."""

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.packages import Package
from rag.adapters.readers.xberg import extracted
from rag.errors import UnreadableDocument

_RIGHTS = "META-INF/encryption.xml"


def read(file: SourceFile) -> Records:
    """Read a book as one document.

    Raises:
        UnreadableDocument: it is broken, unpacks to far too much, or its chapters are protected.
    """
    package = Package(file, kind="an EPUB")
    # Fonts may be scrambled without harm to the text.
    if _RIGHTS in package and any(
        ending in package.read(_RIGHTS).lower() for ending in (b".xhtml", b".html", b'.htm"')
    ):
        raise UnreadableDocument("is protected against copying; get it without protection")
    result = extracted(package.written({}), mime="application/epub+zip", kind="an EPUB")
    yield results.document(file, result)
