"""Every passage index finds by metadata what `fits` says."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from rag.adapters.qdrant import index as shared
from rag.adapters.qdrant.payloads import MEASURED, payload_of
from rag.domain import Chunking, Document, Passage, Release, Retrieval, fits, metadata_of, range_of
from rag.ports import IndexStore, PassageIndex, Vectors, Where

DIMENSION = 16

VALUES: list[Any] = [
    *(0, -1, 2, 2.5, 4, 4.0, 2**53 + 1, -(2**63), 5e-324, 1e300, -1e300),
    *("4", "4.0", " 7 ", "1e3", "-2.5", "nan", "1e999", "abc", "", "true", "4,5"),
    *(True, False),
    *(
        "2024-05-01",
        "2024-05",
        "2024-05-01T10:00:00Z",
        "2024-05-01T10:00:00.5+02:00",
        "2024-04-30T23:30-02:00",
    ),
    *("0001-01-01", "9999-12-31T23:59:59-12:00", "2024-02-30", "1969-12-31", "2024"),
    *([1, 10], ["a", 3, "2024-05-01"], ["2024-05-01", "2025-05-01"], [], [True], ["4", "5"]),
]
"""What a name stands for, one passage each."""

RANGES: list[dict[str, Any]] = [
    *(
        {name: bound}
        for name in ("gt", "gte", "lt", "lte")
        for bound in (0, 4, "4", -2.5, 2**53, 1e300, 5e-324)
    ),
    *(
        {name: bound}
        for name in ("gt", "gte", "lt", "lte")
        for bound in ("2024-05-01", "2024-05", "2024-05-01T08:00:00.5Z")
    ),
    *(
        {"gte": 2, "lt": 5},
        {"gt": 1, "lt": 10},
        {"gt": 5, "lt": 2},
        {"gte": 4, "lte": 4},
        {"gt": 3, "gte": 4},
    ),
    *(
        {"gte": "2024-05-01", "lte": "2024-05-01"},
        {"gt": "2024-05-02", "lt": "2025-04"},
        {"lt": "0001-01-02"},
    ),
    *({"gt": "9999-12-31"}, {"gte": "2024-05-01T00:00+14:00", "lt": "2024-05-01T00:00-12:00"}),
]

NAMES = ("price", 'a.b[]."ü" \\', "number", " \t.", "labels")
"""Names that an author may give; also those that payloads have."""

CONDITIONS: list[Where] = [
    *({NAMES[0]: range_of(bounds)} for bounds in RANGES),
    *(
        {NAMES[0]: [value]}
        for value in (4, "4", 4.0, "4.0", True, "true", 1, "", "a", 2.5, "2024-05-01", 2024)
    ),
    *({NAMES[0]: values} for values in (["4", "abc"], [3, True], [])),
    *({name: range_of({"gte": 2, "lt": 5})} for name in (*NAMES, "price.x", "none")),
    {NAMES[0]: range_of({"gte": 0}), NAMES[1]: range_of({"lte": 4})},
    {NAMES[0]: range_of({"gte": 0}), NAMES[1]: 4},
    {NAMES[0]: range_of({"gte": "2024-01-01"}), NAMES[1]: range_of({"gte": 0})},
]


def a_release(**retrieval: Any) -> Release:
    """A release nobody else has."""
    chosen = Retrieval(**retrieval)
    return Release.create(encoder=uuid4().hex * 2, dimension=DIMENSION, chunking=Chunking(), retrieval=chosen)


def some_passages(tenant: str = "ours") -> list[Passage]:
    """A passage for each value, which other names have as well, in another order."""
    passages = []
    for number, value in enumerate(VALUES):
        others = {name: VALUES[(number + turn) % len(VALUES)] for turn, name in enumerate(NAMES)}
        document = Document.create(
            uri=f"{number}.txt", text="text", tenant=tenant, metadata=others | {NAMES[0]: value}
        )
        passages.append(Passage.create(document, 0, f"passage {number}"))
    return passages


def some_vectors(count: int) -> Vectors:
    """Random rows of unit length."""
    rows = np.random.default_rng(1).normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def filled(store: IndexStore, release: Release, passages: list[Passage]) -> PassageIndex:
    """Make the release's index of the passages."""
    index = store.open(release, create=True)
    index.upsert(passages, some_vectors(len(passages)))
    return index


