"""Backfill, catch-up and verification with real stores, real indexes and the real static encoder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.qdrant import QdrantFolders
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.errors import NotFound
from rag.ports import Encoder, PassageIndex, Vectors
from rag.releases.indexing import Indexing
from rag.releases.vectors import Embedder, ReleaseVectors

CHUNKING = Chunking()


@dataclass
class Counting:
    """An encoder that says how many texts went through it."""

    inner: Encoder
    texts: int = 0

    def __post_init__(self) -> None:
        """Take over what an encoder is known by."""
        self.digest, self.dimension = self.inner.digest, self.inner.dimension
        self.passages_digest = self.inner.passages_digest

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed and count."""
        self.texts += len(texts)
        return self.inner.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed and count."""
        self.texts += len(texts)
        return self.inner.encode_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count."""
        return self.inner.count_tokens(texts)


@pytest.fixture
def encoder(static_encoder: Encoder) -> Counting:
    """The static encoder, counted."""
    return Counting(static_encoder)


@pytest.fixture
def release(static_encoder: Encoder) -> Release:
    """A release of the static encoder."""
    return Release.create(
        encoder=static_encoder.digest,
        dimension=static_encoder.dimension,
        chunking=CHUNKING,
        retrieval=Retrieval(context_weight=0.0),
    )


@pytest.fixture
def cache(tmp_path: Path) -> SqliteEmbeddingCache:
    """An empty cache."""
    return SqliteEmbeddingCache(tmp_path / "embeddings.sqlite")


@pytest.fixture
def indexing(stores: Stores, cache: SqliteEmbeddingCache) -> Indexing:
    """Indexing in batches of ten."""
    return Indexing(stores.documents, stores.cursors, cache, batch=10)


@pytest.fixture
def index(tmp_path: Path, release: Release) -> Iterator[PassageIndex]:
    """The release's index, empty, in a folder."""
    opened = QdrantFolders(tmp_path / "indexes").open(release, create=True)
    yield opened
    opened.close()


def put(
    stores: Stores, number: int, *, passages: int = 2, edition: int = 1, tenant: str = "default"
) -> Document:
    """Write document `number` with so many passages."""
    document = Document.create(uri=f"{number}.md", text=f"{number} {edition} {passages}", tenant=tenant)
    texts = [
        f"Chapter {number}, part {i}: edition {edition} of the whetstone manual." for i in range(passages)
    ]
    stores.documents.put(
        document, [Passage.create(document, i, t) for i, t in enumerate(texts)], CHUNKING.digest
    )
    return document


