"""What every passage index must do: folders, memory, and a server where WHETSTONE_TEST_QDRANT_URL names one."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import numpy as np
import pytest

from rag.adapters.qdrant import QdrantFolders, QdrantMemory, QdrantServer
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.errors import DimensionMismatch, IndexLocked, NotFound, Unavailable
from rag.ports import IndexStore, PassageIndex, Vectors

DIMENSION = 16


def a_release(encoder: str | None = None, dimension: int = DIMENSION) -> Release:
    """A release nobody else has."""
    encoder = encoder or uuid4().hex * 2
    return Release.create(encoder=encoder, dimension=dimension, chunking=Chunking(), retrieval=Retrieval())


def some_passages(count: int, tenant: str = "default", uri: str = "a.txt") -> list[Passage]:
    """The passages of one document."""
    document = Document.create(uri=uri, text="text", tenant=tenant)
    return [Passage.create(document, i, f"passage {i}") for i in range(count)]


def some_vectors(count: int, seed: int = 1) -> Vectors:
    """Random rows of unit length."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(params=["folders", "memory", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IndexStore]:
    """Every place an index can live."""
    if request.param == "folders":
        yield QdrantFolders(tmp_path / "indexes")
    elif request.param == "memory":
        yield QdrantMemory()
    else:
        url = os.environ.get("WHETSTONE_TEST_QDRANT_URL")
        if not url:
            pytest.skip("WHETSTONE_TEST_QDRANT_URL is not set")
        server = QdrantServer(url, None, 30)
        before = server.names()
        yield server
        for name in server.names() - before:
            server.drop(name)


@pytest.fixture
def release() -> Release:
    """The release of `index`."""
    return a_release()


@pytest.fixture
def index(store: IndexStore, release: Release) -> Iterator[PassageIndex]:
    """An empty index."""
    opened = store.open(release, create=True)
    yield opened
    opened.close()


def test_what_is_written_is_there(index: PassageIndex, release: Release) -> None:
    """Ids, count and vectors are what was upserted; unknown ids are left out."""
    passages, vectors = some_passages(5), some_vectors(5)

    index.upsert(passages, vectors)

    assert release.index_name == index.name
    assert frozenset(p.id for p in passages) == index.ids()
    assert 5 == index.count()
    stored = index.vectors([passages[3].id, str(uuid4()), passages[0].id])
    assert {passages[3].id, passages[0].id} == set(stored)
    assert np.allclose(vectors[3], stored[passages[3].id], atol=1e-6)
    assert np.float32 == stored[passages[0].id].dtype


def test_an_empty_index_is_empty(index: PassageIndex) -> None:
    """Nothing in, nothing out, no error."""
    index.upsert([], np.empty((0, DIMENSION), np.float32))
    index.delete_documents([])

    assert (frozenset(), 0, {}) == (index.ids(), index.count(), index.vectors([]))
    assert [] == index.search(some_vectors(1)[0], tenant="default", limit=5)


def test_search_gives_cosines_best_first(index: PassageIndex) -> None:
    """The order and the scores are those of the exact cosine."""
    passages, vectors = some_passages(50), some_vectors(50)
    index.upsert(passages, vectors)
    question = some_vectors(1, seed=2)[0]

    found = index.search(question, tenant="default", limit=7)

    cosines = vectors @ question
    best = np.argsort(-cosines)[:7]
    assert [passages[i].id for i in best] == [passage_id for passage_id, _ in found]
    assert np.allclose(cosines[best], [score for _, score in found], atol=1e-5)


def test_upsert_replaces(index: PassageIndex) -> None:
    """The same passage again takes the place of the first, also after the index was asked."""
    passages, vectors = some_passages(3), some_vectors(3)
    index.upsert(passages, vectors)
    index.upsert(passages[:1], vectors[1:2])

    assert 3 == index.count()
    assert np.allclose(vectors[1], index.vectors([passages[0].id])[passages[0].id], atol=1e-6)


def test_deleting_documents_keeps_what_is_to_be_kept(index: PassageIndex) -> None:
    """Passages of the named documents go, but for the kept ones; other documents stay."""
    first, second, third = (some_passages(4, uri=f"{name}.txt") for name in "abc")
    for passages in (first, second, third):
        index.upsert(passages, some_vectors(4))

    index.delete_documents(
        [first[0].document_id, second[0].document_id], keep=[first[1].id, second[0].id, second[2].id]
    )

    kept = {first[1].id, second[0].id, second[2].id, *(p.id for p in third)}
    assert frozenset(kept) == index.ids()
    index.delete_documents([p.document_id for p in (first[0], second[0], third[0])])
    assert (frozenset(), 0) == (index.ids(), index.count())
    assert [] == index.search(some_vectors(1)[0], tenant="default", limit=3)


