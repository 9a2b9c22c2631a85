"""What every passage index must do; what it does with words is in test_fused_search."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import numpy as np
import pytest

from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.errors import DimensionMismatch, NotFound
from rag.ports import Found, IndexStore, PassageIndex, Vectors, Where

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


def ids_of(found: Sequence[Found]) -> list[str]:
    """The passages' ids, best first."""
    return [each.passage.id for each in found]


@pytest.fixture
def store(passage_indexes: IndexStore) -> IndexStore:
    """Every place an index can live."""
    return passage_indexes


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
    assert [passages[i].id for i in best] == ids_of(found)
    assert np.allclose(cosines[best], [each.score for each in found], atol=1e-5)


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

    assert passages[1].id == index.search(vectors[1], tenant="default", limit=1)[0].passage.id


def test_a_tenant_finds_its_own_alone(index: PassageIndex) -> None:
    """However near another tenant's passages are, they are not found; nobody finds nothing."""
    ours, theirs = some_passages(6, tenant="ours"), some_passages(6, tenant="theirs")
    vectors = some_vectors(6)
    index.upsert(ours, vectors)

    assert [] == index.search(vectors[0], tenant="theirs", limit=5)
    assert 5 == len(index.search(vectors[0], tenant="ours", limit=5))

    index.upsert(theirs, vectors)

    for tenant, passages in (("ours", ours), ("theirs", theirs)):
        found = ids_of(index.search(vectors[2], tenant=tenant, limit=20))
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

    assert {p.id for p in ours} == set(ids_of(second.search(some_vectors(1)[0], tenant="ours", limit=9)))
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


@pytest.mark.filterwarnings("ignore:Local mode performs exact")
def test_an_exact_search_compares_with_every_vector(index: PassageIndex) -> None:
    """By the vector alone it is the order of the cosines; with words it changes nothing."""
    passages, vectors = some_passages(200), some_vectors(200)
    index.upsert(passages, vectors)
    question = some_vectors(1, seed=7)[0]
    order = [passages[at].id for at in np.argsort(-(vectors @ question))[:20]]

    assert order == index.order(question, tenant="default", limit=20, exact=True)
    asked = {"tenant": "default", "limit": 5, "text": "passage 7"}
    assert index.order(question, **asked) == index.order(question, **asked, exact=True)  # type: ignore[arg-type]


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
    assert passages[2].id == second.search(vectors[2], tenant="default", limit=1)[0].passage.id
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


def test_threads_write_and_search_at_once(request: pytest.FixtureRequest, index: PassageIndex) -> None:
    """Searches during writing neither fail nor see another tenant."""
    if "python" in request.node.callspec.id:
        pytest.skip("the client's Python engine is not made for threads")
    ours = some_passages(40, tenant="ours")
    index.upsert(ours, some_vectors(40))
    known = {p.id for p in ours}

    def work(number: int) -> bool:
        if number % 4 == 0:
            index.upsert(some_passages(5, tenant="theirs", uri=f"{number}.txt"), some_vectors(5, seed=number))
        found = index.search(some_vectors(1, seed=number)[0], tenant="ours", limit=5)
        return len(found) == 5 and set(ids_of(found)) <= known

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))
    assert 40 + 10 * 5 == index.count()


def test_a_passage_comes_back_as_it_was_written(index: PassageIndex) -> None:
    """All that a passage holds is in the index, so that questions are answered while the database is away."""
    document = Document.create(
        uri="https://example.org/ä?b=1#c",
        title='Über "Quotes"\n',
        text="text",
        tenant="ours",
        metadata={"lang": "de", 'a."b"[]': "", " ü": "x", "year": 2024, "tags": ["a", 1.5, True]},
    )
    passage = Passage.create(document, 3, "line one\nline two \U0001f600\u0000end", title="Heading")

    index.upsert([passage], some_vectors(1))

    (found,) = index.search(some_vectors(1)[0], tenant="ours", limit=5)
    assert passage == found.passage
    assert 1 == pytest.approx(found.score, abs=1e-5)


def test_a_search_is_confined_by_metadata(index: PassageIndex) -> None:
    """All names have to fit, of each any of the values; never another tenant's passages."""
    kinds = [{"lang": "de", "a.b": "1"}, {"lang": "en", "a.b": "1"}, {"lang": "fr"}, {}]
    documents = [
        Document.create(uri=f"{number}.txt", text="text", tenant=tenant, metadata=metadata)
        for tenant in ("ours", "theirs")
        for number, metadata in enumerate(kinds)
    ]
    passages = [Passage.create(document, 0, "text") for document in documents]
    index.upsert(passages, some_vectors(len(passages)))

    def found(where: Where | None) -> set[str]:
        return {
            each.passage.uri
            for each in index.search(some_vectors(1)[0], tenant="ours", limit=20, where=where)
            if each.passage.tenant == "ours"
        }

    assert {"0.txt", "1.txt", "2.txt", "3.txt"} == found(None) == found({})
    assert {"0.txt"} == found({"lang": ["de"]})
    assert {"0.txt", "2.txt"} == found({"lang": {"de", "fr", "es"}})
    assert {"1.txt"} == found({"lang": ["en", "fr"], "a.b": ["1"]})
    assert {"0.txt", "1.txt"} == found({"a.b": ["1", "2"]})
    nothing: list[Where] = [{"lang": ["DE"]}, {"lang": []}, {"b": ["1"]}, {"a": ["1"]}]
    for none in (*nothing, {"lang": ["de"], "a.b": ["2"]}):
        assert set() == found(none)


def test_metadata_that_changed_is_what_counts(index: PassageIndex) -> None:
    """The same passage written again with other metadata is found by those alone."""
    for lang in ("de", "en"):
        document = Document.create(uri="a.txt", text="text", metadata={"lang": lang})
        index.upsert([Passage.create(document, 0, "text")], some_vectors(1))

    vector = some_vectors(1)[0]
    assert [] == index.search(vector, tenant="default", limit=1, where={"lang": ["de"]})
    assert 1 == len(index.search(vector, tenant="default", limit=1, where={"lang": ["en"]}))


def test_equal_passages_have_one_order(store: IndexStore) -> None:
    """However an index came about, passages of equal score come in the same order."""
    orders = []
    passages = some_passages(12)
    for turn in (1, -1):
        release = a_release()
        index = store.open(release, create=True)
        index.upsert(passages[::turn], np.repeat(some_vectors(1), 12, axis=0))
        orders.append(ids_of(index.search(some_vectors(1)[0], tenant="default", limit=12)))
        index.close()

    assert sorted(p.id for p in passages) == orders[0] == orders[1]
