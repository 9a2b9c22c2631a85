"""BEIR's corpus.jsonl: passages that labels point at, so none is divided."""

import json
from pathlib import Path

from rag.adapters.readers.files import Records, SourceFile, absolute, document_or_failure
from rag.domain import Document
from rag.errors import UnreadableDocument
from rag.library.documents import ReadFailure

CORPUS = "corpus.jsonl"


def uri_of(folder: Path, record_id: str) -> str:
    """Return the uri of a record; the folder's name stands for the data set wherever it lies."""
    return f"{_uri(folder)}/{record_id}"


def _uri(folder: Path) -> str:
    return f"beir:{absolute(folder).name}"


def read(file: SourceFile) -> Records:
    """Read the corpus. String fields beside ``_id``, ``title`` and ``text`` become metadata.

    A record whose id cannot be told fails under the data set's uri, so that pruning touches nothing in it.
    """
    folder = file.path.parent
    try:
        lines = file.read_text().split("\n")
    except UnreadableDocument as error:
        yield ReadFailure(uri=_uri(folder), reason=f"{file.path.name} {error}")
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _document(file, f"{file.path.name}:{number}", line)


def _document(file: SourceFile, place: str, line: str) -> Document | ReadFailure:
    folder = file.path.parent
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return ReadFailure(uri=_uri(folder), reason=f"{place} is not JSON: {error}")
    fields = record if isinstance(record, dict) else {}
    strings = {name: value for name, value in fields.items() if isinstance(value, str)}
    record_id = strings.pop("_id", "")
    if not record_id:
        return ReadFailure(uri=_uri(folder), reason=f"{place} has no '_id' that is a string")
    made = document_or_failure(
        uri=uri_of(folder, record_id),
        text=strings.pop("text", ""),
        title=strings.pop("title", ""),
        tenant=file.tenant,
        source=file.source,
        divisible=False,
        metadata=strings,
    )
    return made if isinstance(made, Document) else ReadFailure(uri=made.uri, reason=f"{place} {made.reason}")


def is_data_set(folder: Path) -> bool:
    """Tell whether the folder holds a BEIR corpus."""
    return (folder / CORPUS).is_file()
