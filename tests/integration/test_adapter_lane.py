"""The adapter lane for real: a matrix on the static encoder's questions, from questions people asked."""

import json
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.domain import Document, Passage
from rag.errors import InvalidInput
from rag.ports import EncoderStore
from retrain.adapters.training.adapter_lane import AdapterTrainer
from retrain.domain import EvalQuestion, Origin, TrainingPair
from retrain.settings import RetrainSettings
from retrain.verdict.evaluation import METRICS, evaluate, search

_QUICK = RetrainSettings(lane="adapter", adapter_epochs=4, adapter_batch_size=64)


class Questions:
    """A part of MedQuAD: pairs to train on, questions held back, and the passages of all."""

    def __init__(self, folder: Path, *, pairs: int, held: int) -> None:
        """Read the first `pairs` questions of train and the first `held` of dev and of test."""
        with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
            records = {record["_id"]: record for record in map(json.loads, lines)}
        relevant = dict(line.split("\t")[:2] for line in (folder / "qrels.tsv").read_text().splitlines()[1:])
        self.corpus: dict[str, Passage] = {}
        self.pairs: list[TrainingPair] = []
        self.held: dict[str, list[EvalQuestion]] = {"dev": [], "test": []}
        with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
            for query in map(json.loads, lines):
                split, room = query["split"], self.held.get(query["split"])
                if query["_id"] not in relevant:
                    continue
                record = records[relevant[query["_id"]]]
                if split == "train" and len(self.pairs) < pairs:
                    passage = self._passage(record)
                    self.pairs.append(
                        TrainingPair(
                            question=query["text"],
                            passage_id=passage.id,
                            document_id=passage.document_id,
                            passage_text=passage.embedded_text,
                            origin=Origin.LABEL,
                        )
                    )
                elif room is not None and len(room) < held:
                    passage = self._passage(record)
                    room.append(
                        EvalQuestion(
                            id=query["_id"],
                            text=query["text"],
                            relevant=frozenset([passage.id]),
                            documents=frozenset([passage.document_id]),
                            origin=Origin.LABEL,
                        )
                    )

    def _passage(self, record: dict[str, str]) -> Passage:
        document = Document.create(
            uri=record["_id"], title=record["title"], text=record["text"], divisible=False
        )
        return self.corpus.setdefault(record["_id"], Passage.create(document, 0, document.text))


@pytest.fixture(scope="module")
def questions(datasets: Path) -> Questions:
    """Eight hundred pairs, and two hundred questions held back twice."""
    return Questions(datasets / "medquad", pairs=800, held=200)


@pytest.fixture
def cache(tmp_path: Path) -> SqliteEmbeddingCache:
    """An empty cache."""
    return SqliteEmbeddingCache(tmp_path / "embeddings.sqlite")


def _silent(done: int, total: int, what: str) -> None:
    """Nobody watches."""


def test_it_finds_more_on_questions_never_seen_and_leaves_passages_alone(
    encoder_store: EncoderStore,
    static_digest: str,
    questions: Questions,
    cache: SqliteEmbeddingCache,
    tmp_path: Path,
) -> None:
    """Recall@1 on other documents' questions rises, passages keep their vectors, and the report says how it went."""
    corpus, asked = list(questions.corpus.values()), questions.held["test"]
    steps: list[tuple[int, int]] = []

    digest, report = AdapterTrainer(encoder_store, cache, tmp_path / "work", _QUICK).train(
        static_digest,
        questions.pairs,
        questions.held["dev"],
        corpus,
        progress=lambda done, total, what: steps.append((done, total)) if what == "training" else None,
    )

    column = list(METRICS).index("recall@1")
    before, after = (
        evaluate(search(encoder_store.load(each), asked, corpus, cache), asked)[:, column].mean()
        for each in (static_digest, digest)
    )
    assert after >= before + 0.03
    texts = [passage.embedded_text for passage in corpus[:20]]
    adapter, base = encoder_store.load(digest), encoder_store.load(static_digest)
    assert np.array_equal(base.encode_passages(texts), adapter.encode_passages(texts))
    assert (static_digest, "static") == (encoder_store.passages_digest(digest), encoder_store.kind(digest))
    assert ("adapter", len(questions.pairs)) == (report.lane, report.pairs)
    assert [(n + 1, steps[0][1]) for n in range(report.steps)] == steps
    tried = report.settings["dev_by_alpha"]
    assert tried[str(report.settings["alpha"])] == report.best_dev
    assert max(entry["dev"] for entry in report.history) == pytest.approx(tried["1.0"])
    assert [] == list((tmp_path / "work").iterdir())


def test_the_same_call_gives_the_same_artefact_and_the_next_begins_there(
    encoder_store: EncoderStore,
    static_digest: str,
    questions: Questions,
    cache: SqliteEmbeddingCache,
    tmp_path: Path,
) -> None:
    """Nothing but the arguments decides; an adapter of an adapter adapts the same encoder and is another one."""
    corpus, trainer = list(questions.corpus.values()), AdapterTrainer(encoder_store, cache, tmp_path, _QUICK)
    arguments = (questions.pairs[:100], questions.held["dev"][:50], corpus)

    first, _ = trainer.train(static_digest, *arguments, progress=_silent)
    again, _ = trainer.train(static_digest, *arguments, progress=_silent)
    second, _ = trainer.train(first, *arguments, progress=_silent)

    assert first == again
    assert second != first
    assert static_digest == encoder_store.passages_digest(second)


def test_without_dev_questions_the_last_matrix_is_kept(
    encoder_store: EncoderStore,
    static_digest: str,
    questions: Questions,
    cache: SqliteEmbeddingCache,
    tmp_path: Path,
) -> None:
    """Nothing to choose by is no error."""
    digest, report = AdapterTrainer(encoder_store, cache, tmp_path, _QUICK).train(
        static_digest, questions.pairs[:64], [], list(questions.corpus.values()), progress=_silent
    )

    assert digest in encoder_store.digests()
    assert (0.0, 4) == (report.best_dev, report.steps)


def test_pairs_of_one_passage_are_too_few(
    encoder_store: EncoderStore,
    static_digest: str,
    questions: Questions,
    cache: SqliteEmbeddingCache,
    tmp_path: Path,
) -> None:
    """Without another passage there is nothing to tell apart."""
    trainer = AdapterTrainer(encoder_store, cache, tmp_path, _QUICK)

    with pytest.raises(InvalidInput, match="at least two passages"):
        trainer.train(static_digest, questions.pairs[:1], [], [], progress=_silent)
