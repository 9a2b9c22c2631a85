"""Embeddings in one SQLite file, by encoder and text. Rebuildable: deleting the file loses time, no data."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from rag.errors import DimensionMismatch, Unavailable
from rag.ports import EmbeddingCache, Vectors

_IDS_AT_ONCE = 500  # SQLite takes 999 parameters in old builds
_BUSY_S = 60.0


class SqliteEmbeddingCache(EmbeddingCache):
    """An `EmbeddingCache` that threads and processes may share; each call opens its own connection."""

    def __init__(self, path: Path) -> None:
        """Keep the embeddings in the file `path`, made when it is first needed."""
        self._file = CacheFile(
            path,
            "embeddings (encoder TEXT NOT NULL, text_hash TEXT NOT NULL, vector BLOB NOT NULL, "
            "PRIMARY KEY (encoder, text_hash))",
        )

    @override
    def get(self, encoder: str, text_hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        known: dict[str, NDArray[np.float32]] = {}
        with self._file.open() as connection:
            for start in range(0, len(text_hashes), _IDS_AT_ONCE):
                some = text_hashes[start : start + _IDS_AT_ONCE]
                rows = connection.execute(
                    "SELECT text_hash, vector FROM embeddings WHERE encoder = ? "
                    f"AND text_hash IN ({','.join('?' * len(some))})",
                    (encoder, *some),
                )
                known.update((text_hash, np.frombuffer(vector, dtype="<f4")) for text_hash, vector in rows)
        return known

    @override
    def put(self, encoder: str, text_hashes: Sequence[str], vectors: Vectors) -> None:
        if len(text_hashes) != len(vectors):
            raise DimensionMismatch(
                f"Expected {len(text_hashes)} vectors, one for every text; got {len(vectors)}."
            )
        rows = np.asarray(vectors, dtype="<f4")
        with self._file.open() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)",
                (
                    (encoder, text_hash, row.tobytes())
                    for text_hash, row in zip(text_hashes, rows, strict=True)
                ),
            )

    @override
    def drop(self, encoder: str) -> None:
        with self._file.open() as connection:
            connection.execute("DELETE FROM embeddings WHERE encoder = ?", (encoder,))


class CacheFile:
    """One table in one rebuildable SQLite file that threads and processes may share; each use opens a connection."""

    def __init__(self, path: Path, table: str) -> None:
        """Keep rows in the file `path`, made when it is not there; `table` is its name and columns, in SQL."""
        self._path = path
        self._table = table
        self._making = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Yield a new connection, whose changes are committed at the end; Unavailable where the file cannot be used."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_BUSY_S)) as connection:
                connection.execute("PRAGMA synchronous = NORMAL")
                with self._making:
                    # Each time, a tenth of a millisecond: the file may have been deleted.
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.execute(f"CREATE TABLE IF NOT EXISTS {self._table}")
                with connection:
                    yield connection
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(
                f"The cache {self._path} cannot be used: {error}. It may be deleted: what it held is made anew."
            ) from error
