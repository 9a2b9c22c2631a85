"""A trial finds what the release would find live, and leaves nothing behind."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.qdrant import QdrantFolders
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.errors import NotFound
from rag.ports import Encoder, IndexStore, PassageIndex, Vectors
from rag.questions.finding.retrieval import Pinned, Retriever
from rag.releases.indexing import Indexing
from rag.releases.models import LoadedRelease, Models
from rag.releases.trials import trial, trial_indexes

TOPICS = ("leave", "travel", "laptops", "badges", "pensions", "sick notes")
QUESTIONS = [f"What about {topic}?" for topic in TOPICS] + ["Who signs form QX-17?"]


@dataclass
class LongestFirst:
    """A cross-encoder that likes long passages."""

    digest: str = "r" * 64

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Judge by length."""
        return np.array([len(passage) for passage in passages], dtype=np.float32)


@dataclass
class Scratch:
    """A place in a folder that is watched."""

    folder: Path
    opened: int = 0
    left: list[frozenset[str]] = field(default_factory=list)

    @contextmanager
    def __call__(self) -> Iterator[IndexStore]:
        """Yield it; see afterwards that the index was closed, so that it can be removed."""
        self.opened += 1
        store = QdrantFolders(self.folder)
        yield store
        for name in store.names():
            store.drop(name)
        self.left.append(store.names())


def corpus(stores: Stores) -> None:
    """Write a handbook: two passages a document, and one that only its number tells."""
    for topic in TOPICS:
        for number in range(3):
            texts = (f"All about {topic}, volume {number}.", f"Ask room {number} about {topic} on Mondays.")
            put(stores, f"{topic}/{number}", *texts)
    put(stores, "forms", "Form QX-17 is signed by the head of the kitchen.")
    put(stores, "theirs", "What about leave? What about travel?", tenant="theirs")


def put(stores: Stores, uri: str, *texts: str, tenant: str = "default") -> None:
    """Write one document."""
    document = Document.create(uri=uri, text="\n".join(texts), tenant=tenant)
    passages = [Passage.create(document, at, text) for at, text in enumerate(texts)]
    stores.documents.put(document, passages, Chunking().digest)


def cast(encoder: Encoder, retrieval: Retrieval) -> LoadedRelease:
    """Return a release of the encoder."""
    release = Release.create(
        encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=retrieval
    )
    return LoadedRelease(
        release=release, encoder=encoder, reranker=LongestFirst() if retrieval.reranker else None
    )


@pytest.mark.parametrize(
    "retrieval",
    [
        Retrieval(),
        Retrieval(dense_weight=1.0, context_weight=0.0),
        Retrieval(dense_weight=0.5, context_weight=0.0),
        Retrieval(dense_weight=0.0, context_weight=0.0),
        Retrieval(context_weight=0.5, dense_weight=0.7),
        Retrieval(reranker="r" * 64, rerank_depth=4, dense_weight=0.5),
    ],
)
def test_a_trial_finds_what_is_found_live(
    stores: Stores, static_encoder: Encoder, tmp_path: Path, retrieval: Retrieval
) -> None:
    """Passages, order and cosines are those of the release's own index, whatever its retrieval does."""
    corpus(stores)
    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    played = cast(static_encoder, retrieval)
    scratch = Scratch(tmp_path / "scratch")
    index = QdrantFolders(tmp_path / "live").open(played.release, create=True)
    Indexing(stores.documents, stores.cursors, cache).backfill(played.release, static_encoder, index)
    pinned = Pinned(
        epoch=1, release=played.release, encoder=static_encoder, index=index, reranker=played.reranker
    )
    retriever = Retriever(stores.documents)
    live = [retriever.retrieve(pinned, question, tenant="default", limit=10).hits for question in QUESTIONS]
    index.close()

    batches = stores.documents.all_passages(batch=5)
    with trial(played, batches, tenant="default", cache=cache, scratch=scratch) as tried:
        found = tried.find(QUESTIONS, limit=10)
        ranked = tried.rank(QUESTIONS, limit=10)

    assert [[hit.passage.id for hit in hits] for hits in live] == ranked
    assert [[each.passage.id for each in hits] for hits in found] == ranked
    for hits, tries in zip(live, found, strict=True):
        assert [hit.score for hit in hits] == pytest.approx([each.score for each in tries], abs=1e-5)
    assert scratch.left == [frozenset()]


