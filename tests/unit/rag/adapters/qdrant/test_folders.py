"""Folders of the embedded index: who holds them, what survives, what counts as one.

The rest is in the contract tests.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from rag.adapters.qdrant import QdrantFolders
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.errors import DimensionMismatch, IndexLocked, IntegrityError, NotFound
from rag.ports import Vectors

DIMENSION = 16


def a_release(dense_weight: float = 0.5, dimension: int = DIMENSION) -> Release:
    """A release with the same encoder each time."""
    retrieval = Retrieval(dense_weight=dense_weight)
    return Release.create(encoder="e" * 64, dimension=dimension, chunking=Chunking(), retrieval=retrieval)


def some_passages(count: int, tenant: str = "default", uri: str = "a.txt") -> list[Passage]:
    """The passages of one document."""
    document = Document.create(uri=uri, text="text", tenant=tenant)
    return [Passage.create(document, i, f"passage number {i} of many") for i in range(count)]


def some_vectors(count: int, dimension: int = DIMENSION, seed: int = 1) -> Vectors:
    """Random rows of unit length."""
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


HOLDER = """
import sys
from pathlib import Path
from rag.adapters.qdrant import QdrantFolders
from rag.domain import Chunking, Release, Retrieval
retrieval = Retrieval(dense_weight=0.5)
release = Release.create(encoder="e" * 64, dimension=16, chunking=Chunking(), retrieval=retrieval)
index = QdrantFolders(Path(sys.argv[1])).open(release, create=True)
print("open", flush=True)
"""

WRITER = (
    HOLDER
    + """
import numpy as np
from rag.domain import Document, Passage
for number in range(100_000):
    document = Document.create(uri=f"{number}.txt", text="text")
    passages = [Passage.create(document, i, f"passage {i} of {number}") for i in range(20)]
    index.upsert(passages, np.full((20, 16), 0.25, np.float32))
    if number % 3 == 2:
        gone = Document.id_for("default", f"{number - 1}.txt")
        print("deleting", gone, flush=True)
        index.delete_documents([gone])
        print("deleted", gone, flush=True)
    print("written", document.id, flush=True)
