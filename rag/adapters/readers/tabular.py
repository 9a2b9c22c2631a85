"""CSV, TSV, JSON and JSON lines: one document for each record."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from rag.adapters.readers.files import Records, SourceFile
from rag.domain import Document
from rag.errors import UnreadableDocument
from rag.library.documents import ReadFailure

_NAMED = 20  # fields listed in a failure


def read_csv(file: SourceFile) -> Records:
    """Read a CSV or TSV file; its first line names the fields. Comma, semicolon and tab are told apart."""
    text = file.read_text()
    # A text longer than the module's 128 KiB is no mistake here; the file's size is limited already.
    csv.field_size_limit(max(csv.field_size_limit(), file.max_bytes))
    delimiters = "\t" if file.path.suffix.lower() == ".tsv" else ",;\t"
    try:
        headers = {mark: next(csv.reader(io.StringIO(text), delimiter=mark), []) for mark in delimiters}
        delimiter = max(headers, key=lambda mark: (file.fields.text in headers[mark], len(headers[mark])))
        if not headers[delimiter]:
            raise UnreadableDocument("holds no text")
        if file.fields.text not in headers[delimiter]:
            raise UnreadableDocument(_no_field("line 1", file.fields.text, headers[delimiter]))
        header, *records = filter(None, csv.reader(io.StringIO(text), delimiter=delimiter))
        # A short row has the fields it has: filled up with empty ones, a wide header would make many of few bytes.
        rows = [
            (f"row {number}", dict(zip(header, record, strict=False)))
            for number, record in enumerate(records, start=1)
        ]
    except csv.Error as error:
        raise UnreadableDocument(f"is not a CSV file that can be read: {error}") from error
    yield from _documents(file, iter(rows))


def read_json(file: SourceFile) -> Records:
    """Read a JSON file: a list of records, or one record."""
    value = _parsed(file.read_text())
    if isinstance(value, ReadFailure):
        raise UnreadableDocument(value.reason)
    records = value if isinstance(value, list) else [value]
    yield from _documents(file, ((f"row {number}", record) for number, record in enumerate(records, start=1)))


def read_jsonl(file: SourceFile) -> Records:
    """Read JSON lines: a record on each line."""
    lines = file.read_text().split("\n")
    yield from _documents(
        file,
        ((f"line {number}", _parsed(line)) for number, line in enumerate(lines, start=1) if line.strip()),
    )


def _parsed(text: str) -> Any:
    """Return the JSON value, or a ReadFailure without uri where it is none."""
    try:
        return json.loads(text)
    except RecursionError:
        return ReadFailure(uri="", reason="is not JSON that can be read: nested too deeply")
    except ValueError as error:
        return ReadFailure(uri="", reason=f"is not JSON: {error}")


def _documents(file: SourceFile, records: Iterator[tuple[str, Any]]) -> Records:
    """Turn (place, record) into documents; a place is "row 3" or "line 3".

    A record whose id cannot be told fails under the file's own uri, so that pruning touches nothing in it.
    """
    seen: set[str] = set()
    empty = True
    for place, record in records:
        empty = False
        if isinstance(record, ReadFailure):
            yield ReadFailure(uri=file.uri, reason=f"{place} {record.reason}")
        elif not isinstance(record, Mapping):
            reason = f"{place} holds {_kind(record)}, not a record with named fields"
            yield ReadFailure(uri=file.uri, reason=reason)
        else:
            made = _document(file, place, record)
            if made.uri in seen:
                reason = f"{place} has the {file.fields.id!r} of an earlier record; the first was kept"
                made = ReadFailure(uri=made.uri, reason=reason)
            seen.add(made.uri)
            yield made
    if empty:
        raise UnreadableDocument("holds no records")


def _document(file: SourceFile, place: str, record: Mapping[str, Any]) -> Document | ReadFailure:
    fields = file.fields
    record_id = _scalar(record.get(fields.id)).strip() or place.replace(" ", "-")
    uri = file.uri_of(record_id)
    text = record.get(fields.text)
    if text is None:
        return ReadFailure(uri=uri, reason=_no_field(place, fields.text, record))
    if not isinstance(text, str):
        reason = f"{place} holds {_kind(text)} in the field {fields.text!r}, not text"
        return ReadFailure(uri=uri, reason=reason)
    others = {
        name: _scalar(value)
        for name, value in record.items()
        if name not in (fields.id, fields.title, fields.text)
    }
    made = file.document(
        text=text,
        title=_scalar(record.get(fields.title)),
        record=record_id,
        metadata={name: value for name, value in others.items() if value},
    )
    return made if isinstance(made, Document) else ReadFailure(uri=uri, reason=f"{place} {made.reason}")


def _scalar(value: Any) -> str:
    """Write a string, number or truth value; lists and records have no place in metadata."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def _no_field(place: str, name: str, found: Mapping[str, Any] | list[str]) -> str:
    listed = ", ".join(map(repr, islice(found, _NAMED))) or "none"
    if len(found) > _NAMED:
        listed += f" and {len(found) - _NAMED:,} others"
    return f"{place} has no field {name!r} for the text; the fields found are {listed}"


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "a truth value", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "a list" if isinstance(value, list) else "a record")
