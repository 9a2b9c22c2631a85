"""JSON and JSON lines: records with named fields."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from rag.adapters.encodings import Decoded
from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.tables.naming import columns_of, distinct
from rag.adapters.readers.tables.records import Record, documents, first_tells
from rag.errors import UnreadableDocument
from rag.library.documents import ReadFailure

_MOST_DIGITS = 100


def read_json(file: SourceFile) -> Records:
    """Read a JSON file: a list of records, one record, or a record that holds lists of records."""
    read = file.decoded()
    try:
        value = parsed(read.text)
    except UnreadableDocument:
        # Many programs write a record on each line and call the file so.
        if not _are_records(read.text.split("\n")):
            raise
        yield from _of_lines(file, read)
    else:
        yield from documents(file, first_tells(read.unread, _records(value, file)))


def read_jsonl(file: SourceFile) -> Records:
    """Read JSON lines: a record on each line."""
    yield from _of_lines(file, file.decoded())


def _of_lines(file: SourceFile, read: Decoded) -> Records:
    lines = enumerate(read.text.split("\n"), start=1)
    records = (_line(file, number, line) for number, line in lines if line.strip())
    yield from documents(file, first_tells(read.unread, records))


def _are_records(lines: Sequence[str]) -> bool:
    """Tell whether the first two lines that are not blank are records."""
    first = list(islice(filter(str.strip, lines), 2))
    with suppress(UnreadableDocument):
        return len(first) > 1 and all(isinstance(parsed(line), dict) for line in first)
    return False


def parsed(text: str) -> Any:
    """Return a JSON value; of a record that names a field twice, the second under a name of its own.

    Raises:
        UnreadableDocument: it is none.
    """
    try:
        return json.loads(text, object_pairs_hook=_record, parse_int=_whole)
    except RecursionError:
        raise UnreadableDocument("is not JSON that can be read: nested too deeply") from None
    except ValueError as error:
        raise UnreadableDocument(f"is not JSON: {error}") from error


def _whole(digits: str) -> int | str:
    # Python makes no number of thousands of digits.
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) == len(pairs) and all(map(str.strip, record)):
        return record
    return dict(zip(distinct(name for name, _ in pairs), (value for _, value in pairs), strict=True))


def _line(file: SourceFile, number: int, line: str) -> Record | ReadFailure:
    place = f"line {number}"
    try:
        return Record(place=place, number=f"line-{number}", fields=parsed(line))
    except UnreadableDocument as error:
        return ReadFailure(uri=file.uri, reason=f"{place} {error}")


def _records(value: Any, file: SourceFile) -> Iterator[Record]:
    if isinstance(value, dict) and _are_named(value, file):
        for number, (name, one) in enumerate(value.items(), start=1):
            yield Record(place=f"row {number}", number=name, fields=one)
        return
    lists = _lists(value, file) if isinstance(value, dict) else {}
    if not lists:
        yield from _numbered(value if isinstance(value, list) else [value])
        return
    # What stands beside the lists is said of all their records.
    beside = {name: one for name, one in value.items() if name not in lists}
    for name, records in lists.items():
        for record in _numbered(records, within=name if len(lists) > 1 else ""):
            common = {each: one for each, one in beside.items() if each not in record.fields}
            yield replace(record, common=common)


def _are_named(value: dict[str, Any], file: SourceFile) -> bool:
    """Tell whether a record is none itself: each of its fields is a record with a text, called by the field's name."""
    return len(value) > 1 and all(
        isinstance(one, dict) and columns_of(one, file.fields).text in one for one in value.values()
    )


def _lists(value: dict[str, Any], file: SourceFile) -> dict[str, list[Any]]:
    """Return the lists of records that a record holds, unless it has a text of its own."""
    columns = columns_of(value, file.fields)
    if columns.text in value:
        return {}
    return {
        name: one
        for name, one in value.items()
        if isinstance(one, list) and one and all(isinstance(each, dict) for each in one)
    }


def _numbered(records: list[Any], within: str = "") -> Iterator[Record]:
    for number, record in enumerate(records, start=1):
        place = f"row {number} of {within!r}" if within else f"row {number}"
        yield Record(place=place, number=f"row-{number}", fields=record, within=within)
