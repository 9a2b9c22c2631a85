"""What every passage index must do with words: alone, beside vectors, and not at all."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.ports import Found, IndexStore, PassageIndex, Vectors
from rag.text.sparse import Words
from rag.text.stop_words import stop_words

DIMENSION = 16
TEXTS = [
    "Aspirin eases pain and fever.",
    "Ibuprofen eases pain, too.",
    "The parser module os.path joins names of files.",
    "Files are kept for a year.",
    "A year has twelve months, a month four weeks and some days.",
    "Pain that lasts for months needs a physician.",
]
Opened = Callable[..., PassageIndex]


def passages_of(texts: Sequence[str], tenant: str = "default") -> list[Passage]:
    """One document for each text."""
    documents = [Document.create(uri=f"{i}.txt", text=t, tenant=tenant) for i, t in enumerate(texts)]
    return [Passage.create(document, 0, document.text) for document in documents]


def some_vectors(count: int, seed: int = 1) -> Vectors:
    """Random rows of unit length."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def ids_of(found: Sequence[Found]) -> list[str]:
    """The passages' ids, best first."""
    return [each.passage.id for each in found]


def bm25(texts: Sequence[str], question: str, retrieval: Retrieval) -> NDArray[np.float64]:
    """Score every text by the formula, with the IDF of Lucene: log((n - df + 0.5) / (df + 0.5) + 1)."""
    words = Words(retrieval)
    weighed = [words.passage(text) for text in texts]
    rows = [dict(zip(each.indices, each.values, strict=True)) for each in weighed]
    scores = np.zeros(len(texts))
    for term in words.question(question).indices:
        df = sum(term in row for row in rows)
        idf = np.log((len(texts) - df + 0.5) / (df + 0.5) + 1)
        scores += [idf * row.get(term, 0) for row in rows]
    return scores


@pytest.fixture
def opened(passage_indexes: IndexStore) -> Iterator[Opened]:
    """Makes an index that weighs cosine and words as asked, and closes it at the end."""
    indexes = []

    def make(dense_weight: float, encoder: str = "e" * 64) -> PassageIndex:
        retrieval = Retrieval(dense_weight=dense_weight)
        release = Release.create(
            encoder=encoder, dimension=DIMENSION, chunking=Chunking(), retrieval=retrieval
        )
        indexes.append(passage_indexes.open(release, create=True))
        return indexes[-1]

    yield make
    for index in indexes:
        index.close()


@pytest.mark.parametrize("dense_weight", [0.05, 0.5, 0.75, 0.95])
def test_order_is_the_weighted_sum_and_scores_are_cosines(opened: Opened, dense_weight: float) -> None:
    """Passages come by w * cosine + (1 - w) * BM25 / 20, each with its exact cosine as the score."""
    index, passages, vectors = opened(dense_weight), passages_of(TEXTS), some_vectors(len(TEXTS))
    index.upsert(passages, vectors)
    question, asked = "Which files are kept for months against pain?", some_vectors(1, seed=5)[0]

    found = index.search(asked, tenant="default", limit=5, text=question)

    cosines = vectors @ asked
    retrieval = Retrieval(dense_weight=dense_weight)
    fused = dense_weight * cosines + (1 - dense_weight) * bm25(TEXTS, question, retrieval) / 20
    best = np.argsort(-fused)[:5]
    assert [passages[i].id for i in best] == ids_of(found)
    assert np.allclose(cosines[best], [each.score for each in found], atol=1e-5)


def test_by_words_alone(opened: Opened) -> None:
    """Without weight for vectors the order is BM25's, only passages with a word are found, scores are cosines."""
    index, passages, vectors = opened(0), passages_of(TEXTS), some_vectors(len(TEXTS))
    index.upsert(passages, vectors)
    asked = some_vectors(1, seed=5)[0]

    found = index.search(asked, tenant="default", limit=6, text="files kept for years, joined files")

    scores = bm25(TEXTS, "files kept for years, joined files", Retrieval(dense_weight=0))
    best = [i for i in np.argsort(-scores) if scores[i] > 0]
    assert 2 < len(best) < 6
    assert [passages[i].id for i in best] == ids_of(found)
    assert np.allclose((vectors @ asked)[best], [each.score for each in found], atol=1e-5)


@pytest.mark.parametrize("question", ["Who are you?", "Xylophone", "", "?!", None])
@pytest.mark.parametrize("dense_weight", [0, 0.5])
def test_without_a_known_word_the_vector_finds(
    opened: Opened, question: str | None, dense_weight: float
) -> None:
    """A question of stop words, of words nobody wrote, or of none is searched by its vector."""
    index, passages, vectors = opened(dense_weight), passages_of(TEXTS), some_vectors(len(TEXTS))
    index.upsert(passages, vectors)
    asked = some_vectors(1, seed=5)[0]

    found = index.search(asked, tenant="default", limit=4, text=question)

    assert [passages[i].id for i in np.argsort(-(vectors @ asked))[:4]] == ids_of(found)


