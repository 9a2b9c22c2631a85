"""Plain text, as it stands."""

from rag.adapters.readers.files import Records, SourceFile


def read_text(file: SourceFile) -> Records:
    """Read a text file; its title is its name."""
    read = file.decoded()
    yield file.document(text=read.text, title=file.stem, unread=read.unread)