@pytest.fixture
def store(passage_indexes: IndexStore) -> IndexStore:
    """Every place an index can live."""
    return passage_indexes


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Points are written as before version 0.3, until it is undone."""

    def before(passage: Passage) -> dict[str, Any]:
        payload = payload_of(passage)
        labels = [label for label in payload["labels"] if label != MEASURED]
        return payload | {"labels": labels, "number": {}, "date": {}}

    monkeypatch.setattr(shared, "payload_of", before)
    yield monkeypatch


@pytest.mark.parametrize("dense_weight", [1.0, 0.8, 0.0])
def test_an_index_finds_what_fits(store: IndexStore, dense_weight: float) -> None:
    """Values of every kind against conditions of every kind: by vectors, by words, and by both."""
    passages = some_passages()
    index = filled(store, a_release(dense_weight=dense_weight), [*passages, *some_passages("theirs")])

    for where in CONDITIONS:
        found = index.search(some_vectors(1)[0], tenant="ours", limit=100, text="passage", where=where)

        expected = {passage.id for passage in passages if fits(passage.metadata, where)}
        assert (where, expected) == (where, {each.passage.id for each in found})
    index.close()


def test_typed_metadata_comes_back(store: IndexStore) -> None:
    """Numbers, truth values and lists are what they were, whole numbers to the last digit."""
    passages = some_passages()
    index = filled(store, a_release(), passages)

    found = index.search(some_vectors(1)[0], tenant="ours", limit=100)

    kept = {each.passage.id: repr(dict(sorted(each.passage.metadata.items()))) for each in found}
    assert {passage.id: repr(dict(sorted(passage.metadata.items()))) for passage in passages} == kept
    index.close()


def test_the_nearest_of_a_range_come_first(store: IndexStore) -> None:
    """The range is part of the query: as many as asked for are found, however many are nearer."""
    documents = [Document.create(uri=f"{n}.txt", text="text", metadata={"n": n}) for n in range(400)]
    passages = [Passage.create(document, 0, "text") for document in documents]
    index = filled(store, a_release(), passages)
    question, vectors = some_vectors(1)[0], some_vectors(400)

    found = index.search(question, tenant="default", limit=5, where={"n": range_of({"gte": 100, "lt": 120})})

    nearest = sorted(range(100, 120), key=lambda n: -float(vectors[n] @ question))[:5]
    assert [f"{n}.txt" for n in nearest] == [each.passage.uri for each in found]
    index.close()


def test_names_beyond_those_that_are_indexed(store: IndexStore) -> None:
    """However many names there are, also over several writes and another opening, each is filtered by."""
    release = a_release()
    index = store.open(release, create=True)
    for turn in range(3):
        if turn == 2:
            index.close()
            index = store.open(release)
        metadata = metadata_of({f"{turn}-{n}": n for n in range(shared.MOST_RANGES // 2)})
        document = Document.create(uri=f"{turn}.txt", text="text", metadata=metadata)
        index.upsert([Passage.create(document, 0, "text")], some_vectors(1))

    for turn in range(3):
        for n in (0, shared.MOST_RANGES // 2 - 1):
            where = {f"{turn}-{n}": range_of({"gte": n, "lt": n + 1})}
            found = index.search(some_vectors(1)[0], tenant="default", limit=9, where=where)
            assert [f"{turn}.txt"] == [each.passage.uri for each in found]
    index.close()


def test_names_come_while_ranges_are_searched(request: pytest.FixtureRequest, store: IndexStore) -> None:
    """Searches by range during writes that bring new names find all that fits and was there before."""
    if "python" in request.node.callspec.id:
        pytest.skip("the client's Python engine is not made for threads")
    passages = some_passages()
    index = filled(store, a_release(), passages)
    where = {NAMES[0]: range_of({"gte": 2, "lt": 5})}
    expected = {passage.id for passage in passages if fits(passage.metadata, where)}

    def work(number: int) -> bool:
        if number % 2:
            document = Document.create(uri=f"{number}", text="text", metadata={f"name-{number}": number})
            index.upsert([Passage.create(document, 0, "text")], some_vectors(1))
        found = index.search(some_vectors(1)[0], tenant="ours", limit=100, where=where)
        return {each.passage.id for each in found} == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))
    index.close()


def test_an_index_of_before_is_searched_by_ranges(store: IndexStore, unmeasured: pytest.MonkeyPatch) -> None:
    """Points without numbers and dates of their own are found by what their metadata says, beside newer ones."""
    passages = some_passages()
    release = a_release()
    index = filled(store, release, passages[::2])
    unmeasured.undo()
    index.upsert(passages[1::2], some_vectors(len(passages))[1::2])

    for where in CONDITIONS:
        found = index.search(some_vectors(1)[0], tenant="ours", limit=100, where=where)
        one = index.search(some_vectors(1)[0], tenant="ours", limit=1, where=where)

        expected = {passage.id for passage in passages if fits(passage.metadata, where)}
        assert (where, expected) == (where, {each.passage.id for each in found})
        assert [each.passage.id for each in found[:1]] == [each.passage.id for each in one]
    index.close()


def test_an_index_of_before_is_searched_deep(store: IndexStore, unmeasured: pytest.MonkeyPatch) -> None:
    """What fits is found behind hundreds of nearer passages that do not, and no more than asked for."""
    documents = [Document.create(uri=f"{n}.txt", text="text", metadata={"n": n}) for n in range(400)]
    passages = [Passage.create(document, 0, "text") for document in documents]
    index = filled(store, a_release(), passages)
    question, vectors = some_vectors(1)[0], some_vectors(400)
    furthest = sorted(range(400), key=lambda n: float(vectors[n] @ question))[:3]

    for n in furthest:
        where = {"n": range_of({"gte": n, "lte": n})}
        found = index.search(question, tenant="default", limit=1, where=where)
        assert [f"{n}.txt"] == [each.passage.uri for each in found]
    assert 2 == len(index.search(question, tenant="default", limit=2, where={"n": range_of({"gte": 0})}))
    index.close()
