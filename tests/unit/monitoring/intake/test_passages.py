"""The sample of passages, over a real database and the real static encoder."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from doubles.plain_questions import plain_questions

from monitoring.adapters.passage_files import NumpyPassageFiles
from monitoring.domain import PassageSample
from monitoring.intake.passages import sampled
from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.sql.stores import Stores
from rag.domain import Document, Passage
from rag.ports import Encoder, Vectors

TEXTS = plain_questions(120)


class Counting:
    """An encoder that counts what it embeds."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.digest, self.dimension = encoder.digest, encoder.dimension
        self.passages_digest = encoder.passages_digest
        self.embedded = 0

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions."""
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages."""
        self.embedded += len(texts)
        return self._encoder.encode_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens."""
        return self._encoder.count_tokens(texts)


@dataclass
class World:
    """Documents that are sampled."""

    stores: Stores
    encoder: Counting
    home: Path
    wanted: int = 40

    def put(self, number: int, *texts: str, title: str = "", tenant: str = "default") -> str:
        """Write a document; return its id."""
        document = Document.create(
            uri=f"doc {number}", title=title, text="\n".join([title, *texts]), tenant=tenant
        )
        cut = [Passage.create(document, at, text) for at, text in enumerate(texts)]
        self.stores.documents.put(document, cut, "chunking")
        return document.id

    def sample(self, tenant: str | None = "default", *, folder: str = "monitoring") -> PassageSample:
        """Bring it up to date."""
        return sampled(
            NumpyPassageFiles(self.home / folder),
            self.stores.documents,
            tenant=tenant,
            encoder=self.encoder,
            cache=SqliteEmbeddingCache(self.home / "cache.sqlite"),
            wanted=self.wanted,
        )

    def afresh(self) -> PassageSample:
        """Return what it is where nothing was kept."""
        return self.sample(folder=f"other-{os.urandom(4).hex()}")


@pytest.fixture
def world(stores: Stores, static_encoder: Encoder, tmp_path: Path) -> World:
    """Thirty documents of two passages."""
    world = World(stores=stores, encoder=Counting(static_encoder), home=tmp_path)
    for number in range(30):
        world.put(number, TEXTS[2 * number], TEXTS[2 * number + 1])
    return world


def check_same(one: PassageSample, other: PassageSample) -> None:
    """Both hold the same."""
    assert (one.ids, one.documents, one.change) == (other.ids, other.documents, other.change)
    assert np.array_equal(one.vectors, other.vectors)
    assert np.array_equal(one.words, other.words)
    assert np.array_equal(one.bounds, other.bounds)


def test_a_sample_is_as_good_as_drawn_by_chance(world: World) -> None:
    """The first by their ids, over all documents, with their vectors and words."""
    sample = world.sample()
    assert list(sample.ids) == world.stores.documents.sample_ids(40, tenant="default")
    assert len(set(sample.documents)) > 20
    passages = world.stores.documents.passages(sample.ids)
    texts = [passages[each].embedded_text for each in sample.ids]
    assert np.allclose(world.encoder.encode_passages(texts), sample.vectors, atol=1e-3)
    assert (sample.share(texts) == 0).all()


def test_without_a_change_nothing_is_done(world: World) -> None:
    """One file is read."""
    first = world.sample()
    embedded = world.encoder.embedded
    check_same(first, world.sample())
    assert embedded == world.encoder.embedded == 40


def test_only_what_changed_is_embedded(world: World) -> None:
    """However many other documents there are; the sample is as if it was made afresh."""
    world.wanted = 60
    world.sample()
    world.put(3, TEXTS[100], TEXTS[101])
    after = world.sample()
    assert 62 == world.encoder.embedded
    check_same(world.afresh(), after)


def test_a_document_that_went_is_gone_from_it(world: World) -> None:
    """Its passages and words; the sample is filled up again."""
    before = world.sample()
    gone = before.documents[0]
    world.stores.documents.delete(gone, tenant="default")
    after = world.sample()
    assert gone not in after.documents
    assert 40 == len(after)
    check_same(world.afresh(), after)


def test_it_follows_a_store_that_grows_and_shrinks(world: World) -> None:
    """Whatever comes and goes, it is what it would be if it was made anew."""
    for number in range(30, 50):
        world.put(number, TEXTS[2 * number])
        if number % 4 == 0:
            check_same(world.afresh(), world.sample())
    for number in range(45):
        document = Document.create(uri=f"doc {number}", text="").id
        world.stores.documents.delete(document, tenant="default")
        if number % 9 == 0:
            check_same(world.afresh(), world.sample())
    assert 5 == len(world.sample())


def test_a_new_title_counts_as_a_change(world: World) -> None:
    """It is embedded with the text."""
    world.wanted = 60
    world.sample()
    world.put(3, TEXTS[6], TEXTS[7], title="Zeppelin")
    sample = world.sample()
    check_same(world.afresh(), sample)
    assert 0 == sample.share(["zeppelins"])[0]


def test_without_documents_it_is_empty(stores: Stores, static_encoder: Encoder, tmp_path: Path) -> None:
    """And nothing is near, or missing."""
    empty = World(stores=stores, encoder=Counting(static_encoder), home=tmp_path)
    for _ in range(2):
        sample = empty.sample()
        assert (0, static_encoder.dimension) == (len(sample), sample.dimension)
        question = static_encoder.encode_queries(["Why?"])
        best, found = sample.nearest(question)
        assert np.isnan(best).all()
        assert found is None
        assert np.isnan(sample.share(["Why zeppelins?"])).all()
    empty.put(1, TEXTS[0])
    assert 1 == len(empty.sample())


def test_tenants_are_apart(world: World) -> None:
    """And all together are one more."""
    theirs = world.put(99, "Their own text about zeppelins.", tenant="theirs")
    assert theirs not in world.sample().documents
    assert (theirs,) == world.sample("theirs").documents
    world.wanted = 99
    assert 61 == len(world.sample(None))


@pytest.mark.parametrize("broken", [b"", b"no archive at all", b"PK\x03\x04 half an archive"])
def test_a_file_that_cannot_be_read_is_made_anew(world: World, broken: bytes) -> None:
    """It is rebuildable: deleting or breaking it loses time alone."""
    first = world.sample()
    (path,) = (world.home / "monitoring").iterdir()
    path.write_bytes(broken)
    check_same(first, world.sample())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    check_same(first, world.sample())
    path.unlink()
    check_same(first, world.sample())


def test_another_size_or_encoder_is_another_sample(world: World) -> None:
    """What was kept for the first is not taken for the second."""
    world.sample()
    world.wanted = 10
    assert 10 == len(world.sample())
    world.encoder.digest = "another"
    assert "another" == world.sample().encoder
    assert 2 == len(list((world.home / "monitoring").iterdir()))


def test_a_sample_of_another_store_is_made_anew(world: World) -> None:
    """One whose change log is behind what the file says is not the one that was sampled."""
    world.sample()
    files = NumpyPassageFiles(world.home / "monitoring")
    held = files.load(tenant="default", encoder=world.encoder.digest)
    assert held is not None
    ahead = PassageSample(
        encoder=held.encoder,
        change=held.change + 100,
        wanted=held.wanted,
        ids=held.ids[:3],
        documents=held.documents[:3],
        vectors=held.vectors[:3],
        words=held.words[: held.bounds[3]],
        bounds=held.bounds[:4],
    )
    files.save(ahead, tenant="default")
    assert 40 == len(world.sample())


def test_nothing_is_left_beside_the_file(world: World) -> None:
    """What is written is written aside and put in its place."""
    world.sample()
    world.put(60, "new text")
    world.sample()
    assert 1 == len(list((world.home / "monitoring").iterdir()))


def test_whoever_reads_while_others_write_sees_a_whole_file(world: World) -> None:
    """Two processes may bring it up to date at once; one of them is right, and so is the other."""
    one = world.sample()
    world.put(60, "new text")
    other = world.sample()
    files = NumpyPassageFiles(world.home / "monitoring")

    def write(sample: PassageSample) -> None:
        for _ in range(60):
            files.save(sample, tenant="default")

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, each) for each in (one, other)]
        while not all(each.done() for each in writing):
            held = files.load(tenant="default", encoder=world.encoder.digest)
            assert held is not None
            check_same(one if held.change == one.change else other, held)
        for each in writing:
            each.result()


def test_best_is_the_nearest_of_all(world: World) -> None:
    """Also over more passages than are compared at a time."""
    rng = np.random.default_rng(17)
    vectors = rng.normal(size=(10_000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = tuple(f"{at:05}" for at in range(10_000))
    sample = PassageSample(
        encoder="e",
        change=1,
        wanted=10_000,
        ids=names,
        documents=names,
        vectors=vectors.astype(np.float16),
        words=np.empty(0, np.uint32),
        bounds=np.zeros(10_001, np.int64),
    )
    questions = vectors[[0, 5_000, 9_999]]
    assert np.allclose(1, sample.nearest(questions)[0], atol=2e-3)
    assert np.allclose(-sample.nearest(-questions)[0], (questions @ vectors.T).min(axis=1), atol=2e-3)
    assert 0 == len(sample.nearest(questions[:0])[0])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9_000])
def test_where_a_question_leads_is_the_mean_of_its_nearest_passages(count: int) -> None:
    """Of three, or of all where there are fewer; also over more passages than are compared at a time."""
    rng = np.random.default_rng(18)
    vectors = rng.normal(size=(count, 16)).astype(np.float16)
    names = tuple(f"{at:05}" for at in range(count))
    sample = PassageSample(
        encoder="e",
        change=1,
        wanted=count,
        ids=names,
        documents=names,
        vectors=vectors,
        words=np.empty(0, np.uint32),
        bounds=np.zeros(count + 1, np.int64),
    )
    questions = rng.normal(size=(20, 16)).astype(np.float32)
    nearest = np.argsort(-(questions @ vectors.astype(np.float32).T), axis=1)[:, :3]
    found = sample.nearest(questions)[1]
    assert found is not None
    assert np.allclose(vectors.astype(np.float32)[nearest].mean(axis=1), found, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("renew passports", 0.0),
        ("renew a zeppelin", 0.5),
        ("zeppelins of xylophonists", 1.0),
        ("...", np.nan),
    ],
)
def test_the_share_of_words_that_no_passage_has(world: World, text: str, share: float) -> None:
    """By their stems; words of every question do not count."""
    assert np.allclose(share, world.sample().share([text]), equal_nan=True)
