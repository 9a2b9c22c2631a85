"""Records become documents: their text, their title, and what they are filed under."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.tables.naming import TEXT, Columns, columns_of, no_field
from rag.domain import Document, Value, metadata_of, scalars, written
from rag.domain.metadata import MAX_METADATA, MAX_NAME, MAX_NAMES, MAX_VALUE
from rag.errors import UnreadableDocument
from rag.library.documents import FieldNames, ReadFailure

_DEEPEST = 8  # records inside records whose fields get names of their own; deeper ones are written as JSON


class Content(TypedDict):
    """What a document is made of, beside its name."""

    text: str
    title: str
    metadata: dict[str, Value]
    unread: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One record of a table, as it was found."""

    place: str  # line 3, row 2: for a person
    number: str  # row-2: its id where it has none of its own
    fields: Any  # name -> value; or anything else, which is no record
    common: Mapping[str, Any] = field(default_factory=dict)  # what the file says of all its records
    within: str = ""  # where a file holds several lists: this one's name
    extend: Callable[[str], str] = str  # puts into the text what belongs to no field
    unread: tuple[str, ...] = ()  # what is amiss with it, though it is read


def documents(
    file: SourceFile, records: Iterator[Record | ReadFailure], columns: Columns | None = None
) -> Records:
    """Yield a document for each record, and a failure for each that is none.

    `columns` says what the fields of all of them mean; else each record tells by its own. A record whose id cannot be
    told fails under the file's own uri, so that pruning touches nothing in it.

    Raises:
        UnreadableDocument: there are no records.
    """
    seen: set[str] = set()
    empty = unremarked = True
    meanings = _Meanings(file.fields)
    for record in records:
        empty = False
        if isinstance(record, ReadFailure):
            yield record
        elif not isinstance(record.fields, Mapping):
            reason = f"{record.place} holds {_kind(record.fields)}, not a record with named fields"
            yield ReadFailure(uri=file.uri, reason=reason)
        else:
            meant = columns or meanings.of(record.fields)
            if unremarked:
                file.remarks.extend(_taken(record.fields, meant, file.fields))
                unremarked = False
            made = _document(file, record, meant)
            if made.uri in seen:
                reason = f"{record.place} has the {meant.id!r} of an earlier record; the first was kept"
                made = ReadFailure(uri=made.uri, reason=reason)
            seen.add(made.uri)
            yield made
    if empty:
        raise UnreadableDocument("holds no records")


def first_tells(
    told: Sequence[str], records: Iterator[Record] | Iterator[Record | ReadFailure]
) -> Iterator[Record | ReadFailure]:
    """Yield the records, the first of them with what is to be told of the whole file."""
    for record in records:
        if told and isinstance(record, Record):
            record = replace(record, unread=(*told, *record.unread))
            told = ()
        yield record


class _Meanings:
    """What the fields of records mean that need not have the same ones."""

    def __init__(self, asked: FieldNames) -> None:
        self._asked = asked
        self._text: str | None = None  # of the records before
        self._names: tuple[str, ...] | None = None
        self._columns = Columns(id=None, title=None, text=None)

    def of(self, fields: Mapping[str, Any]) -> Columns:
        """Return what the fields of this one mean. Among records with texts, one without is its title."""
        names = tuple(fields)
        if names != self._names:
            self._names, self._columns = names, columns_of(names, self._asked)
        columns = self._columns
        if columns.text is not None:
            self._text = columns.text
        elif self._text is not None and scalar(fields.get(columns.title or "")):
            return replace(columns, text=self._text)
        return columns


def _taken(fields: Mapping[str, Any], columns: Columns, asked: FieldNames) -> Iterator[str]:
    """Yield what the fields were taken for, where none is called text and none was asked for."""
    if asked.text is None and columns.text is None:
        yield (
            f"no field is called text: each record is read with all its fields, {quoted(list(fields))}; "
            "--text-field names one for the text"
        )
    elif asked.text is None and (columns.text or "").casefold() != TEXT:
        title = f" and {columns.title!r} for the title" if columns.title and asked.title is None else ""
        yield f"took the field {columns.text!r} for the text{title}; --text-field and --title-field name others"


def _document(file: SourceFile, record: Record, columns: Columns) -> Document | ReadFailure:
    own_id = scalar(record.fields.get(columns.id)) or record.number
    record_id = f"{record.within}/{own_id}" if record.within else own_id
    try:
        made = file.document(**content_of(record, columns, file.fields), record=record_id)
    except UnreadableDocument as error:
        reason = "; ".join((*record.unread, f"{record.place} {error}"))
        return ReadFailure(uri=file.uri_of(record_id), reason=reason)
    return made if isinstance(made, Document) else replace(made, reason=f"{record.place} {made.reason}")


def content_of(record: Record, columns: Columns, asked: FieldNames) -> Content:
    """Return what a record's document holds.

    Raises:
        UnreadableDocument: it has no text.
    """
    fields = record.fields
    title = scalar(fields.get(columns.title))
    text, columns = _text(record, columns, asked, title)
    if columns.text is None:
        title = title or next(
            (each for name in fields if name != columns.id and (each := scalar(fields[name]))), ""
        )
    metadata, left_out = _metadata(record, columns)
    unread = (*record.unread, *(f"{record.place} {what}" for what in left_out))
    return Content(text=text, title=title, metadata=metadata, unread=unread)