def test_words_count_in_a_trial(stores: Stores, static_encoder: Encoder, tmp_path: Path) -> None:
    """A release that weighs words finds what only words tell; its trial shows it."""
    corpus(stores)
    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    played = cast(static_encoder, Retrieval(dense_weight=0.2))

    with trial(
        played,
        stores.documents.all_passages(),
        tenant="default",
        cache=cache,
        scratch=Scratch(tmp_path / "scratch"),
    ) as tried:
        ((best, *_),) = tried.find(["QX-17"], limit=3)

    assert best.passage.uri == "forms"


def test_a_trial_that_fails_leaves_nothing(stores: Stores, static_encoder: Encoder, tmp_path: Path) -> None:
    """What is raised inside, or while the index is filled, passes, and the index is closed."""
    corpus(stores)
    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    folder = tmp_path / "scratch"
    played = cast(static_encoder, Retrieval())

    @contextmanager
    def scratch() -> Iterator[IndexStore]:
        yield QdrantFolders(folder)

    def stop() -> None:
        raise NotFound("Stop.")

    for check, inside in ((stop, False), (lambda: None, True)):
        with (
            pytest.raises(NotFound, match=r"Stop\."),
            trial(
                played,
                stores.documents.all_passages(),
                tenant="default",
                cache=cache,
                scratch=scratch,
                check=check,
            ),
        ):
            assert inside
            stop()
        QdrantFolders(folder).open(played.release).close()


def test_nothing_is_asked_where_there_are_no_questions(static_encoder: Encoder, tmp_path: Path) -> None:
    """An empty corpus and no questions are no error."""
    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    played = cast(static_encoder, Retrieval())
    scratch = Scratch(tmp_path / "scratch")

    with trial(played, [], tenant="default", cache=cache, scratch=scratch) as tried:
        assert tried.rank([], limit=10) == []
        assert tried.rank(["Anything?"], limit=10) == [[]]


def test_a_cast_has_the_models_its_release_names(static_encoder: Encoder) -> None:
    """Encoder and cross-encoder are loaded by their digests."""

    class Store:
        """Loads whatever is named."""

        def load(self, digest: str) -> object:
            return f"loaded {digest}"

    plain = cast(static_encoder, Retrieval()).release
    named = replace(plain, retrieval=Retrieval(reranker="r" * 64))

    models = Models(encoders=Store(), rerankers=Store(), cache=Store())  # type: ignore[arg-type]
    assert models.load(plain).encoder == f"loaded {static_encoder.digest}"  # type: ignore[comparison-overlap]
    assert models.load(plain, encoder=static_encoder).encoder is static_encoder
    assert models.load(named).reranker == "loaded " + "r" * 64  # type: ignore[comparison-overlap]


@dataclass
class Watched:
    """A scratch that takes down which indexes are made in it."""

    folder: Path
    made: list[str] = field(default_factory=list)

    @contextmanager
    def __call__(self) -> Iterator[IndexStore]:
        """Yield it; afterwards nothing may be open."""
        made, store = self.made, QdrantFolders(self.folder)

        class Store(QdrantFolders):
            """Takes down."""

            def open(self, release: Release, *, create: bool = False) -> PassageIndex:
                """Open."""
                made.append(release.digest)
                return super().open(release, create=create)

        yield Store(self.folder)
        for name in store.names():
            store.drop(name)


def whole(stores: Stores) -> list[Passage]:
    """Return every passage."""
    return [passage for batch in stores.documents.all_passages() for passage in batch]


