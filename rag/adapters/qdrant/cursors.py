"""How far the index in each folder has come, kept in that folder.

Not in SQL: replicas on one database each have folders of their own, and one that was away is behind the others. Nor
is a folder of use beside a database that was set back: its cursor holds as long as the log has the change it names.
"""

import json
import os
from pathlib import Path
from typing import Any

from typing_extensions import override

from rag.errors import Unavailable
from rag.ports import DocumentStore, IndexCursors

_FILE = "cursor.json"
_NOTHING: dict[str, Any] = {"seq": None, "backfill": None, "change": None}
_FROM_THE_BEGINNING = _NOTHING | {"seq": 0}  # of the log, which brings every document to its present state


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
        seq: int | None = self._read(index)["seq"]
        return seq

    @override
    def set_cursor(self, index: str, seq: int) -> None:
        self._write(index, self._read(index) | {"seq": seq, "change": self._change(seq)})

    @override
    def backfill(self, index: str) -> str | None:
        document_id: str | None = self._read(index)["backfill"]
        return document_id

    @override
    def set_backfill(self, index: str, document_id: str | None) -> None:
        self._write(index, self._read(index) | {"backfill": document_id})

    @override
    def forget(self, index: str) -> None:
        if (self._root / index).is_dir():
            self._write(index, _NOTHING)

    def _read(self, index: str) -> dict[str, Any]:
        folder = self._root / index
        try:
            known: dict[str, Any] = json.loads((folder / _FILE).read_text())
            return known if known["change"] == self._change(known["seq"]) else _FROM_THE_BEGINNING
        except FileNotFoundError:
            if not folder.is_dir():
                return _NOTHING
        except ValueError:
            return _FROM_THE_BEGINNING
        if self._before is None:
            return _FROM_THE_BEGINNING
        return _NOTHING | {"seq": self._before.cursor(index), "backfill": self._before.backfill(index)}

    def _change(self, seq: int | None) -> str | None:
        """Return what tells a change from the one of that number in another log."""
        changes = self._documents.changes(after=seq - 1, limit=1) if seq else ()
        return f"{changes[0].at.isoformat()} {changes[0].document_id}" if changes else None

    def _write(self, index: str, known: dict[str, Any]) -> None:
        try:
            write_cursor(self._root / index, known)
        except OSError as error:
            raise Unavailable(
                f"How far the index {index} has come cannot be written to its folder: {error.strerror or error}."
            ) from error


def write_cursor(folder: Path, known: dict[str, Any] = _NOTHING) -> None:
    """Write how far the index in a folder has come; by default that it is empty."""
    write_whole(folder / _FILE, known)


def write_whole(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file that is either as before or as given, also after a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w") as file:
        file.write(json.dumps(content) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
