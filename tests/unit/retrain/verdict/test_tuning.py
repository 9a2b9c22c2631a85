"""A candidate's context and weight of words are chosen on the dev questions, and only with reason."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.qdrant import QdrantFolders
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.ports import Encoder, IndexStore, Vectors
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial_indexes
from retrain.domain import EvalQuestion, Origin
from retrain.verdict.evaluation import METRICS
from retrain.verdict.tuning import (
    better_weight,
    tune,
)

RECALL = list(METRICS).index("recall@10")
PLAIN = Retrieval(threshold=0.3, dense_weight=1.0, context_weight=0.0)


def cosines(count: int, *, centre: float, spread: float = 0.1, seed: int = 1) -> NDArray[np.float64]:
    """Draw cosines."""
    return np.random.default_rng(seed).normal(centre, spread, count)


def measured(recalls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return metrics with these recalls: shape (questions, metrics)."""
    values = np.zeros((len(recalls), len(METRICS)))
    values[:, RECALL] = recalls
    return values


def choose(by_weight: dict[float, NDArray[np.float64]], kept: float = 1.0) -> float:
    """Choose among weights of 200 questions each for itself."""
    return better_weight(
        {weight: measured(recalls) for weight, recalls in by_weight.items()},
        np.arange(200),
        kept=kept,
        metric="recall@10",
        alpha=0.05,
        seed=1,
    )


def test_the_best_weight_with_a_real_gain_is_taken() -> None:
    """Of several that are better for certain, the best one."""
    base = np.zeros(200)
    some, more = base.copy(), base.copy()
    some[:20], more[:40] = 1, 1

    assert choose({1.0: base, 0.75: some, 0.5: more, 0.25: some}) == 0.5
    assert choose({1.0: more, 0.75: some, 0.5: base}, kept=0.75) == 1.0


def test_a_chance_gain_keeps_the_weight() -> None:
    """A few questions more, or what would pass as one test of one but not of three, is no reason."""
    base = np.zeros(200)
    chance, single = base.copy(), base.copy()
    chance[:3] = 1
    single[:7] = 1  # two-sided p of 2 / 2^7 = 0.016, below 0.05 but not below 0.05 / 4

    assert choose({1.0: base, 0.75: chance, 0.5: chance}) == 1.0
    assert choose({1.0: base, 0.5: single}) == 0.5
    assert choose({1.0: base, 0.9: base, 0.75: base, 0.5: single, 0.25: base}) == 1.0


def passage(name: str) -> Passage:
    """Return a passage."""
    return Passage.create(Document.create(uri=name, text=name), 0, name)


def asked(text: str, right: Passage, origin: Origin = Origin.LABEL) -> EvalQuestion:
    """Return a question."""
    return EvalQuestion(
        id=text,
        text=text,
        relevant=frozenset({right.id}),
        documents=frozenset({right.document_id}),
        origin=origin,
    )


class Blurred:
    """The static encoder, blind to numbers, with a constant mixed into every vector, so that cosines are higher."""

    def __init__(self, inner: Encoder, constant: float) -> None:
        self._inner, self._constant = inner, constant
        self.digest = self.passages_digest = f"{inner.digest}+{constant}"
        self.dimension = inner.dimension + 1

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed, and mix."""
        plain = self._inner.encode_queries([re.sub(r"\d", "", text) for text in texts])
        wide = np.hstack([plain, np.full((len(plain), 1), self._constant, np.float32)])
        return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), dtype=np.float32)

    encode_passages = encode_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count."""
        return self._inner.count_tokens(texts)


@pytest.fixture
def bench(static_encoder: Encoder, tmp_path: Path) -> Any:
    """Tune over a corpus of parts with numbers that no vector tells apart."""
    parts = [passage(f"The spare part PX-{number}-K is in the warehouse.") for number in range(300, 420)]
    dev = [asked(f"Where is the PX-{number}-K?", part) for number, part in enumerate(parts, start=300)]

    made: list[frozenset[str]] = []

    @contextmanager
    def scratch() -> Iterator[IndexStore]:
        store = QdrantFolders(tmp_path / "scratch")
        yield store
        made.append(store.names())
        for name in store.names():
            store.drop(name)

    def loaded(encoder: Encoder) -> LoadedRelease:
        release = Release.create(
            encoder=encoder.digest,
            dimension=encoder.dimension,
            chunking=Chunking(),
            retrieval=PLAIN,
        )
        return LoadedRelease(release=release, encoder=encoder)

    def run(*, questions: Sequence[EvalQuestion] = dev, min_questions: int = 50) -> Any:
        cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
        with trial_indexes(parts, tenant="default", cache=cache, scratch=scratch) as on:
            return tune(
                loaded(Blurred(static_encoder, 1.0)),
                loaded(static_encoder),
                questions,
                on=on,
                metric="recall@1",
                alpha=0.05,
                min_questions=min_questions,
                seed=1,
            )

    run.dev, run.made = dev, made  # type: ignore[attr-defined]
    return run