@pytest.mark.parametrize("context_weight", [0.0, 0.4])
def test_releases_that_share_an_index_find_what_each_would_in_its_own(
    stores: Stores, static_encoder: Encoder, tmp_path: Path, context_weight: float
) -> None:
    """Weights of words, none among them, a cross-encoder, depths: one index, and the same passages and cosines."""
    corpus(stores)
    passages, cache = whole(stores), SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    casts = [
        cast(static_encoder, replace(retrieval, context_weight=context_weight))
        for retrieval in (
            Retrieval(dense_weight=0.5),
            Retrieval(dense_weight=1.0),
            Retrieval(dense_weight=0.0, top_k=2, threshold=0.1),
            Retrieval(dense_weight=0.9, neighbours=1, context_tokens=100),
            Retrieval(dense_weight=0.7, reranker="r" * 64, rerank_depth=4),
        )
    ]
    watched = Watched(tmp_path / "scratch")

    with trial_indexes(passages, tenant="default", cache=cache, scratch=watched) as on:
        shared = [
            (on.of(each).find(QUESTIONS, limit=10), on.of(each).rank(QUESTIONS, limit=10)) for each in casts
        ]

    assert [casts[0].release.digest] == watched.made
    for each, (found, ranked) in zip(casts, shared, strict=True):
        scratch = Scratch(tmp_path / "alone")
        with trial(each, [passages], tenant="default", cache=cache, scratch=scratch) as tried:
            alone = tried.find(QUESTIONS, limit=10)
        assert [[hit.passage.id for hit in hits] for hits in alone] == ranked
        assert [[hit.passage.id for hit in hits] for hits in found] == ranked
        for hits, own in zip(found, alone, strict=True):
            assert [hit.score for hit in own] == pytest.approx([hit.score for hit in hits], abs=1e-6)
    assert QdrantFolders(tmp_path / "scratch").names() == frozenset()


def test_another_index_is_made_where_another_is_needed(
    stores: Stores, static_encoder: Encoder, tmp_path: Path
) -> None:
    """Vectors in context, and words where there were none, are not what the first index holds; both stay open."""
    corpus(stores)
    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    plain, words, context = (
        cast(static_encoder, retrieval)
        for retrieval in (
            Retrieval(dense_weight=1.0, context_weight=0.0),
            Retrieval(dense_weight=0.2, context_weight=0.0),
            Retrieval(dense_weight=1.0, context_weight=0.5),
        )
    )
    watched = Watched(tmp_path / "scratch")

    with trial_indexes(whole(stores), tenant="default", cache=cache, scratch=watched) as on:
        found = [on.of(each).rank(["room 2"], limit=10) for each in (plain, words, context, plain, words)]

    assert [each.release.digest for each in (plain, words, context)] == watched.made
    assert (found[0], found[1]) == (found[3], found[4])
    assert found[0] != found[1]


def test_a_question_is_embedded_once(stores: Stores, static_encoder: Encoder, tmp_path: Path) -> None:
    """However many releases of an encoder are asked it, and where it comes twice."""
    corpus(stores)
    asked: list[str] = []

    class Counting:
        """Takes down what is embedded."""

        digest, dimension = static_encoder.digest, static_encoder.dimension
        passages_digest = static_encoder.passages_digest
        encode_passages, count_tokens = static_encoder.encode_passages, static_encoder.count_tokens

        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            """Embed."""
            asked.extend(texts)
            return static_encoder.encode_queries(texts)

    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    counting = Counting()
    with trial_indexes(
        whole(stores), tenant="default", cache=cache, scratch=Watched(tmp_path / "scratch")
    ) as on:
        for weight in (0.5, 1.0):
            on.of(cast(counting, Retrieval(dense_weight=weight))).rank([*QUESTIONS, *QUESTIONS], limit=3)
        vectors = on.of(cast(counting, Retrieval(dense_weight=0.5))).vectors(QUESTIONS)

    assert asked == QUESTIONS
    np.testing.assert_allclose(static_encoder.encode_queries(QUESTIONS), vectors, atol=1e-6)


def test_a_stage_that_fails_leaves_nothing_open(
    stores: Stores, static_encoder: Encoder, tmp_path: Path
) -> None:
    """What is raised inside passes, and every index is closed."""
    corpus(stores)
    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    casts = [cast(static_encoder, Retrieval(context_weight=weight)) for weight in (0.0, 0.5)]
    folder = tmp_path / "scratch"

    @contextmanager
    def scratch() -> Iterator[IndexStore]:
        yield QdrantFolders(folder)

    with (
        pytest.raises(NotFound, match=r"Stop\."),
        trial_indexes(whole(stores), tenant="default", cache=cache, scratch=scratch) as on,
    ):
        for each in casts:
            on.of(each)
        raise NotFound("Stop.")
    for each in casts:
        QdrantFolders(folder).open(each.release).close()
