"""Metrics against ir_measures, exact search, intervals and the paired test."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag.adapters.qdrant import QdrantFolders
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.errors import InvalidInput
from rag.ports import Vectors
from rag.releases.rehearsal import Cast, Scratch
from retrain.domain import EvalQuestion, Origin, Scorecard
from retrain.verdict.evaluation import (
    METRICS,
    clusters,
    compare,
    contrast,
    evaluate,
    rank,
    rehearsed,
    search,
)


def _question(name: str, relevant: Sequence[str], origin: Origin = Origin.LOG) -> EvalQuestion:
    return EvalQuestion(
        id=name, text=name, relevant=frozenset(relevant), documents=frozenset(relevant), origin=origin
    )


_MEASURES = {
    **{f"recall@{k}": ir_measures.R @ k for k in (1, 3, 5, 10)},
    **{f"precision@{k}": ir_measures.P @ k for k in (1, 3, 5, 10)},
    **{f"accuracy@{k}": ir_measures.Success @ k for k in (1, 3, 5, 10)},
    "mrr@10": ir_measures.RR @ 10,
    "ndcg@10": ir_measures.nDCG @ 10,
    "map@100": ir_measures.AP @ 100,
}


@given(st.integers(0, 10**6), st.integers(1, 150), st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_metrics_are_those_of_ir_measures(seed: int, corpus: int, questions: int) -> None:
    """On random rankings, every metric of every question equals the reference implementation's."""
    rng = np.random.default_rng(seed)
    names = [f"p{n}" for n in range(corpus)]
    asked = [
        _question(
            f"q{n}", rng.choice(names, size=rng.integers(1, min(corpus, 15) + 1), replace=False).tolist()
        )
        for n in range(questions)
    ]
    ranked = [rng.permutation(names).tolist() for _ in asked]
    qrels = [ir_measures.Qrel(q.id, passage, 1) for q in asked for passage in q.relevant]
    scored = [
        ir_measures.ScoredDoc(q.id, passage, float(-place))
        for q, found in zip(asked, ranked, strict=True)
        for place, passage in enumerate(found)
    ]
    expected = np.zeros((questions, len(METRICS)))
    columns = {str(measure): list(METRICS).index(name) for name, measure in _MEASURES.items()}
    for metric in ir_measures.iter_calc(list(_MEASURES.values()), qrels, scored):
        expected[int(metric.query_id[1:]), columns[str(metric.measure)]] = metric.value
    np.testing.assert_allclose(evaluate(ranked, asked), expected, atol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 50))
