"""What a language model wrote, in one SQLite file. Rebuildable: deleting the file costs the calls, no data."""

import json
from pathlib import Path

from typing_extensions import override

from rag.adapters.embedding_cache import CacheFile
from retrain.domain import Written
from retrain.ports import WritingCache


class SqliteWritingCache(WritingCache):
    """Keeps what was written in a file."""

    def __init__(self, path: Path) -> None:
        """Keep what was written in the file `path`, made when it is first needed."""
        self._file = CacheFile(
            path, "written (key TEXT PRIMARY KEY, texts TEXT NOT NULL, tokens INTEGER NOT NULL)"
        )

    @override
    def get(self, key: str) -> Written | None:
        with self._file.open() as connection:
            row = connection.execute("SELECT texts, tokens FROM written WHERE key = ?", (key,)).fetchone()
        return Written(texts=tuple(json.loads(row[0])), tokens=row[1]) if row else None

    @override
    def put(self, key: str, written: Written) -> None:
        row = (key, json.dumps(written.texts), written.tokens)
        with self._file.open() as connection:
            connection.execute("INSERT OR REPLACE INTO written VALUES (?, ?, ?)", row)