def test_a_deleted_passage_can_come_back(index: PassageIndex) -> None:
    """Writing again what was deleted makes it findable again."""
    passages, vectors = some_passages(2), some_vectors(2)
    index.upsert(passages, vectors)
    index.delete_documents([passages[0].document_id])
    index.upsert(passages, vectors)

    assert passages[1].id == index.search(vectors[1], tenant="default", limit=1)[0][0]


def test_a_tenant_finds_its_own_alone(index: PassageIndex) -> None:
    """However near another tenant's passages are, they are not found; nobody finds nothing."""
    ours, theirs = some_passages(6, tenant="ours"), some_passages(6, tenant="theirs")
    vectors = some_vectors(6)
    index.upsert(ours, vectors)

    assert [] == index.search(vectors[0], tenant="theirs", limit=5)
    assert 5 == len(index.search(vectors[0], tenant="ours", limit=5))

    index.upsert(theirs, vectors)

    for tenant, passages in (("ours", ours), ("theirs", theirs)):
        found = [passage_id for passage_id, _ in index.search(vectors[2], tenant=tenant, limit=20)]
        assert {p.id for p in passages} == set(found)
        assert passages[2].id == found[0]
    for nobody in ("", "others", "our", "OURS"):
        assert [] == index.search(vectors[2], tenant=nobody, limit=20)


def test_a_tenant_whose_passages_went_finds_nothing(index: PassageIndex) -> None:
    """After one of two tenants is deleted, each still sees only what is its own."""
    ours, theirs = some_passages(3, tenant="ours"), some_passages(3, tenant="theirs")
    index.upsert([*ours, *theirs], some_vectors(6))
    index.delete_documents([ours[0].document_id])

    assert [] == index.search(some_vectors(6)[0], tenant="ours", limit=9)
    assert 3 == len(index.search(some_vectors(6)[0], tenant="theirs", limit=9))


def test_tenants_are_kept_apart_after_reopening(store: IndexStore, release: Release) -> None:
    """What was written by another object of the same index counts too."""
    ours, theirs = some_passages(3, tenant="ours"), some_passages(3, tenant="theirs")
    first = store.open(release, create=True)
    first.upsert([*ours, *theirs], some_vectors(6))
    first.close()
    second = store.open(release)

    assert {p.id for p in ours} == {i for i, _ in second.search(some_vectors(1)[0], tenant="ours", limit=9)}
    second.close()


def test_wrong_dimensions_are_named(index: PassageIndex) -> None:
    """A vector that does not fit is refused at writing and at searching, naming both dimensions."""
    with pytest.raises(DimensionMismatch, match=r"dimension 16 .*\(1, 8\)"):
        index.upsert(some_passages(1), np.ones((1, 8), np.float32))
    with pytest.raises(DimensionMismatch, match="2 vectors of dimension 16"):
        index.upsert(some_passages(2), some_vectors(1))
    with pytest.raises(DimensionMismatch, match=r"dimension 16; got shape \(8,\)"):
        index.search(np.ones(8, np.float32), tenant="default", limit=1)
    assert 0 == index.count()


def test_closing_twice_and_reopening(store: IndexStore, release: Release) -> None:
    """What was written is there after closing; a second closing does nothing."""
    passages, vectors = some_passages(4), some_vectors(4)
    first = store.open(release, create=True)
    first.upsert(passages[:2], vectors[:2])
    first.upsert(passages[2:], vectors[2:])
    first.delete_documents([passages[0].document_id], keep=[p.id for p in passages[1:]])
    first.close()
    first.close()

    second = store.open(release, create=True)
    assert frozenset(p.id for p in passages[1:]) == second.ids()
    assert passages[2].id == second.search(vectors[2], tenant="default", limit=1)[0][0]
    second.close()


def test_what_is_not_there_is_not_found(store: IndexStore, release: Release) -> None:
    """Opening without making is an error; dropping nothing is none."""
    with pytest.raises(NotFound, match=release.index_name):
        store.open(release)
    store.drop(release.index_name)


def test_names_and_drop(store: IndexStore) -> None:
    """Indexes are listed while they exist, and releases do not see each other's passages."""
    one, other = a_release(), a_release()
    before = store.names()
    for number, release in enumerate((one, other)):
        index = store.open(release, create=True)
        index.upsert(some_passages(number + 1), some_vectors(number + 1))
        assert number + 1 == index.count()
        index.close()

    assert {one.index_name, other.index_name} == store.names() - before
    store.drop(one.index_name)
    assert {other.index_name} == store.names() - before
    with pytest.raises(NotFound):
        store.open(one)


def test_an_index_of_another_encoder_is_refused(store: IndexStore, release: Release) -> None:
    """An index under the right name but with another vector name or dimension is not opened."""
    store.open(release, create=True).close()
    for other in (a_release(), a_release(release.encoder, dimension=8)):
        imposter = Release(
            digest=release.digest,
            encoder=other.encoder,
            dimension=other.dimension,
            chunking=other.chunking,
            retrieval=other.retrieval,
            distance="cosine",
        )
        with pytest.raises(DimensionMismatch, match="another release"):
            store.open(imposter)
    store.open(release).close()


