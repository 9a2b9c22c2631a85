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
        # A table of its own: a file of before, which has none, is read all the same.
        self._faults = CacheFile(
            path, "faults (key TEXT PRIMARY KEY, dropped TEXT NOT NULL, repaired TEXT NOT NULL)"
        )

    @override
    def get(self, key: str) -> Written | None:
        with self._file.open() as connection:
            row = connection.execute("SELECT texts, tokens FROM written WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        with self._faults.open() as connection:
            faults = connection.execute(
                "SELECT dropped, repaired FROM faults WHERE key = ?", (key,)
            ).fetchone() or ("{}", "[]")
        dropped, repaired = map(json.loads, faults)
        return Written(
            texts=tuple(json.loads(row[0])), tokens=row[1], dropped=dropped, repaired=tuple(repaired)
        )

    @override
    def put(self, key: str, written: Written) -> None:
        if written.dropped or written.repaired:
            faults = (key, json.dumps(dict(written.dropped)), json.dumps(written.repaired))
            with self._faults.open() as connection:
                connection.execute("INSERT OR REPLACE INTO faults VALUES (?, ?, ?)", faults)
        row = (key, json.dumps(written.texts), written.tokens)
        with self._file.open() as connection:
            connection.execute("INSERT OR REPLACE INTO written VALUES (?, ?, ?)", row)