def test_by_vectors_alone_words_do_not_count(opened: Opened) -> None:
    """A release of vectors alone gives the same whatever the text says."""
    index, passages, vectors = opened(1), passages_of(TEXTS), some_vectors(len(TEXTS))
    index.upsert(passages, vectors)
    asked = some_vectors(1, seed=5)[0]

    assert index.search(asked, tenant="default", limit=6) == index.search(
        asked, tenant="default", limit=6, text="aspirin"
    )


def test_titles_are_words_too(opened: Opened) -> None:
    """A passage is found by a word that only its title has."""
    index = opened(0)
    document = Document.create(uri="a.txt", title="Paracetamol", text="text")
    index.upsert([Passage.create(document, 0, "It eases pain.")], some_vectors(1))

    assert 1 == len(index.search(some_vectors(1)[0], tenant="default", limit=3, text="paracetamol"))


@pytest.mark.parametrize("dense_weight", [0, 0.3])
def test_other_tenants_are_not_felt(opened: Opened, dense_weight: float) -> None:
    """A tenant finds its own passages alone, in the order they would have if nobody else were there."""
    alone, shared = opened(dense_weight), opened(dense_weight, "f" * 64)
    ours, vectors = passages_of(TEXTS, "ours"), some_vectors(len(TEXTS))
    # Elsewhere pain is a word everybody uses and months one that nobody does, so a common IDF would turn the order.
    crowd = passages_of([f"Pain, ibuprofen and files, number {i}" for i in range(200)], "theirs")
    alone.upsert(ours, vectors)
    shared.upsert([*ours, *crowd], np.concatenate([vectors, some_vectors(200, seed=3)]))
    question, asked = "pain, ibuprofen, files, months", some_vectors(1, seed=5)[0]

    found = shared.search(asked, tenant="ours", limit=6, text=question)

    undisturbed = alone.search(asked, tenant="ours", limit=6, text=question)
    assert [each.passage for each in undisturbed] == [each.passage for each in found]
    assert [each.score for each in undisturbed] == pytest.approx([each.score for each in found], abs=1e-6)
    for nobody in ("", "others"):
        assert [] == shared.search(asked, tenant=nobody, limit=6, text=question)


@pytest.mark.parametrize("dense_weight", [0, 0.5])
def test_words_are_confined_by_metadata(opened: Opened, dense_weight: float) -> None:
    """However well its words fit, a passage with other metadata is not found."""
    index = opened(dense_weight)
    documents = [
        Document.create(uri=f"{i}.txt", text=text, metadata={"kind": "odd" if i % 2 else "even"})
        for i, text in enumerate(TEXTS)
    ]
    index.upsert([Passage.create(each, 0, each.text) for each in documents], some_vectors(len(TEXTS)))

    found = index.search(
        some_vectors(1)[0], tenant="default", limit=6, text="aspirin fever pain", where={"kind": ["odd"]}
    )

    assert found
    assert {"odd"} == {each.passage.metadata["kind"] for each in found}


def test_a_passage_that_changed_has_other_words(opened: Opened) -> None:
    """Written anew under the same id a passage is found by its new words; deleted, by none."""
    index = opened(0)
    (passage,) = passages_of(["aspirin"])
    index.upsert([passage], some_vectors(1))
    changed = Passage(
        **{name: getattr(passage, name) for name in passage.__slots__ if name not in ("text", "text_hash")},
        text="ibuprofen",
        text_hash="0" * 64,
    )
    index.upsert([*passages_of(TEXTS)[2:4], changed], some_vectors(3))
    asked = some_vectors(1)[0]

    def texts(question: str) -> list[str]:
        return [each.passage.text for each in index.search(asked, tenant="default", limit=9, text=question)]

    assert ["ibuprofen"] == texts("ibuprofen")
    assert "ibuprofen" in texts("aspirin")  # nobody has that word any more, so the vector finds
    index.delete_documents([passage.document_id])
    assert "ibuprofen" not in texts("ibuprofen")


def test_more_than_a_hundred_are_found(opened: Opened) -> None:
    """The depth follows the limit; what is far in one list is not lost."""
    index = opened(0.5)
    texts = [f"pain {'fever ' * (i % 7)} {i}" for i in range(300)]
    passages, vectors = passages_of(texts), some_vectors(300)
    index.upsert(passages, vectors)

    found = index.search(some_vectors(1, seed=5)[0], tenant="default", limit=250, text="fever and pain")

    assert 250 == len(set(ids_of(found)))


