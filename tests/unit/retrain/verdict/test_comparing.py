"""Candidate beside incumbent, each with its whole retrieval, and what the scorecard then says."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.adapters.qdrant import QdrantFolders
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.errors import InvalidInput
from rag.ports import Vectors
from rag.releases.models import LoadedRelease
from rag.releases.trials import Scratch, trial_indexes
from retrain.domain import Dataset, EvalQuestion, Origin, Scorecard
from retrain.verdict.comparing import compare, guarded
from retrain.verdict.evaluation import METRICS, search


def _question(name: str, relevant: Sequence[str], origin: Origin = Origin.LOG) -> EvalQuestion:
    return EvalQuestion(
        id=name, text=name, relevant=frozenset(relevant), documents=frozenset(relevant), origin=origin
    )


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
        """Return what is known."""
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


def _loaded(encoder: _Letters, **retrieval: Any) -> LoadedRelease:
    release = Release.create(
        encoder=encoder.digest,
        dimension=encoder.dimension,
        chunking=Chunking(),
        retrieval=Retrieval(**({"dense_weight": 1.0, "context_weight": 0.0} | retrieval)),
    )
    return LoadedRelease(release=release, encoder=encoder)


def _compare(
    questions: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    scratch: Scratch,
    *,
    incumbent: LoadedRelease,
    candidate: LoadedRelease,
    robustness: Sequence[EvalQuestion] = (),
    frozen: frozenset[str] = frozenset(),
) -> Scorecard:
    dataset = Dataset(
        digest="d", train=(), dev=(), gate=tuple(questions), robustness=tuple(robustness), manifest={}
    )
    with trial_indexes(corpus, tenant="default", cache=_Cache(), scratch=scratch) as on:
        return compare(dataset, incumbent=incumbent, candidate=candidate, on=on, seed=1, frozen=frozen)


def test_the_encoder_that_sees_more_wins(scratch: Scratch) -> None:
    """Candidate beside incumbent on the same questions and corpus, overall and by origin, with all metrics."""
    corpus = _corpus("a", "b", "c", "d", "ab", "cd")
    blind, seeing = _loaded(_Letters("ab")), _loaded(_Letters("abcd"))
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


def test_what_was_answered_once_stays_an_anchor(scratch: Scratch) -> None:
    """Frozen questions that the incumbent has lost are among the anchors, and count as not found by it."""
    corpus = _corpus("a", "b", "aab", "cab", "bbc", "ccb", "aac", "abcc")
    questions = _asked(corpus)
    blind, seeing = _loaded(_Letters("ab"), top_k=1), _loaded(_Letters("abc"), top_k=1)

    def anchors(frozen: frozenset[str]) -> tuple[int, float, float]:
        card = _compare(questions, corpus, scratch, incumbent=blind, candidate=seeing, frozen=frozen)
        part = next(each for each in card.slices if each.name == "anchors")
        row = next(each for each in part.rows if each.metric == "accuracy@1")
        return part.questions, row.incumbent.value, row.candidate.value

    today, before, after = anchors(frozenset())
    every, before_of_all, after_of_all = anchors(frozenset(each.fingerprint for each in questions))

    assert 0 < today < len(questions) == every
    assert (before, after, after_of_all) == (1, 1, 1)
    assert before_of_all == pytest.approx(today / every)
    assert anchors(frozenset({"of a question that is not asked any more"})) == (today, before, after)


def test_the_whole_retrieval_is_compared(scratch: Scratch) -> None:
    """With one and the same blind encoder, the release that weighs words finds what the other cannot."""
    corpus = _corpus("Form Q17 is blue.", "Form K42 is green.", "Form Z99 is red.", "Form B03 is brown.")
    questions = [
        _question(name, [p.id]) for name, p in zip(("Q17", "K42", "Z99", "B03"), corpus, strict=True)
    ]
    blind = _Letters("xy")

    card = _compare(
        questions, corpus, scratch, incumbent=_loaded(blind), candidate=_loaded(blind, dense_weight=0.5)
    )

    assert card.row("recall@1").candidate.value == 1
    assert card.row("recall@1").incumbent.value < 1


def test_a_trial_of_vectors_ranks_as_exact_search(scratch: Scratch) -> None:
    """Where a release does nothing but compare vectors, its trial finds what exact search finds."""
    corpus = _corpus("a", "b", "c", "aab", "bbc", "cca", "aaabbcc")
    encoder = _Letters("abc")
    asked = _asked(corpus)

    with trial_indexes(corpus, tenant="default", cache=_Cache(), scratch=scratch) as on:
        found = on.of(_loaded(encoder)).rank([question.text for question in asked], limit=3)

    assert found == [ids[:3] for ids in search(encoder, asked, corpus, _Cache())]


def test_a_scorecard_is_the_same_each_time(scratch: Scratch) -> None:
    """Same things in, same digest out."""
    corpus = _corpus("a", "b", "c", "ab")
    cards = [
        _compare(
            _asked(corpus),
            corpus,
            scratch,
            incumbent=_loaded(_Letters("ab")),
            candidate=_loaded(_Letters("abc"), dense_weight=0.5),
        )
        for _ in range(2)
    ]
    assert cards[0] == cards[1]


def test_answers_that_are_gone_are_left_out(scratch: Scratch) -> None:
    """A question without an answer in the corpus is not asked; with none at all there is nothing to compare."""
    corpus = _corpus("a", "b")
    gone = [_question("gone", ["gone"])]
    both: dict[str, Any] = {"incumbent": _loaded(_Letters("ab")), "candidate": _loaded(_Letters("ab"))}

    assert _compare(_asked(corpus) + gone, corpus, scratch, **both).questions == 2
    with pytest.raises(InvalidInput, match="None of the 1 held-back questions"):
        _compare(gone, corpus, scratch, **both)


def test_other_wordings_are_a_slice_and_nothing_else(scratch: Scratch) -> None:
    """They have a row for each metric, and change no overall figure, no other slice, and no list of what moved."""
    corpus = _corpus("a", "b", "c", "d", "ab", "cd")
    asked = _asked(corpus)
    # The incumbent, blind to c and d, finds an answer to neither wording; only wordings tell the first apart.
    others = [
        replace(
            question, id=f"{question.id}-other", text=f"{question.text} {question.text}", parent=question.id
        )
        for question in asked
    ]
    both: dict[str, Any] = {"incumbent": _loaded(_Letters("ab")), "candidate": _loaded(_Letters("abcd"))}

    plain = _compare(asked, corpus, scratch, **both)
    card = _compare(asked, corpus, scratch, robustness=others, **both)

    *rest, part = card.slices
    assert (part.name, part.questions) == ("robustness", 6)
    assert [row.metric for row in part.rows] == list(METRICS)
    assert {row.metric: row.candidate.value for row in part.rows}["recall@1"] == 1
    assert {row.metric: row.incumbent.value for row in part.rows}["recall@1"] < 1
    assert (plain.overall, plain.slices, plain.worst, plain.best, plain.questions) == (
        card.overall,
        tuple(rest),
        card.worst,
        card.best,
        card.questions,
    )


def test_wordings_of_one_question_are_resampled_together(scratch: Scratch) -> None:
    """Three wordings of each question make the slice no surer than one."""
    corpus = _corpus("a", "b", "c", "d", "ab", "cd", "abc", "bcd")
    asked = _asked(corpus)
    both: dict[str, Any] = {"incumbent": _loaded(_Letters("ab")), "candidate": _loaded(_Letters("abcd"))}

    def width(wordings: int) -> float:
        others = [
            replace(question, id=f"{question.id}-{number}", parent=question.id)
            for question in asked
            for number in range(wordings)
        ]
        part = _compare(asked, corpus, scratch, robustness=others, **both).slices[-1]
        difference = part.rows[list(METRICS).index("recall@1")].difference
        return difference.high - difference.low

    assert width(1) > 0
    assert width(1) == pytest.approx(width(3))


def test_wordings_whose_answers_are_gone_are_left_out(scratch: Scratch) -> None:
    """Where none can be answered there is no slice, and the comparison goes on."""
    corpus = _corpus("a", "b")
    both: dict[str, Any] = {"incumbent": _loaded(_Letters("ab")), "candidate": _loaded(_Letters("ab"))}
    gone = [_question("gone", ["gone"])]

    none = _compare(_asked(corpus), corpus, scratch, robustness=gone, **both)
    some = _compare(_asked(corpus), corpus, scratch, robustness=[*gone, *_asked(corpus)], **both)

    assert "robustness" not in {part.name for part in none.slices}
    assert {part.name: part.questions for part in some.slices}["robustness"] == 2


def test_a_comparison_fills_an_index_for_each_side(scratch: Scratch) -> None:
    """Gate questions and their other wordings are asked of the same trial; one encoder's two weights share it."""
    opened = []

    @contextmanager
    def watched() -> Iterator[Any]:
        with scratch() as store:

            class Watched:
                def open(self, release: Release, *, create: bool = False) -> Any:
                    opened.append(release.digest)
                    return store.open(release, create=create)

            yield Watched()

    corpus = _corpus("a", "b", "ab")
    asked = _asked(corpus)
    two, one = _loaded(_Letters("ab")), _loaded(_Letters("abc"), dense_weight=0.5)

    _compare(asked, corpus, watched, incumbent=two, candidate=one, robustness=asked)
    assert [two.release.digest, one.release.digest] == opened
    opened.clear()
    other = _loaded(_Letters("abc"), dense_weight=0.9, top_k=3)
    _compare(asked, corpus, watched, incumbent=one, candidate=other, robustness=asked)
    assert [one.release.digest] == opened


def test_what_is_guarded_is_both_encoders_alone() -> None:
    """Exact search over the guard's own passages, questions without answer left out, all metrics, candidate better."""
    corpus = _corpus("a", "b", "c", "d")
    asked = [*_asked(corpus), _question("gone", ["gone"])]
    blind, seeing = _Letters("ab"), _Letters("abcd")

    part = guarded(asked, corpus, incumbent=blind, candidate=seeing, cache=_Cache(), seed=1)

    assert (part.name, part.questions) == ("guard", 4)
    assert [row.metric for row in part.rows] == list(METRICS)
    first = {row.metric: row for row in part.rows}["recall@1"]
    expected = np.mean(
        [
            found[0] in question.relevant
            for found, question in zip(search(blind, asked[:4], corpus, _Cache()), asked, strict=False)
        ]
    )
    assert (float(expected), 1.0) == (first.incumbent.value, first.candidate.value)
    assert first.difference.value == pytest.approx(1 - expected)
