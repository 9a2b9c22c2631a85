"""What a language model wrote, in one SQLite file. Rebuildable: deleting the file costs the calls, no data."""

import json
from contextlib import closing
from pathlib import Path

from rag.adapters.embedding_cache import CacheFile
from retrain.domain import Written


class SqliteWritingCache:
    """A `WritingCache` that threads and processes may share."""

    def __init__(self, path: Path) -> None:
        """Keep what was written in the file `path`, made when it is first needed."""
        self._file = CacheFile(
            path, "written (key TEXT PRIMARY KEY, texts TEXT NOT NULL, tokens INTEGER NOT NULL)"
        )

    def get(self, key: str) -> Written | None:
        """Return what was written; None where it was not."""
        with closing(self._file.connect()) as connection:
            row = connection.execute("SELECT texts, tokens FROM written WHERE key = ?", (key,)).fetchone()
        return Written(texts=tuple(json.loads(row[0])), tokens=row[1]) if row else None

    def put(self, key: str, written: Written) -> None:
        """Keep what was written; on return it survives the process."""
        row = (key, json.dumps(written.texts), written.tokens)
        with closing(self._file.connect()) as connection, connection:
            connection.execute("INSERT OR REPLACE INTO written VALUES (?, ?, ?)", row)