def test_search_is_exact_and_ties_go_to_the_earlier(seed: int, passages: int, k: int) -> None:
    """Equal to sorting everything; coarse vectors give many ties."""
    rng = np.random.default_rng(seed)
    asked = rng.integers(-1, 2, size=(7, 3)).astype(np.float32)
    corpus = rng.integers(-1, 2, size=(passages, 3)).astype(np.float32)
    expected = np.argsort(-(asked @ corpus.T), axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(rank(asked, corpus, k), expected)


def test_search_in_nothing_finds_nothing() -> None:
    """An empty corpus is no error."""
    found = rank(np.zeros((2, 3), dtype=np.float32), np.zeros((0, 3), dtype=np.float32), 5)
    assert found.shape == (2, 0)


def _metrics(rng: np.random.Generator, chance: float, count: int) -> NDArray[np.float64]:
    return np.repeat((rng.random((count, 1)) < chance).astype(np.float64), len(METRICS), axis=1)


def test_intervals_hold_their_means_and_the_true_difference() -> None:
    """In 20 draws of two equal encoders, the interval misses zero about as rarely as its level says."""
    rng = np.random.default_rng(5)
    misses = falls = 0
    for _ in range(20):
        before, after = _metrics(rng, 0.6, 200), _metrics(rng, 0.6, 200)
        row = contrast(before, after, np.arange(200), seed=1)[0]
        assert row.incumbent.low <= row.incumbent.value <= row.incumbent.high
        assert row.difference.value == pytest.approx(row.candidate.value - row.incumbent.value)
        misses += not row.difference.low <= 0 <= row.difference.high
        falls += row.difference.p_value < 0.05
    assert misses <= 4
    assert falls <= 4


def test_a_clear_gain_is_seen() -> None:
    """A better encoder has an interval above zero and the smallest p-value there is."""
    rng = np.random.default_rng(5)
    row = contrast(_metrics(rng, 0.4, 300), _metrics(rng, 0.7, 300), np.arange(300), seed=1)[0]
    assert row.difference.low > 0.1
    assert row.difference.p_value == pytest.approx(1 / 5001)


def test_no_difference_has_p_value_one() -> None:
    """The same encoder twice: nothing between them, and no surer than that."""
    values = _metrics(np.random.default_rng(5), 0.5, 50)
    row = contrast(values, values, np.arange(50), seed=1)[0]
    assert (row.difference.value, row.difference.low, row.difference.high) == (0, 0, 0)
    assert row.difference.p_value == 1


def test_wordings_of_one_question_make_nothing_surer() -> None:
    """Each question asked five times over gives the interval of the questions, not one of five times as many."""
    rng = np.random.default_rng(5)
    before, after = _metrics(rng, 0.5, 60), _metrics(rng, 0.6, 60)
    once = contrast(before, after, np.arange(60), seed=1)[0].difference
    often = contrast(
        np.repeat(before, 5, axis=0), np.repeat(after, 5, axis=0), np.repeat(np.arange(60), 5), seed=1
    )[0].difference
    assert often.high - often.low == pytest.approx(once.high - once.low)
    assert often.p_value == once.p_value


def test_thousands_of_questions_take_seconds() -> None:
    """Resampling is vectorised."""
    rng = np.random.default_rng(5)
    values = _metrics(rng, 0.5, 4_000), _metrics(rng, 0.5, 4_000)
    started = time.perf_counter()
    contrast(*values, np.arange(4_000), seed=1)
    assert time.perf_counter() - started < 20


def test_questions_with_the_same_answers_are_one_cluster() -> None:
    """Numbers follow the answers."""
    asked = [_question("a", "xy"), _question("b", "x"), _question("c", "yx")]
    assert clusters(asked).tolist() == [0, 1, 0]


@dataclass
class _Letters:
    """An encoder that counts some letters: works without a model."""

    letters: str
    digest: str = field(init=False)
    passages_digest: str = field(init=False)
    dimension: int = field(init=False)

    def __post_init__(self) -> None:
        self.digest = self.passages_digest = f"letters-{self.letters}"
        self.dimension = len(self.letters)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Count and normalise."""
        counts = np.array([[text.count(letter) + 1e-3 for letter in self.letters] for text in texts])
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)

    encode_passages = encode_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count letters."""
        return [len(text) for text in texts]


class _Cache:
    """An embedding cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], NDArray[np.float32]] = {}

    def get(self, encoder: str, text_hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Give what is known."""
        return {h: self.kept[encoder, h] for h in text_hashes if (encoder, h) in self.kept}

    def put(self, encoder: str, text_hashes: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors."""
        self.kept.update({(encoder, h): v for h, v in zip(text_hashes, vectors, strict=True)})

    def drop(self, encoder: str) -> None:
        """Forget."""
        self.kept = {key: v for key, v in self.kept.items() if key[0] != encoder}


def _corpus(*texts: str) -> list[Passage]:
    return [Passage.create(Document.create(uri=text, text=text), 0, text) for text in texts]


def _asked(corpus: list[Passage]) -> list[EvalQuestion]:
    origins = (Origin.LOG, Origin.LLM)
    return [_question(p.text, [p.id], origins[n % 2]) for n, p in enumerate(corpus)]


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """A place for indexes, emptied after each use."""

    @contextmanager
    def place() -> Iterator[QdrantFolders]:
        with TemporaryDirectory(dir=tmp_path) as folder:
            yield QdrantFolders(Path(folder))

    return place


def _cast(encoder: _Letters, **retrieval: Any) -> Cast:
    release = Release.create(
        encoder=encoder.digest,
        dimension=encoder.dimension,
        chunking=Chunking(),
        retrieval=Retrieval(**({"dense_weight": 1.0, "context_weight": 0.0} | retrieval)),
    )
    return Cast(release=release, encoder=encoder)


def _compare(
    questions: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    scratch: Scratch,
    *,
    incumbent: Cast,
    candidate: Cast,
) -> Scorecard:
    return compare(
        questions,
        corpus,
        incumbent=incumbent,
        candidate=candidate,
        tenant="default",
        cache=_Cache(),
        scratch=scratch,
        dataset="d",
        seed=1,
    )


def test_the_encoder_that_sees_more_wins(scratch: Scratch) -> None:
    """Candidate beside incumbent on the same questions and corpus, overall and by origin, with all metrics."""
    corpus = _corpus("a", "b", "c", "d", "ab", "cd")
    blind, seeing = _cast(_Letters("ab")), _cast(_Letters("abcd"))
    card = _compare(_asked(corpus), corpus, scratch, incumbent=blind, candidate=seeing)
    assert [row.metric for row in card.overall] == list(METRICS)
    assert (card.questions, card.passages) == (6, 6)
    assert (card.dataset, card.incumbent, card.candidate) == ("d", "letters-ab", "letters-abcd")
    assert card.row("recall@1").candidate.value == 1
    assert card.row("recall@1").incumbent.value < 1
    assert [(part.name, part.questions) for part in card.slices] == [
        ("origin=llm", 3),
        ("origin=log", 3),
        ("anchors", 6),
    ]
    assert not card.worst
    assert card.best
    assert all(each.rank_after == 1 and each.after[0].passage in each.relevant for each in card.best)
    assert all((each.rank_before or 99) > (each.rank_after or 99) for each in card.best)


def test_the_whole_retrieval_is_compared(scratch: Scratch) -> None:
    """With one and the same blind encoder, the release that weighs words finds what the other cannot."""
    corpus = _corpus("Form Q17 is blue.", "Form K42 is green.", "Form Z99 is red.", "Form B03 is brown.")
    questions = [
        _question(name, [p.id]) for name, p in zip(("Q17", "K42", "Z99", "B03"), corpus, strict=True)
    ]
    blind = _Letters("xy")

    card = _compare(
        questions, corpus, scratch, incumbent=_cast(blind), candidate=_cast(blind, dense_weight=0.5)
    )

    assert card.row("recall@1").candidate.value == 1
    assert card.row("recall@1").incumbent.value < 1


def test_a_rehearsal_of_vectors_ranks_as_exact_search(scratch: Scratch) -> None:
    """Where a release does nothing but compare vectors, its rehearsal finds what exact search finds."""
    corpus = _corpus("a", "b", "c", "aab", "bbc", "cca", "aaabbcc")
    encoder = _Letters("abc")
    asked = _asked(corpus)

    found = rehearsed(_cast(encoder), asked, corpus, tenant="default", cache=_Cache(), scratch=scratch)

    assert [ids[:3] for ids in found] == [ids[:3] for ids in search(encoder, asked, corpus, _Cache())]


def test_a_scorecard_is_the_same_each_time(scratch: Scratch) -> None:
    """Same things in, same digest out."""
    corpus = _corpus("a", "b", "c", "ab")
    cards = [
        _compare(
            _asked(corpus),
            corpus,
            scratch,
            incumbent=_cast(_Letters("ab")),
            candidate=_cast(_Letters("abc"), dense_weight=0.5),
        )
        for _ in range(2)
    ]
    assert cards[0] == cards[1]


def test_answers_that_are_gone_are_left_out(scratch: Scratch) -> None:
    """A question without an answer in the corpus is not asked; with none at all there is nothing to compare."""
    corpus = _corpus("a", "b")
    gone = [_question("gone", ["gone"])]
    both = {"incumbent": _cast(_Letters("ab")), "candidate": _cast(_Letters("ab"))}

    assert _compare(_asked(corpus) + gone, corpus, scratch, **both).questions == 2
    with pytest.raises(InvalidInput, match="None of the 1 held-back questions"):
        _compare(gone, corpus, scratch, **both)