def test_words_are_weighed_where_they_find_more(bench: Any) -> None:
    """Part numbers are found by words: the candidate's release says so."""
    tuned = bench()
    retrieval = tuned.candidate.release.retrieval

    assert retrieval.dense_weight < 1
    assert tuned.notes | {"dense_weight": retrieval.dense_weight} == tuned.notes
    assert (
        tuned.candidate.release.digest
        == Release.create(
            encoder=tuned.candidate.encoder.digest,
            dimension=tuned.candidate.encoder.dimension,
            chunking=Chunking(),
            retrieval=retrieval,
        ).digest
    )


def test_every_weight_is_tried_in_one_index(bench: Any) -> None:
    """Five weights of one encoder fill one index."""
    bench()

    assert [1] == [len(names) for names in bench.made]


def test_the_weight_stays_where_few_were_asked(bench: Any) -> None:
    """Below the least number of questions, only the threshold is looked at."""
    tuned = bench(questions=bench.dev[:40], min_questions=50)

    assert tuned.candidate.release.retrieval.dense_weight == 1.0
    assert tuned.notes["dev_questions"] == 40


@pytest.mark.parametrize("origin", [Origin.DOCUMENT, Origin.LLM, Origin.PARAPHRASE])
def test_questions_nobody_asked_choose_nothing(bench: Any, origin: Origin) -> None:
    """Questions made from the documents would favour their own words: all stays as it was."""
    made = [
        EvalQuestion(id=q.id, text=q.text, relevant=q.relevant, documents=q.documents, origin=origin)
        for q in bench.dev
    ]

    tuned = bench(questions=made)

    assert tuned.candidate.release.retrieval == PLAIN
    assert "too few" in tuned.notes["kept"]


SUBJECTS = (
    "asthma", "malaria", "eczema", "gout", "anaemia", "migraine", "epilepsy", "diabetes", "hepatitis", "measles",
    "cholera", "leprosy", "scurvy", "rickets", "glaucoma", "cataract", "psoriasis", "arthritis",
    "tetanus",
)  # fmt: skip
SECTIONS = ("{} in children", "Of forty patients thirty got better within a week", "More trials are needed")


def articles(wanted: int) -> tuple[list[Passage], list[EvalQuestion]]:
    """Return articles of three sections, and questions that so many of a subject's sections answer."""
    corpus, questions = [], []
    for at, subject in enumerate(SUBJECTS):
        document = Document.create(uri=subject, text="")
        texts = [f"{section.format(subject)} ({at})." for section in SECTIONS]
        sections = [Passage.create(document, place, text) for place, text in enumerate(texts)]
        corpus += sections
        questions += [
            EvalQuestion(
                id=f"{subject} {wording}",
                text=wording.format(subject),
                relevant=frozenset(each.id for each in sections[:wanted]),
                documents=frozenset({document.id}),
                origin=Origin.LABEL,
            )
            for wording in ("What is known about {}?", "{} in children", "Do children get {}?")
        ]
    return corpus, questions


def contextual(
    encoder: Encoder, folder: Path, corpus: Sequence[Passage], dev: Sequence[EvalQuestion], **changed: Any
) -> Retrieval:
    """Tune a release of that encoder, and give its retrieval."""
    release = Release.create(
        encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=PLAIN
    )
    loaded = LoadedRelease(release=replace(release, **changed), encoder=encoder)
    cache = SqliteEmbeddingCache(folder / "cache.sqlite")

    @contextmanager
    def scratch() -> Iterator[IndexStore]:
        yield QdrantFolders(folder / "scratch")

    with trial_indexes(corpus, tenant="default", cache=cache, scratch=scratch) as on:
        tuned = tune(
            loaded,
            LoadedRelease(release=release, encoder=encoder),
            dev,
            on=on,
            metric="recall@10",
            alpha=0.05,
            min_questions=20,
            seed=1,
        )
    return tuned.candidate.release.retrieval


def test_where_whole_documents_answer_their_vectors_count(static_encoder: Encoder, tmp_path: Path) -> None:
    """Sections that do not name their article's subject are found through it: the candidate's release says so."""
    assert contextual(static_encoder, tmp_path, *articles(wanted=3)).context_weight > 0


def test_where_one_section_answers_context_stays(static_encoder: Encoder, tmp_path: Path) -> None:
    """Nothing is gained, so nothing changes."""
    assert 0 == contextual(static_encoder, tmp_path, *articles(wanted=1)).context_weight


def test_a_shared_index_keeps_its_context(static_encoder: Encoder, tmp_path: Path) -> None:
    """What another release searches as well is not made anew for this one."""
    corpus, dev = articles(wanted=3)

    assert 0 == contextual(static_encoder, tmp_path, corpus, dev, shares="e" * 64).context_weight