def test_backfill_writes_everything_and_verifies(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """After a backfill the index holds exactly the passages, is up to date, and progress was told."""
    for number in range(20):
        put(stores, number)
    told: list[tuple[int, int, str]] = []

    assert indexing.lag(index.name) is None
    indexing.backfill(release, encoder, index, progress=lambda *step: told.append(step))

    assert stores.documents.passage_ids() == index.ids()
    assert 0 == indexing.lag(index.name)
    assert [] == indexing.verify(release, encoder, index, sample=15, seed=1)
    assert [(10, 40, "passages"), (20, 40, "passages"), (30, 40, "passages"), (40, 40, "passages")] == told


def test_backfill_again_does_nothing(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """A second backfill writes nothing, even where there are new documents: these are the change log's."""
    put(stores, 1)
    indexing.backfill(release, encoder, index)
    put(stores, 2)

    indexing.backfill(release, encoder, index, check=lambda: pytest.fail("it began a batch"))

    assert (2, 1) == (index.count(), indexing.lag(index.name))


def test_an_empty_corpus_is_filled_at_once(
    indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """Without documents there is nothing to do, and nothing wrong."""
    indexing.backfill(release, encoder, index)

    assert (0, 0) == (index.count(), indexing.lag(index.name))
    assert [] == indexing.verify(release, encoder, index, sample=5, seed=1)


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(batch: int) -> Callable[[], None]:
    """Make a check that ends the work before the given batch, counted from 0."""
    begun = iter(range(1_000))

    def check() -> None:
        if next(begun) == batch:
            raise Killed

    return check


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_a_killed_backfill_goes_on_where_it_was(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex, batch: int
) -> None:
    """Killed at any batch, it does the rest, not the whole; edits and deletions in between come with catch-up."""
    documents = [put(stores, number) for number in range(25)]

    with pytest.raises(Killed):
        indexing.backfill(release, encoder, index, check=kill_at(batch))
    assert indexing.lag(index.name) is None
    assert batch * 10 == index.count()

    for number in (0, 5, 9):
        put(stores, number, passages=3, edition=2)
    for document in documents[20:23]:
        stores.documents.delete(document.id, tenant="default")
    put(stores, 99)
    told: list[tuple[int, int, str]] = []
    indexing.backfill(release, encoder, index, progress=lambda *step: told.append(step))
    assert all(0 < done <= total for done, total, _ in told)
    assert told[-1][0] == told[-1][1]
    assert 7 == indexing.catch_up(release, encoder, index)

    assert stores.documents.passage_ids() == index.ids()
    assert [] == indexing.verify(release, encoder, index, sample=99, seed=2)


def test_killed_before_the_cursor_is_set_is_not_taken_for_done(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """Whatever the first step left in the books, the next run fills the index."""
    put(stores, 1)
    stores.cursors.set_backfill(index.name, "")

    indexing.backfill(release, encoder, index)

    assert [] == indexing.verify(release, encoder, index, sample=5, seed=1)


def test_catch_up_brings_documents_to_their_present_state(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """Several changes of a document collapse; shrunk, grown, deleted and re-created documents come out right."""
    documents = [put(stores, number, passages=3) for number in range(8)]
    indexing.backfill(release, encoder, index)
    for edition in range(2, 6):
        put(stores, 0, passages=edition, edition=edition)
    put(stores, 1, passages=1, edition=2)
    stores.documents.delete(documents[2].id, tenant="default")
    stores.documents.delete(documents[3].id, tenant="default")
    put(stores, 3, passages=2, edition=3)
    put(stores, 50, tenant="other")
    assert 9 == indexing.lag(index.name)

    assert 9 == indexing.catch_up(release, encoder, index, limit=2)

    assert 0 == indexing.lag(index.name)
    assert 0 == indexing.catch_up(release, encoder, index)
    assert stores.documents.passage_ids() == index.ids()
    assert [] == indexing.verify(release, encoder, index, sample=99, seed=3)
    question = encoder.encode_queries(["whetstone manual"])[0]
    assert 2 == len(index.search(question, tenant="other", limit=50))


def test_catch_up_may_be_killed_and_repeated(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """Changes applied a second time, because the cursor was not moved any more, change nothing."""
    documents = [put(stores, number) for number in range(5)]
    indexing.backfill(release, encoder, index)
    before = stores.cursors.cursor(index.name)
    assert before is not None
    put(stores, 0, edition=2)
    stores.documents.delete(documents[1].id, tenant="default")
    indexing.catch_up(release, encoder, index)
    stores.cursors.set_cursor(index.name, before)

    assert 2 == indexing.catch_up(release, encoder, index)
    assert [] == indexing.verify(release, encoder, index, sample=99, seed=3)


def test_an_unknown_index_is_not_caught_up(
    indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """Without a backfill there is no place in the change log to start from; forgetting leads back to that."""
    with pytest.raises(NotFound, match=f"{index.name}; backfill it first"):
        indexing.catch_up(release, encoder, index)
    assert [f"The index {index.name} was not filled to the end."] == indexing.verify(
        release, encoder, index, sample=5, seed=1
    )


def test_a_forgotten_index_is_filled_anew(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> None:
    """After its folder was lost an index is forgotten and filled from nothing."""
    put(stores, 1)
    indexing.backfill(release, encoder, index)
    index.delete_documents([document.id for document in stores.documents.page(tenant="default")])
    indexing.forget(index.name)

    indexing.backfill(release, encoder, index)

    assert [] == indexing.verify(release, encoder, index, sample=5, seed=1)


@pytest.fixture
def filled(
    stores: Stores, indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex
) -> list[Passage]:
    """Twelve documents in the index; their passages."""
    documents = [put(stores, number) for number in range(12)]
    indexing.backfill(release, encoder, index)
    return [p for d in documents for p in stores.documents.passages_of([d.id])[d.id]]


def test_verify_finds_a_missing_passage(
    indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex, filled: list[Passage]
) -> None:
    """One passage that is not in the index is named."""
    index.delete_documents([filled[0].document_id], keep=[filled[1].id])

    problems = indexing.verify(release, encoder, index, sample=99, seed=1)

    assert [f"Passages missing from the index: 1 of 24, e.g. {filled[0].id}."] == problems


def test_verify_finds_an_extra_passage(
    indexing: Indexing, release: Release, encoder: Counting, index: PassageIndex, filled: list[Passage]
) -> None:
    """A passage that no document has any more is named."""
    stray = Passage.create(Document.create(uri="gone.md", text="gone"), 0, "gone")
    index.upsert([stray], encoder.encode_passages([stray.embedded_text]))

    problems = indexing.verify(release, encoder, index, sample=99, seed=1)

    assert [f"Passages in the index that no document has: 1, e.g. {stray.id}."] == problems


def test_verify_finds_a_wrong_vector_without_trusting_the_cache(
    indexing: Indexing,
    cache: SqliteEmbeddingCache,
    release: Release,
    encoder: Counting,
    index: PassageIndex,
    filled: list[Passage],
) -> None:
    """A vector that is not its text's is found, also where the cache holds the same wrong one."""
    wrong = encoder.encode_passages(["something else entirely"])
    index.upsert(filled[:1], wrong)
    cache.put(encoder.digest, [filled[0].text_hash], wrong)

    (problem,) = indexing.verify(release, encoder, index, sample=24, seed=1)

    assert "Passages with another vector than their text gives: 1 of 24 drawn" in problem
    assert filled[0].id in problem


def test_verify_finds_changes_that_are_not_applied(
    stores: Stores,
    indexing: Indexing,
    release: Release,
    encoder: Counting,
    index: PassageIndex,
    filled: list[Passage],
) -> None:
    """An index behind the change log is not fit to serve."""
    put(stores, 0, edition=2)

    problems = indexing.verify(release, encoder, index, sample=0, seed=1)

    assert f"Changes not applied to the index {index.name}: 1." == problems[0]
    assert 3 == len(problems)


def test_texts_are_embedded_once(encoder: Counting, cache: SqliteEmbeddingCache, release: Release) -> None:
    """Equal texts in one call, and texts known from another, do not go through the encoder again."""
    passages = [
        Passage.create(Document.create(uri=f"{i}.md", text="x"), 0, f"text {'long ' * (i % 3)}")
        for i in range(9)
    ]
    embedder = Embedder(encoder, cache, batch=2)

    vectors = embedder.passages(passages)
    again = Embedder(encoder, cache).passages(passages[::-1])

    assert 3 == encoder.texts
    assert (9, encoder.dimension) == vectors.shape
    assert np.array_equal(vectors[::-1], again)
    assert np.allclose(vectors, encoder.inner.encode_passages([p.embedded_text for p in passages]), atol=1e-5)
    assert (0, encoder.dimension) == embedder.passages([]).shape


@pytest.fixture
def in_context(static_encoder: Encoder) -> Release:
    """A release whose passages know their documents."""
    return Release.create(
        encoder=static_encoder.digest,
        dimension=static_encoder.dimension,
        chunking=CHUNKING,
        retrieval=Retrieval(context_weight=0.4),
    )


@pytest.fixture
def context_index(tmp_path: Path, in_context: Release) -> Iterator[PassageIndex]:
    """Its index, empty."""
    opened = QdrantFolders(tmp_path / "indexes").open(in_context, create=True)
    yield opened
    opened.close()


def test_context_joins_a_passage_with_its_document(
    in_context: Release, encoder: Counting, cache: SqliteEmbeddingCache
) -> None:
    """A vector lies between the passage's own and its document's; alone in its document it stays as it is."""
    long, short = Document.create(uri="long", text="x"), Document.create(uri="short", text="x")
    passages = [
        Passage.create(long, 0, "Tents and stoves."),
        Passage.create(short, 0, "A lonely line about tides."),
        Passage.create(long, 1, "The price of apples."),
    ]
    plain = encoder.encode_passages([passage.embedded_text for passage in passages])
    mean = plain[0] + plain[2]
    expected = 0.6 * plain[0] + 0.4 * mean / np.linalg.norm(mean)

    vectors = ReleaseVectors(in_context, encoder, cache)
    joined = vectors.of(passages)

    assert np.allclose(expected / np.linalg.norm(expected), joined[0], atol=1e-5)
    assert np.array_equal(plain[1], joined[1])
    assert np.allclose(1.0, np.linalg.norm(joined, axis=1), atol=1e-5)
    assert np.allclose(joined, vectors.fresh(passages), atol=1e-5)
    assert np.allclose(plain[0], Embedder(encoder, cache).passages(passages)[0], atol=1e-5)


def test_without_context_vectors_are_the_passages_own(
    release: Release, encoder: Counting, cache: SqliteEmbeddingCache
) -> None:
    """A weight of 0 changes nothing, and blank text, which has no direction, breaks nothing."""
    document = Document.create(uri="a", text="x")
    passages = [Passage.create(document, at, text) for at, text in enumerate(("", "", "Some words."))]
    blank = [Passage.create(Document.create(uri="b", text="x"), at, "") for at in range(2)]

    assert np.array_equal(
        Embedder(encoder, cache).passages(passages), ReleaseVectors(release, encoder, cache).of(passages)
    )
    weighted = replace(release, retrieval=Retrieval(context_weight=0.4))
    assert np.all(np.isfinite(ReleaseVectors(weighted, encoder, cache).of([*passages, *blank])))


def test_an_index_in_context_is_filled_killed_caught_up_and_verified(
    stores: Stores, indexing: Indexing, in_context: Release, encoder: Counting, context_index: PassageIndex
) -> None:
    """Wherever batches end and work breaks off, a vector is that of the whole document."""
    for number in range(8):
        put(stores, number, passages=7)

    class Killed(Exception):
        """The process ended."""

    looks = iter(range(99))

    def check() -> None:
        if next(looks) == 3:
            raise Killed

    with pytest.raises(Killed):
        indexing.backfill(in_context, encoder, context_index, check=check)
    indexing.backfill(in_context, encoder, context_index)
    assert [] == indexing.verify(in_context, encoder, context_index, sample=99, seed=1)

    put(stores, 3, passages=2, edition=2)
    put(stores, 4, passages=25, edition=2)
    indexing.catch_up(in_context, encoder, context_index)

    assert [] == indexing.verify(in_context, encoder, context_index, sample=99, seed=1)


def test_verify_finds_vectors_without_their_context(
    stores: Stores, indexing: Indexing, in_context: Release, encoder: Counting, context_index: PassageIndex
) -> None:
    """Plain vectors in a release that joins them are wrong vectors."""
    document = put(stores, 1, passages=3)
    indexing.backfill(in_context, encoder, context_index)
    other = Document.create(uri="other.md", text="x")
    cut = [
        Passage.create(other, at, text) for at, text in enumerate(("Tents and stoves.", "Apples cost more."))
    ]
    stores.documents.put(other, cut, CHUNKING.digest)
    indexing.catch_up(in_context, encoder, context_index)
    context_index.upsert(cut, encoder.encode_passages([passage.embedded_text for passage in cut]))

    (problem,) = indexing.verify(in_context, encoder, context_index, sample=99, seed=1)

    assert "another vector than their text gives: 2 of 5" in problem
    assert document.id not in problem