def test_threads_write_and_search_at_once(index: PassageIndex) -> None:
    """Searches during writing neither fail nor see another tenant."""
    ours = some_passages(40, tenant="ours")
    index.upsert(ours, some_vectors(40))
    known = {p.id for p in ours}

    def work(number: int) -> bool:
        if number % 4 == 0:
            index.upsert(some_passages(5, tenant="theirs", uri=f"{number}.txt"), some_vectors(5, seed=number))
        found = index.search(some_vectors(1, seed=number)[0], tenant="ours", limit=5)
        return len(found) == 5 and {passage_id for passage_id, _ in found} <= known

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))
    assert 40 + 10 * 5 == index.count()


HOLDER = """
import sys, time
from pathlib import Path
from rag.adapters.qdrant import QdrantFolders
from rag.domain import Chunking, Release, Retrieval
release = Release.create(encoder=sys.argv[2], dimension=16, chunking=Chunking(), retrieval=Retrieval())
index = QdrantFolders(Path(sys.argv[1])).open(release, create=True)
print("open", flush=True)
sys.stdin.read()
"""


def test_a_folder_has_one_process_at_a_time(tmp_path: Path) -> None:
    """While another process holds a folder it is locked, with the way out; when that is killed, it is free."""
    release, store = a_release(), QdrantFolders(tmp_path)
    arguments = [sys.executable, "-c", HOLDER, str(tmp_path), release.encoder]
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


def test_a_folder_is_open_once_in_a_process(tmp_path: Path) -> None:
    """A second object over an open folder is refused, and the first goes on working."""
    release, store = a_release(), QdrantFolders(tmp_path)
    index = store.open(release, create=True)

    with pytest.raises(IndexLocked):
        store.open(release)
    index.upsert(some_passages(1), some_vectors(1))
    index.close()

    store.open(release).close()


def test_a_half_made_folder_does_not_count(tmp_path: Path) -> None:
    """What a killed process left behind is neither listed nor opened, and making starts afresh."""
    release, store = a_release(), QdrantFolders(tmp_path)
    (tmp_path / release.index_name).mkdir()
    (tmp_path / ".making-killed").mkdir()
    (tmp_path / ".making-killed" / "meta.json").write_text("{}")

    assert frozenset() == store.names()
    with pytest.raises(NotFound):
        store.open(release)
    store.open(release, create=True).close()
    assert {release.index_name} == store.names()
    assert not (tmp_path / ".making-killed").exists()


@pytest.mark.heavy
def test_large_folders_make_no_noise(tmp_path: Path) -> None:
    """More than 20,000 passages in process are slow, but neither an error nor a warning."""
    release, store = (
        Release.create(encoder="e" * 64, dimension=2, chunking=Chunking(), retrieval=Retrieval()),
        None,
    )
    store = QdrantFolders(tmp_path)
    index = store.open(release, create=True)
    passages = some_passages(20_100)
    for start in range(0, 20_100, 5_000):
        some = passages[start : start + 5_000]
        index.upsert(some, np.ones((len(some), 2), np.float32))
    index.close()

    index = store.open(release)
    assert 20_100 == index.count()
    assert 20_100 == len(index.ids())
    index.close()


def test_writing_a_folder_is_quick(tmp_path: Path) -> None:
    """A batch is synced once, not passage by passage: 2,000 take seconds at worst."""
    release = Release.create(encoder="e" * 64, dimension=384, chunking=Chunking(), retrieval=Retrieval())
    index = QdrantFolders(tmp_path).open(release, create=True)
    passages = some_passages(2_000)
    rows = np.random.default_rng(1).normal(size=(2_000, 384)).astype(np.float32)
    start = time.perf_counter()
    for i in range(0, 2_000, 256):
        index.upsert(passages[i : i + 256], rows[i : i + 256])
    seconds = time.perf_counter() - start
    index.close()

    assert seconds < 10


def test_a_server_that_is_not_there_is_unavailable() -> None:
    """The error names the address, and comes at the first use."""
    store = QdrantServer("http://127.0.0.1:9", None, 2)

    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9 does not answer"):
        store.open(a_release())
    with pytest.raises(Unavailable, match="does not answer"):
        store.names()


class OldServer(BaseHTTPRequestHandler):
    """Says that it is Qdrant 1.18."""

    def do_GET(self) -> None:
        """Answer with the version."""
        body = b'{"title": "qdrant - vector search engine", "version": "1.18.2"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def test_a_server_that_is_too_old_is_refused() -> None:
    """Servers below 1.19 can lose points; the error says which version is there and which is needed."""
    with HTTPServer(("127.0.0.1", 0), OldServer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            with pytest.raises(Unavailable, match=r"is 1\.18\.2; 1\.19 or newer"):
                QdrantServer(url, None, 5).names()
        finally:
            server.shutdown()
            thread.join()