def test_the_ranking_by_words_is_that_of_another_implementation(
    passage_indexes: IndexStore, datasets: Path
) -> None:
    """On real passages and questions BM25 here finds what bm25s finds with words it splits and stems itself."""
    import bm25s
    import snowballstemmer

    corpus = [json.loads(line) for line in _lines(datasets / "feedbackqa" / "corpus.jsonl")][:800]
    queries = [json.loads(line) for line in _lines(datasets / "feedbackqa" / "queries.jsonl")]
    questions = [each["text"] for each in queries if each["split"] == "dev"][:60]
    documents = [Document.create(uri=each["_id"], title=each["title"], text=each["text"]) for each in corpus]
    passages = [Passage.create(document, 0, document.text) for document in documents]

    def tokens(texts: list[str]) -> list[list[str]]:
        stem = snowballstemmer.stemmer("english").stemWords
        words: list[list[str]] = bm25s.tokenize(
            texts,
            stopwords=sorted(stop_words("english")),
            stemmer=stem,
            return_ids=False,
            show_progress=False,
        )
        return words

    theirs = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
    tokenised = tokens([passage.embedded_text for passage in passages])
    theirs.index(tokenised, show_progress=False)
    rows, _ = theirs.retrieve(tokens(questions), k=10, show_progress=False)

    ordinary = sum(map(len, tokenised)) / len(tokenised)
    retrieval = Retrieval(dense_weight=0, bm25_k1=1.5, bm25_b=0.75, bm25_length=ordinary)
    release = Release.create(encoder="e" * 64, dimension=DIMENSION, chunking=Chunking(), retrieval=retrieval)
    index = passage_indexes.open(release, create=True)
    index.upsert(passages, some_vectors(len(passages)))
    ours = [
        ids_of(index.search(some_vectors(1)[0], tenant="default", limit=10, text=question))
        for question in questions
    ]
    index.close()

    expected = [[passages[row].id for row in some] for some in np.asarray(rows)]
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(expected, ours, strict=True)]
    assert np.mean(shared) > 0.9
    assert np.mean([a[0] == b[0] for a, b in zip(expected, ours, strict=True)]) > 0.85


def _lines(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return list(lines)


@pytest.mark.parametrize("dense_weight", [0, 0.5, 1.0])
@pytest.mark.parametrize("question", ["Which files are kept for months against pain?", "Xylophone", None])
def test_an_order_is_that_of_a_search(opened: Opened, dense_weight: float, question: str | None) -> None:
    """Ids alone come as the passages would, whichever way is searched; nobody's tenant has none."""
    index, passages, vectors = opened(dense_weight), passages_of(TEXTS), some_vectors(len(TEXTS))
    index.upsert(passages, vectors)
    index.upsert(passages_of(TEXTS, tenant="theirs"), some_vectors(len(TEXTS), seed=2))
    asked = some_vectors(1, seed=5)[0]

    ids = index.order(asked, tenant="default", limit=4, text=question)

    assert ids
    assert ids_of(index.search(asked, tenant="default", limit=4, text=question)) == ids
    assert [] == index.order(asked, tenant="", limit=4, text=question)
    assert [] == index.order(asked, tenant="default", limit=0, text=question)


@pytest.mark.parametrize("dense_weight", [0, 0.3, 0.9, 1.0])
def test_another_weight_is_that_of_an_index_made_with_it(opened: Opened, dense_weight: float) -> None:
    """An index with words is asked with any weight, all for the vector as well; order and scores are the same."""
    passages, vectors = passages_of(TEXTS), some_vectors(len(TEXTS))
    made, asked_so = opened(dense_weight), opened(0.5, encoder="f" * 64)
    for index in (made, asked_so):
        index.upsert(passages, vectors)
    question, asked = "Which files are kept for months against pain?", some_vectors(1, seed=5)[0]
    words: dict[str, Any] = {"tenant": "default", "limit": 5, "text": question}

    expected = made.search(asked, **words)
    found = asked_so.search(asked, dense_weight=dense_weight, **words)

    assert ids_of(expected) == ids_of(found)
    assert ids_of(expected) == asked_so.order(asked, dense_weight=dense_weight, **words)
    assert [each.score for each in expected] == pytest.approx([each.score for each in found], abs=1e-6)
    assert ids_of(asked_so.search(asked, **words)) == ids_of(
        asked_so.search(asked, dense_weight=0.5, **words)
    )


def test_an_index_without_words_is_searched_by_the_vector(opened: Opened) -> None:
    """Whatever weight is asked for."""
    index, passages, vectors = opened(1.0), passages_of(TEXTS), some_vectors(len(TEXTS))
    index.upsert(passages, vectors)
    asked = some_vectors(1, seed=5)[0]

    found = index.search(asked, tenant="default", limit=6, text="files against pain", dense_weight=0.2)

    assert [passages[i].id for i in np.argsort(-(vectors @ asked))] == ids_of(found)
