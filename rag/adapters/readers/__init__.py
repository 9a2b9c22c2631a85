"""Documents from where they lie: files, folders, BEIR data sets, and Python's own documentation."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rag.adapters.readers import beir, html, images, markdown, pdf, python_docs, tables, text
from rag.adapters.readers.files import Records, SourceFile, absolute
from rag.adapters.readers.folders import files_below
from rag.adapters.readers.formats import (
    archives,
    ebooks,
    mail,
    notebooks,
    outlook,
    packages,
    rtf,
    xml,
)
from rag.adapters.readers.formats.latex import reading as latex
from rag.adapters.readers.formats.markup import asciidoc, restructured
from rag.adapters.readers.formats.members import Members
from rag.adapters.readers.formats.office import opendocument, sheets, slides, word
from rag.adapters.readers.ocr import Ocr
from rag.errors import InvalidInput, NotFound, UnreadableDocument, UnsupportedFormat
from rag.library.documents import FieldNames, ReadFailure

PYTHON_DOCS = python_docs.NAME
"""The location that stands for the documentation of the running Python."""

Reader = Callable[[SourceFile], Records]


def _reader_for(name: str) -> Reader | None:
    """Return what reads a file within a file."""
    return FORMATS.get(Path(name).suffix.lower())


def _attached_to(file: SourceFile) -> Members:
    return Members(file, _reader_for, "attached file")


_WORD = partial(word.read, reader_for=_reader_for)
_SLIDES = partial(slides.read, reader_for=_reader_for)
_SHEETS = partial(sheets.read, reader_for=_reader_for)

FORMATS: Mapping[str, Reader] = {
    ".adoc": asciidoc.read,
    ".asciidoc": asciidoc.read,
    ".bmp": images.read,
    ".csv": tables.read_csv,
    ".doc": partial(packages.refuse_old, newer=".docx"),
    ".docm": _WORD,
    ".docx": _WORD,
    ".eml": partial(mail.read_eml, reader_for=_reader_for),
    ".epub": ebooks.read,
    ".htm": html.read,
    ".html": html.read,
    ".ipynb": notebooks.read,
    ".jpeg": images.read,
    ".jpg": images.read,
    ".json": tables.read_json,
    ".jsonl": tables.read_jsonl,
    ".latex": latex.read,
    ".markdown": markdown.read_markdown,
    ".md": markdown.read_markdown,
    ".mdx": markdown.read_markdown,
    ".msg": partial(outlook.read, reader_for=_reader_for),
    ".ndjson": tables.read_jsonl,
    ".odp": opendocument.read_slides,
    ".ods": opendocument.read_sheets,
    ".odt": opendocument.read_text,
    ".pdf": partial(pdf.read, attached_to=_attached_to),
    ".png": images.read,
    ".ppt": partial(packages.refuse_old, newer=".pptx"),
    ".pptm": _SLIDES,
    ".pptx": _SLIDES,
    ".qmd": markdown.read_markdown,
    ".rmd": markdown.read_markdown,
    ".rst": restructured.read,
    ".rtf": rtf.read,
    ".tex": latex.read,
    ".text": text.read_text,
    ".tif": images.read,
    ".tiff": images.read,
    ".tsv": tables.read_csv,
    ".txt": text.read_text,
    ".webp": images.read,
    ".xhtml": html.read,
    ".xls": sheets.read_old,
    ".xlsm": _SHEETS,
    ".xlsx": _SHEETS,
    ".xml": partial(xml.read, reader_for=_reader_for),
    ".zip": partial(archives.read_zip, reader_for=_reader_for),
}
"""File name ending -> what reads it."""

PICTURES = frozenset(ending for ending, reader in FORMATS.items() if reader is images.read)
"""Endings of pictures, which hold text only for OCR."""


def source_of(location: str) -> str:
    """Return the `source` that documents read from `location` carry, as pruning needs it."""
    return PYTHON_DOCS if location == PYTHON_DOCS else absolute(location).as_uri()


def is_of_files(location: str) -> bool:
    """Tell whether a location is a file or a folder of files, rather than a data set with labels or python-docs."""
    return location != PYTHON_DOCS and not beir.is_data_set(absolute(location))


def read(
    location: str, *, tenant: str, max_bytes: int, fields: FieldNames | None = None, ocr: Ocr | None = None
) -> Records:
    """Yield the documents at a location in a fixed order, and a failure for whatever could not be read.

    Args:
        location: a file; a folder, read with all below it; a folder with a BEIR ``corpus.jsonl``; or
            ``python-docs``.
        tenant: whose the documents are.
        max_bytes: the largest file that is read.
        fields: names of the fields in CSV and JSON records; by default as the tables' readers find them.
        ocr: reads the text in pictures; None: it is not read.

    Raises:
        NotFound: there is nothing at the location.
        InvalidInput: the location is empty.
        UnsupportedFormat: it is a single file of a kind that is not known; within a folder that is a failure.
    """
    if location == PYTHON_DOCS:
        return python_docs.read(tenant=tenant)
    if not location.strip():
        # A variable that is not set would stand for the folder one happens to be in.
        raise InvalidInput("no location is given; name a file or a folder, . for this one")
    root = absolute(location)

    source_file = partial(
        SourceFile,
        tenant=tenant,
        source=root.as_uri(),
        max_bytes=max_bytes,
        fields=fields or FieldNames(),
        ocr=ocr,
    )
    if root.is_dir():
        if beir.is_data_set(root):
            return _records(source_file(path=root / beir.CORPUS), beir.read)
        return _folder(root, source_file)
    if not root.exists():
        raise NotFound(f"there is no file or folder {root}; name one, or {PYTHON_DOCS}")
    return _records(source_file(path=root), _reader(root, root.name))


def read_content(
    content: bytes,
    *,
    filename: str,
    uri: str,
    tenant: str,
    max_bytes: int,
    fields: FieldNames | None = None,
    ocr: Mapping[str, Any] | None = None,
    remarks: list[str] | None = None,
) -> Records:
    """Yield the documents in a file that was handed in, and a failure for whatever could not be read.

    Args:
        content: the file's bytes.
        filename: its ending tells the format.
        uri: of its document; those of a table's rows begin with it. Also the documents' `source`.
        tenant: whose the documents are.
        max_bytes: what the readers take as the largest file.
        fields: names of the fields in CSV and JSON records; by default id, title and text.
        ocr: reads the text in pictures, as `Ocr.asked` gives it; None: it is not read.
        remarks: takes what a person should know of how it was read.

    Raises:
        UnsupportedFormat: there is no reader for files with that ending.
    """
    file = SourceFile(
        path=Path(filename),
        tenant=tenant,
        source=uri,
        max_bytes=max_bytes,
        fields=fields or FieldNames(),
        content=content,
        given_uri=uri,
        ocr=Ocr.of(ocr),
        remarks=[] if remarks is None else remarks,
    )
    return _records(file, _reader(file.path, filename))


def _reader(path: Path, name: str) -> Reader:
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        raise UnsupportedFormat(f"{name}: {unknown_kind(path)}")
    return reader


def _folder(root: Path, source_file: Callable[..., SourceFile]) -> Records:
    for entry in files_below(root):
        if isinstance(entry, ReadFailure):
            yield entry
        elif reader := FORMATS.get(entry.suffix.lower()):
            yield from _records(source_file(path=entry), reader)
        else:
            yield ReadFailure(uri=entry.as_uri(), reason=unknown_kind(entry))


def _records(file: SourceFile, reader: Reader) -> Records:
    try:
        yield from reader(file)
    except UnreadableDocument as error:
        yield ReadFailure(uri=file.uri, reason=str(error))


def unknown_kind(path: Path) -> str:
    """Return why a file of a kind that is not known is not read, or a picture without OCR."""
    if path.suffix.lower() in PICTURES:
        return "holds no text without OCR; WHETSTONE_OCR=true reads pictures"
    ending = f"files that end in {path.suffix!r}" if path.suffix else "files without an ending"
    return f"there is no reader for {ending}; known are {', '.join(FORMATS)}"
