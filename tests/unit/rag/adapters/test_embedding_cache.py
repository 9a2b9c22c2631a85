"""The embedding cache: one file, many readers and writers."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.errors import DimensionMismatch, Unavailable


@pytest.fixture
def cache(tmp_path: Path) -> SqliteEmbeddingCache:
    """An empty cache."""
    return SqliteEmbeddingCache(tmp_path / "home" / "embeddings.sqlite")


def rows(count: int, dimension: int = 4) -> np.ndarray:
    """Random float32 rows."""
    return np.random.default_rng(3).normal(size=(count, dimension)).astype(np.float32)


def test_what_is_put_is_got(cache: SqliteEmbeddingCache) -> None:
    """Vectors come back bit for bit, unknown hashes are left out, and batches may be large."""
    vectors = rows(2500)
    hashes = [f"h{i}" for i in range(2500)]
    cache.put("e", hashes, vectors)

    got = cache.get("e", [*hashes, "unknown"])

    assert set(hashes) == set(got)
    assert np.array_equal(vectors, np.stack([got[h] for h in hashes]))
    assert {} == cache.get("e", [])


def test_encoders_are_kept_apart(cache: SqliteEmbeddingCache) -> None:
    """The same text has another vector in another encoder, and dropping one leaves the other."""
    first, second = rows(2)
    cache.put("a", ["h"], first[None])
    cache.put("b", ["h"], second[None])

    cache.drop("a")

    assert {} == cache.get("a", ["h"])
    assert np.array_equal(second, cache.get("b", ["h"])["h"])


def test_put_replaces(cache: SqliteEmbeddingCache) -> None:
    """A second vector for the same text takes the place of the first."""
    first, second = rows(2)
    cache.put("e", ["h"], first[None])
    cache.put("e", ["h"], second[None])

    assert np.array_equal(second, cache.get("e", ["h"])["h"])


def test_one_vector_a_text(cache: SqliteEmbeddingCache) -> None:
    """Hashes and vectors must pair up."""
    with pytest.raises(DimensionMismatch, match="Expected 2 vectors"):
        cache.put("e", ["a", "b"], rows(3))


def test_a_file_deleted_under_a_process_is_made_anew(cache: SqliteEmbeddingCache, tmp_path: Path) -> None:
    """Deleting it loses what it held, and nothing else."""
    cache.put("e", ["h"], rows(1))
    for file in (tmp_path / "home").iterdir():
        file.unlink()

    assert {} == cache.get("e", ["h"])
    cache.put("e", ["h"], rows(1))
    assert {"h"} == set(cache.get("e", ["h"]))


def test_a_damaged_file_is_named(cache: SqliteEmbeddingCache, tmp_path: Path) -> None:
    """The error says which file it is, and that it may be deleted."""
    file = tmp_path / "home" / "embeddings.sqlite"
    file.parent.mkdir()
    file.write_text("no database " * 100)

    with pytest.raises(Unavailable, match=r"embeddings\.sqlite.*deleted"):
        cache.get("e", ["h"])


def test_threads_and_processes_share_the_file(tmp_path: Path) -> None:
    """Two processes and many threads that start at once on a new file all write and read."""
    path = tmp_path / "embeddings.sqlite"
    script = (
        "import sys, numpy as np; from pathlib import Path; "
        "from rag.adapters.embedding_cache import SqliteEmbeddingCache as C; c = C(Path(sys.argv[1])); "
        "[c.put('e', [f'{sys.argv[2]}-{i}'], np.ones((1, 4), np.float32)) for i in range(50)]"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n)]) for n in range(2)]
    cache = SqliteEmbeddingCache(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: cache.put("e", [f"t-{i}"], rows(1)), range(200)))

    assert [0, 0] == [process.wait(timeout=60) for process in processes]
    wanted = [f"{n}-{i}" for n in range(2) for i in range(50)] + [f"t-{i}" for i in range(200)]
    assert set(wanted) == set(cache.get("e", wanted))