def _text(record: Record, columns: Columns, asked: FieldNames, title: str) -> tuple[str, Columns]:
    """Return a record's text, and what its fields mean: other than was thought where the text is none.

    Raises:
        UnreadableDocument: there is none.
    """
    fields, name = record.fields, columns.text
    text = None if name is None else fields.get(name)
    if isinstance(text, list) and all(isinstance(each, str) for each in text):
        text = "\n\n".join(text)
    guessed = asked.text is None and (name or "").casefold() != TEXT
    if name is None or (guessed and not isinstance(text, str | None)):
        return record.extend("\n".join(_lines(fields))), replace(columns, text=None)
    if text is not None and not isinstance(text, str):
        raise UnreadableDocument(f"holds {_kind(text)} in the field {name!r}, not text")
    text = record.extend(text or "")
    if text.strip():
        return text, columns
    if name not in fields and (asked.text or not title) and not record.unread:
        raise UnreadableDocument(no_field(name, "text", fields))
    # A title alone says something too: a decision, a headline, a notice.
    if not title:
        raise UnreadableDocument("holds no text")
    return title, columns


def _metadata(record: Record, columns: Columns) -> tuple[dict[str, Value], list[str]]:
    """Return what a record is filed under, and what of it is more than metadata holds.

    Where the whole record is its text nothing is lost by leaving out what is too much. A single value that is too
    much is left to whoever makes the document, and fails there.
    """
    whole = columns.text is None
    named = {columns.id} if whole else {columns.id, columns.title, columns.text}
    # An id or a title that is a list or a record is neither, and is kept as what it is.
    named -= {
        each for each in (columns.id, columns.title) if isinstance(record.fields.get(each), list | dict)
    }
    kept: dict[str, Value] = {}
    left_out: list[str] = []
    size = 0
    for name, value in (*record.fields.items(), *record.common.items()):
        if name in named:
            continue
        optional = name in record.common or isinstance(value, list | dict)
        flat = {inner: one for inner, one in _flat(name, value).items() if one != ""}
        sizes = [sum(len(written(each)) for each in scalars(one)) for one in flat.values()]
        length = sum(map(len, flat)) + sum(sizes)
        fits = (
            len(kept) + len(flat) <= MAX_NAMES
            and size + length <= MAX_METADATA
            and max(sizes, default=0) <= MAX_VALUE
            and max(map(len, flat), default=0) <= MAX_NAME
        )
        if fits or not (whole or optional):
            kept |= flat
            size += length
        elif not whole or name in record.common:
            left_out.append(f"has more in the field {name!r} than is kept as metadata; it was left out")
    return kept, left_out


def _flat(name: str, value: Any) -> dict[str, Value]:
    """Return a field's values by their names: those of a record inside are called place.city."""
    found: dict[str, list[Any]] = {}
    several: set[str] = set()

    def gather(name: str, value: Any, deep: int) -> None:
        if isinstance(value, list | dict) and deep >= _DEEPEST:
            value = json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            for inner, one in value.items():
                gather(f"{name}.{inner}", one, deep + 1)
        elif isinstance(value, list):
            for one in value:
                gather(name, one, deep + 1)
            several.add(name)
        else:
            found.setdefault(name, []).append(value.strip() if isinstance(value, str) else value)

    gather(name, value, 0)
    given = {
        inner: values if len(values) > 1 or inner in several or name in several else values[0]
        for inner, values in found.items()
    }
    return {inner: one for inner, one in metadata_of(given).items() if one != ()}


def _lines(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each field that says something: its name, and what it holds."""
    for name, value in fields.items():
        yield from _lines_of(name, value, 0)


def _lines_of(name: str, value: Any, deep: int) -> Iterator[str]:
    """Yield a field's lines; records inside it one after the other, each with all its fields."""
    inside: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        inside = ((f"{name}.{inner}", one) for inner, one in value.items())
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        inside = ((name, one) for one in value)
    else:
        found = (one for each in _flat(name, value).values() for one in scalars(each))
        if text := ", ".join(filter(None, map(written, found))):
            yield f"{name}: {text}"
    for inner, one in inside:
        if deep + 1 >= _DEEPEST and isinstance(one, list | dict):
            one = json.dumps(one, ensure_ascii=False)
        yield from _lines_of(inner, one, deep + 1)


def scalar(value: Any) -> str:
    """Return a string, a number or a truth value as text; empty for anything else."""
    if isinstance(value, bool):
        return written(value)
    return str(value).strip() if metadata_of({"": value}) and isinstance(value, str | int | float) else ""


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "a truth value", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "a list" if isinstance(value, list) else "a record")


def quoted(cells: Sequence[str], *, most: int = 3, longest: int = 60) -> str:
    """Return some cells for a person: the first ones, none of them very long."""
    shown = [repr(cell if len(cell) <= longest else cell[: longest - 1] + "…") for cell in cells[:most]]
    return ", ".join(shown) + (f" and {len(cells) - most:,} others" if len(cells) > most else "")
