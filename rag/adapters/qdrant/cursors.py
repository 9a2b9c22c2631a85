"""How far the index in each folder has come, kept in that folder.

Not in SQL: replicas on one database each have folders of their own, and one that was away is behind the others. Nor
is a folder of use beside a database that was set back: its cursor holds as long as the log has the change it names.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict, override

from rag.errors import Unavailable
from rag.ports import DocumentStore, IndexCursors


class Cursor(TypedDict):
    """How far an index has come."""

    seq: Annotated[int, Field(ge=0, lt=2**63)] | None  # number of the last change applied
    backfill: str | None  # the last document of a backfill under way
    change: str | None  # what tells that change from one of its number in another log


_FILE = "cursor.json"
_NOTHING = Cursor(seq=None, backfill=None, change=None)
_FROM_THE_BEGINNING = Cursor(seq=0, backfill=None, change=None)  # brings every document to its present state
_Cursor = TypeAdapter(Cursor)


class FolderCursors(IndexCursors):
    """An `IndexCursors` over the folders of `QdrantFolders`; of a folder that is not there nothing is known."""

    def __init__(self, root: Path, documents: DocumentStore, before: IndexCursors | None = None) -> None:
        """Read and write in root/<index name>/; the documents' store has the change log.

        `before` knows the folders that version 0.2 filled; without it the change log is applied to them anew.
        """
        self._root = root
        self._documents = documents
        self._before = before

    @override
    def cursor(self, index: str) -> int | None:
        return self._read(index)["seq"]

    @override
    def set_cursor(self, index: str, seq: int) -> None:
        self._write(index, self._read(index) | {"seq": seq, "change": self._change(seq)})

    @override
    def backfill(self, index: str) -> str | None:
        return self._read(index)["backfill"]

    @override
    def set_backfill(self, index: str, document_id: str | None) -> None:
        self._write(index, self._read(index) | {"backfill": document_id})

    @override
    def forget(self, index: str) -> None:
        if (self._root / index).is_dir():
            self._write(index, _NOTHING)

    def _read(self, index: str) -> Cursor:
        folder = self._root / index
        try:
            known = _Cursor.validate_json((folder / _FILE).read_bytes())
            return known if known["change"] == self._change(known["seq"]) else _FROM_THE_BEGINNING
        except FileNotFoundError:
            if not folder.is_dir():
                return _NOTHING
        except (ValueError, IsADirectoryError):
            return _FROM_THE_BEGINNING
        except OSError as error:
            raise Unavailable(f"{folder / _FILE} cannot be read: {error.strerror}") from error
        if self._before is None:
            return _FROM_THE_BEGINNING
        return _NOTHING | {"seq": self._before.cursor(index), "backfill": self._before.backfill(index)}

    def _change(self, seq: int | None) -> str | None:
        """Return what tells a change from the one of that number in another log."""
        changes = self._documents.changes(after=seq - 1, limit=1) if seq else ()
        return f"{changes[0].at.isoformat()} {changes[0].document_id}" if changes else None

    def _write(self, index: str, known: Cursor) -> None:
        try:
            write_cursor(self._root / index, known)
        except OSError as error:
            raise Unavailable(
                f"How far the index {index} has come cannot be written to its folder: {error.strerror or error}."
            ) from error


def write_cursor(folder: Path, known: Cursor = _NOTHING) -> None:
    """Write how far the index in a folder has come; by default that it is empty."""
    write_whole(folder / _FILE, known)


def write_whole(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that is either as before or as given, also after a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w") as file:
        file.write(json.dumps(content) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
