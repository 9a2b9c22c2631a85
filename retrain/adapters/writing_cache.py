"""What a language model wrote, in one SQLite file. Rebuildable: deleting the file costs the calls, no data."""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from rag.errors import Unavailable
from retrain.domain import Written

_BUSY_S = 60.0


class SqliteWritingCache:
    """A `WritingCache` that threads and processes may share; each call opens its own connection."""

    def __init__(self, path: Path) -> None:
        """Keep what was written in the file `path`, made when it is first needed."""
        self._path = path
        self._made = False
        self._making = threading.Lock()

    def get(self, key: str) -> Written | None:
        """Return what was written; None where it was not."""
        with closing(self._connect()) as connection:
            row = connection.execute("SELECT texts, tokens FROM written WHERE key = ?", (key,)).fetchone()
        return Written(texts=tuple(json.loads(row[0])), tokens=row[1]) if row else None

    def put(self, key: str, written: Written) -> None:
        """Keep what was written; on return it survives the process."""
        row = (key, json.dumps(written.texts), written.tokens)
        with closing(self._connect()) as connection, connection:
            connection.execute("INSERT OR REPLACE INTO written VALUES (?, ?, ?)", row)

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(self._path, timeout=_BUSY_S)
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"What the language model wrote cannot be kept in {self._path}: {error}."
            ) from error
        connection.execute("PRAGMA synchronous = NORMAL")
        with self._making:
            if not self._made:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS written "
                    "(key TEXT PRIMARY KEY, texts TEXT NOT NULL, tokens INTEGER NOT NULL)"
                )
                self._made = True
        return connection
