"""BEIR's corpus.jsonl: passages that labels point at, so none is divided."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.adapters.readers.files import Records, SourceFile, absolute, document_or_failure
from rag.adapters.readers.tables import parsed
from rag.adapters.readers.tables.naming import Columns
from rag.adapters.readers.tables.records import Record, content_of, scalar
from rag.domain import Document
from rag.errors import UnreadableDocument
from rag.library.documents import FieldNames, ReadFailure

CORPUS = "corpus.jsonl"
_COLUMNS = Columns(id="_id", title="title", text="text")


def uri_of(folder: Path, record_id: str) -> str:
    """Return the uri of a record; the folder's name stands for the data set wherever it lies."""
    return f"{_uri(folder)}/{record_id}"


def _uri(folder: Path) -> str:
    return f"beir:{absolute(folder).name}"


def read(file: SourceFile) -> Records:
    """Read the corpus. Fields beside ``_id``, ``title`` and ``text`` become metadata, and so do those in ``metadata``.

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
    uri = _uri(file.path.parent)
    try:
        record = parsed(line)
        fields = record if isinstance(record, dict) else {}
        record_id = record_id_of(fields.get("_id"))
        if not record_id:
            raise UnreadableDocument("has no '_id' that is a string or a whole number")
        uri = uri_of(file.path.parent, record_id)
        beside = fields.pop("metadata", None)
        common = beside if isinstance(beside, Mapping) else {} if beside is None else {"metadata": beside}
        given = Record(place=place, number="", fields=fields, common=_without(common, fields))
        made = document_or_failure(
            uri=uri,
            tenant=file.tenant,
            source=file.source,
            divisible=False,
            **content_of(given, _COLUMNS, FieldNames()),
        )
    except UnreadableDocument as error:
        return ReadFailure(uri=uri, reason=f"{place} {error}")
    return made if isinstance(made, Document) else ReadFailure(uri=made.uri, reason=f"{place} {made.reason}")


def record_id_of(value: Any) -> str:
    """Return an id as text, also where it is written as a whole number; empty where it is neither."""
    return scalar(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _without(common: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in common.items() if name not in fields}


def is_data_set(folder: Path) -> bool:
    """Tell whether the folder holds a BEIR corpus."""
    return (folder / CORPUS).is_file()