"""
)


def test_a_folder_has_one_process_at_a_time(tmp_path: Path) -> None:
    """While another process holds a folder it is locked, with the way out; when that is killed, it is free."""
    release, store = a_release(), QdrantFolders(tmp_path)
    code = HOLDER + "sys.stdin.read()"
    arguments = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert "open" == holder.stdout.readline().strip()
        for attempt in (lambda: store.open(release), lambda: store.drop(release.index_name)):
            with pytest.raises(IndexLocked, match=rf"{release.index_name}.*WHETSTONE_QDRANT_URL"):
                attempt()
        holder.kill()
        holder.wait()

    store.open(release).close()
    store.drop(release.index_name)
    assert frozenset() == store.names()


@pytest.mark.parametrize("lines", [3, 17, 40])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, lines: int) -> None:
    """A writer is killed at any moment: what it said it wrote is there, what it said it deleted is not."""
    release, store = a_release(), QdrantFolders(tmp_path)
    arguments = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline().split() for _ in range(lines)]
        time.sleep(0.01)
        writer.kill()
        said += [line.split() for line in writer.stdout if line.endswith("\n")]
    deleted = {words[1] for words in said if words[0] == "deleted"}
    doomed = {words[1] for words in said if words[0] == "deleting"}
    written = {words[1] for words in said if words[0] == "written"} - doomed

    index = store.open(release)
    found = index.search(np.full(16, 0.25, np.float32), tenant="default", limit=100_000, text="passage 7")
    index.close()

    present = [each.passage.document_id for each in found]
    assert all(20 == present.count(document) for document in written)
    assert not deleted & set(present)


def test_a_folder_is_open_once_in_a_process(tmp_path: Path) -> None:
    """A second object over an open folder is refused, and the first goes on working."""
    release, store = a_release(), QdrantFolders(tmp_path)
    index = store.open(release, create=True)

    with pytest.raises(IndexLocked):
        store.open(release)
    index.upsert(some_passages(1), some_vectors(1))
    index.close()

    store.open(release).close()


def test_a_folder_nobody_closed_is_free_when_nobody_refers_to_it(tmp_path: Path) -> None:
    """An index object that is forgotten lets go of its folder."""
    release, store = a_release(), QdrantFolders(tmp_path)
    index = store.open(release, create=True)
    del index

    store.open(release).close()


def test_a_half_made_folder_does_not_count(tmp_path: Path) -> None:
    """What a killed process left behind is neither listed nor opened, and making starts afresh."""
    release, store = a_release(), QdrantFolders(tmp_path)
    (tmp_path / release.index_name / "shard").mkdir(parents=True)
    (tmp_path / release.index_name / "whetstone.json").write_text("")
    (tmp_path / ".making-killed").mkdir()
    (tmp_path / ".making-killed" / "whetstone.json").write_text('{"format": 1}')

    assert frozenset() == store.names()
    with pytest.raises(NotFound):
        store.open(release)
    store.open(release, create=True).close()
    assert {release.index_name} == store.names()
    assert not (tmp_path / ".making-killed").exists()


def test_a_folder_of_the_engine_of_before_is_made_anew(tmp_path: Path) -> None:
    """A folder that qdrant-client wrote in its local mode is no index; making one removes it, and so does dropping."""
    release, store = a_release(), QdrantFolders(tmp_path)
    for make in (True, False):
        before = QdrantClient(path=str(tmp_path / release.index_name))
        before.create_collection(
            release.index_name, {release.vector_name: models.VectorParams(size=16, distance="Cosine")}
        )
        before.close()

        assert frozenset() == store.names()
        with pytest.raises(NotFound, match="build it first"):
            store.open(release)
        if make:
            index = store.open(release, create=True)
            assert 0 == index.count()
            index.close()
        store.drop(release.index_name)
        assert not (tmp_path / release.index_name).exists()


def test_another_retrieval_does_not_fit(tmp_path: Path) -> None:
    """An index without words is not opened for a release that weighs them, and the other way round."""
    store = QdrantFolders(tmp_path)
    for mine, other in ((0.5, 1.0), (1.0, 0.5)):
        release = a_release(mine)
        store.open(release, create=True).close()
        imposter = Release(
            digest=release.digest,
            encoder=release.encoder,
            chunking=release.chunking,
            retrieval=Retrieval(dense_weight=other),
            dimension=release.dimension,
            distance="cosine",
        )
        with pytest.raises(DimensionMismatch, match=r"sparse vectors.*another release"):
            store.open(imposter)


def test_a_broken_folder_says_what_to_do(tmp_path: Path) -> None:
    """An index that cannot be read is an error that names the folder and the way out, and the folder stays free."""
    release, store = a_release(), QdrantFolders(tmp_path)
    index = store.open(release, create=True)
    index.upsert(some_passages(3), some_vectors(3))
    index.close()
    for file in (tmp_path / release.index_name / "shard" / "segments").glob("*/segment.json"):
        file.write_text("{")

    for _ in range(2):
        with pytest.raises(IntegrityError, match=rf"{release.index_name} cannot be read.*Delete that folder"):
            store.open(release)


def test_a_closed_index_says_so(tmp_path: Path) -> None:
    """Whoever goes on using an index after closing it gets an error of ours."""
    index = QdrantFolders(tmp_path).open(a_release(), create=True)
    index.close()

    with pytest.raises(IntegrityError, match="failed"):
        index.count()


@pytest.mark.heavy
def test_an_index_does_not_grow_with_its_history(tmp_path: Path) -> None:
    """Documents that come and go leave nothing behind but a bounded write-ahead log, and take nothing with them."""
    release = a_release(dimension=2048)
    index = QdrantFolders(tmp_path).open(release, create=True)
    for turn in range(9):
        passages, rows = some_passages(1_200, uri=f"{turn}.txt"), some_vectors(1_200, 2048, seed=turn)
        index.upsert(passages, rows)
        index.delete_documents([Document.id_for("default", f"{turn - 1}.txt")])
    stored = index.vectors([p.id for p in passages])
    index.close()

    assert 1_200 == len(stored)
    assert np.allclose(rows[40], stored[passages[40].id], atol=1e-6)
    # One turn writes 10 MB of vectors twice, into the log and into place; the log keeps at most 64 MB.
    assert _bytes(tmp_path) < 110e6


def test_writing_and_opening_a_folder_is_quick(tmp_path: Path) -> None:
    """2,000 passages are written in seconds at worst, and opening them again takes a moment."""
    release, store = a_release(dimension=384), QdrantFolders(tmp_path)
    index = store.open(release, create=True)
    passages, rows = some_passages(2_000), some_vectors(2_000, 384)
    start = time.perf_counter()
    for i in range(0, 2_000, 256):
        index.upsert(passages[i : i + 256], rows[i : i + 256])
    written = time.perf_counter() - start
    index.close()
    start = time.perf_counter()
    index = store.open(release)
    opened = time.perf_counter() - start

    assert 2_000 == index.count()
    index.close()
    assert written < 10
    assert opened < 1


@pytest.mark.heavy
def test_many_passages_are_searched_exactly(tmp_path: Path) -> None:
    """Above the size at which the engine would make a graph, the nearest passages are still the nearest."""
    release = a_release(dimension=384)
    index = QdrantFolders(tmp_path).open(release, create=True)
    passages, rows = some_passages(25_000), some_vectors(25_000, 384)
    for start in range(0, 25_000, 1_000):
        index.upsert(passages[start : start + 1_000], rows[start : start + 1_000])
    question = some_vectors(1, 384, seed=2)[0]

    found = index.search(question, tenant="default", limit=50)

    index.close()
    assert [passages[i].id for i in np.argsort(-(rows @ question))[:50]] == [
        each.passage.id for each in found
    ]


def _bytes(folder: Path) -> int:
    """What the files take on disk, holes left out."""
    return sum(512 * path.stat().st_blocks for path in folder.rglob("*") if path.is_file())
