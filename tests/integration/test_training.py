"""Fine-tuning for real: the static encoder on questions people asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from rag.domain import Document, Passage
from rag.errors import InvalidInput
from rag.ports import EncoderStore
from retrain.adapters.training.trainer import LaneTrainer
from retrain.domain import EvalQuestion, Origin, TrainingPair
from retrain.settings import RetrainSettings
from retrain.training.blending import WITHOUT_DEV
from retrain.training.recipe import DevSample
from retrain.verdict.evaluation import METRICS, evaluate, rank


def _records(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


class Questions:
    """A part of FeedbackQA: pairs to train on, questions held back, and the passages of all."""

    def __init__(self, folder: Path, *, pairs: int, held: int) -> None:
        """Read the first `pairs` questions of train and the first `held` of dev and of test."""
        relevant = dict(line.split("\t")[:2] for line in (folder / "qrels.tsv").read_text().splitlines()[1:])
        records = {record["_id"]: record for record in _records(folder / "corpus.jsonl")}
        self.passages: dict[str, Passage] = {}
        self.pairs: list[TrainingPair] = []
        self.held: dict[str, list[EvalQuestion]] = {"dev": [], "test": []}
        for query in _records(folder / "queries.jsonl"):
            record = records[relevant[query["_id"]]]
            if query["split"] == "train" and len(self.pairs) < pairs:
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
            elif query["split"] != "train" and len(self.held[query["split"]]) < held:
                passage = self._passage(record)
                self.held[query["split"]].append(
                    EvalQuestion(
                        id=query["_id"],
                        text=query["text"],
                        relevant=frozenset([passage.id]),
                        documents=frozenset([passage.document_id]),
                        origin=Origin.LABEL,
                    )
                )

    @property
    def corpus(self) -> list[Passage]:
        """All passages."""
        return list(self.passages.values())

    def recall_at_10(self, encoders: EncoderStore, digest: str) -> float:
        """Recall@10 of an encoder on the test questions."""
        encoder, corpus, asked = encoders.load(digest), self.corpus, self.held["test"]
        found = rank(
            encoder.encode_queries([question.text for question in asked]),
            encoder.encode_passages([passage.embedded_text for passage in corpus]),
            100,
        )
        measured = evaluate([[corpus[row].id for row in rows] for rows in found], asked)
        return float(measured[:, list(METRICS).index("recall@10")].mean())

    def _passage(self, record: dict[str, str]) -> Passage:
        document = Document.create(
            uri=record["_id"], title=record["title"], text=record["text"], divisible=False
        )
        return self.passages.setdefault(record["_id"], Passage.create(document, 0, document.text))


@pytest.fixture(scope="module")
def questions(datasets: Path) -> Questions:
    """Four hundred pairs, and a hundred questions held back twice."""
    return Questions(datasets / "feedbackqa", pairs=400, held=100)


class Killed(Exception):
    """The run was killed."""


def _silent(done: int, total: int, what: str) -> None:
    """Nobody watches."""


def _killed_at(step: int) -> Callable[[int, int, str], None]:
    def progress(done: int, total: int, what: str) -> None:
        if done == step:
            raise Killed

    return progress


_QUICK = RetrainSettings(static_epochs=4, static_batch_size=64, eval_steps=10, save_steps=10)


def test_training_finds_more_on_questions_never_seen(
    encoder_store: EncoderStore, static_digest: str, questions: Questions, tmp_path: Path
) -> None:
    """A few hundred pairs raise recall on other documents' questions; the report says how it went."""
    steps: list[tuple[int, int]] = []
    digest, report = LaneTrainer(encoder_store, tmp_path / "work", _QUICK).train(
        static_digest,
        questions.pairs,
        questions.held["dev"],
        questions.corpus,
        progress=lambda *at: steps.append(at[:2]),
    )
    before, after = (questions.recall_at_10(encoder_store, d) for d in (static_digest, digest))
    # Of a hundred questions, counted: 0.65 + 0.05 is above 0.7 in floating point.
    assert round(100 * (after - before)) >= 5
    assert encoder_store.kind(digest) == "static"
    assert (report.lane, report.pairs, report.steps) == ("static", len(questions.pairs), len(steps))
    assert steps == [(n + 1, len(steps)) for n in range(len(steps))]
    tried = report.settings["dev_by_alpha"]
    assert report.best_dev == tried[str(report.settings["alpha"])]
    assert tried["1.0"] == pytest.approx(max(entry["dev"] for entry in report.history if "dev" in entry))
    assert [file.suffix for file in (tmp_path / "work").iterdir()] == [".json"]


def test_a_run_that_ended_does_not_train_again_while_its_encoder_is_there(
    encoder_store: EncoderStore,
    static_digest: str,
    questions: Questions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed before the evaluation, a retraining that is started again has its encoder and its report at once.

    Unless it is started again by a version that trains otherwise.
    """
    settings = RetrainSettings(static_epochs=1, static_batch_size=32)
    arguments = (static_digest, questions.pairs[:64], questions.held["dev"], questions.corpus)
    steps: list[int] = []

    def trained(seed: int) -> Any:
        trainer = LaneTrainer(encoder_store, tmp_path, settings.model_copy(update={"seed": seed}))
        return trainer.train(*arguments, progress=lambda *at: steps.append(at[0]))

    first = trained(1)
    once = len(steps)
    assert trained(1) == first
    assert len(steps) == once > 0
    assert trained(2)[0] != first[0]
    assert len(steps) == 2 * once
    encoder_store.drop(first[0])
    assert trained(1)[0] == first[0]
    assert len(steps) == 3 * once
    monkeypatch.setattr("retrain.adapters.training.trainer.WARM_UP", 0.5)
    trained(1)
    assert len(steps) == 4 * once


def test_a_look_reads_what_it_is_told(
    encoder_store: EncoderStore, static_digest: str, questions: Questions, tmp_path: Path
) -> None:
    """Of more dev questions than it may read, a look takes a sample: with one, what it finds is all or nothing."""
    dev = [question for question in questions.held["dev"] if len(question.relevant) == 1]
    settings = RetrainSettings(static_epochs=1, static_batch_size=32)

    def found(name: str, most: int) -> set[float]:
        samples = {"static": DevSample(questions=most, distractors=len(questions.corpus))}
        trainer = LaneTrainer(encoder_store, tmp_path / name, settings, samples)
        _, report = trainer.train(
            static_digest, questions.pairs[:64], dev, questions.corpus, progress=_silent
        )
        return {entry["dev_recall@10"] for entry in report.history if "dev" in entry}

    assert found("one", 1) <= {0.0, 1.0}
    assert not found("all", len(dev)) <= {0.0, 1.0}


def test_a_killed_run_goes_on_where_it_was(
    encoder_store: EncoderStore, static_digest: str, questions: Questions, tmp_path: Path
) -> None:
    """Killed between two checkpoints, the same call continues from the last one and ends with the same encoder."""
    arguments = (static_digest, questions.pairs[:200], questions.held["dev"], questions.corpus)
    whole, _ = LaneTrainer(encoder_store, tmp_path / "whole", _QUICK).train(*arguments, progress=_silent)
    trainer = LaneTrainer(encoder_store, tmp_path / "killed", _QUICK)
    with pytest.raises(Killed):
        trainer.train(*arguments, progress=_killed_at(15))
    steps: list[int] = []
    digest, report = trainer.train(*arguments, progress=lambda *at: steps.append(at[0]))
    assert steps[0] == 11
    assert report.steps == steps[-1]
    text = ["How do I renew my visa?"]
    np.testing.assert_allclose(
        encoder_store.load(digest).encode_queries(text),
        encoder_store.load(whole).encode_queries(text),
        atol=1e-4,
    )
    assert [file.suffix for file in (tmp_path / "killed").iterdir()] == [".json"]


def test_a_checkpoint_that_was_cut_short_is_not_used(
    encoder_store: EncoderStore, static_digest: str, questions: Questions, tmp_path: Path
) -> None:
    """Killed while it wrote a checkpoint, a run goes on from the one before: what is half written has another name."""
    arguments = (static_digest, questions.pairs[:200], questions.held["dev"], questions.corpus)
    trainer = LaneTrainer(encoder_store, tmp_path, _QUICK)
    with pytest.raises(Killed):
        trainer.train(*arguments, progress=_killed_at(25))
    (checkpoint,) = tmp_path.glob("*/checkpoint.pt")
    checkpoint.with_suffix(".part").write_bytes(checkpoint.read_bytes()[:100])
    steps: list[int] = []
    trainer.train(*arguments, progress=lambda *at: steps.append(at[0]))
    assert steps[0] == 21


def test_without_dev_questions_the_last_weights_are_mixed_in_a_fixed_share(
    encoder_store: EncoderStore,
    static_digest: str,
    questions: Questions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing to choose by is no error, and no reason to take all that was learned."""
    settings = RetrainSettings(static_epochs=1, static_batch_size=32)
    no_dev: list[EvalQuestion] = []
    arguments = (static_digest, questions.pairs[:64], no_dev, questions.corpus)
    digest, report = LaneTrainer(encoder_store, tmp_path / "mixed", settings).train(
        *arguments, progress=_silent
    )
    monkeypatch.setattr("retrain.adapters.training.loop.WITHOUT_DEV", 1.0)
    whole, _ = LaneTrainer(encoder_store, tmp_path / "whole", settings).train(*arguments, progress=_silent)

    assert report.best_dev == 0
    assert (report.settings["alpha"], report.settings["dev_by_alpha"]) == (WITHOUT_DEV, {})
    before, mixed, after = (_table(encoder_store, each) for each in (static_digest, digest, whole))
    np.testing.assert_allclose(mixed, before + WITHOUT_DEV * (after - before), atol=1e-5)
    assert np.abs(after - before).max() > 1e-2


def _table(encoder_store: EncoderStore, digest: str) -> np.ndarray[Any, Any]:
    """Return a static encoder's vectors of tokens."""
    (file,) = encoder_store.path(digest).glob("**/model.safetensors")
    (table,) = load_file(str(file)).values()
    return table.astype(np.float32)


def test_pairs_of_one_passage_are_too_few(
    encoder_store: EncoderStore, static_digest: str, questions: Questions, tmp_path: Path
) -> None:
    """Without another passage there is nothing to tell apart."""
    trainer = LaneTrainer(encoder_store, tmp_path, _QUICK)
    with pytest.raises(InvalidInput, match="at least two passages"):
        trainer.train(static_digest, questions.pairs[:1], [], questions.corpus, progress=_silent)


def test_the_other_lane_is_refused(
    encoder_store: EncoderStore, static_digest: str, questions: Questions, tmp_path: Path
) -> None:
    """A lane that is set and is not the live encoder's is an error that says what to do."""
    trainer = LaneTrainer(encoder_store, tmp_path, RetrainSettings(lane="transformer"))
    with pytest.raises(InvalidInput, match="set WHETSTONE_RETRAIN_LANE to auto or static"):
        trainer.train(static_digest, questions.pairs, [], questions.corpus, progress=_silent)


@pytest.mark.heavy
def test_two_steps_of_the_transformer_lane(
    encoder_store: EncoderStore, minilm_digest: str, questions: Questions, tmp_path: Path
) -> None:
    """MiniLM trains, is registered as another encoder, and reads texts as long as before."""
    settings = RetrainSettings(max_steps=2, batch_size=8, eval_steps=1, save_steps=1, max_length=48)
    digest, report = LaneTrainer(encoder_store, tmp_path, settings).train(
        minilm_digest,
        questions.pairs[:32],
        questions.held["dev"][:5],
        questions.corpus[:40],
        progress=_silent,
    )
    assert (report.lane, report.steps) == ("transformer", 2)
    assert digest != minilm_digest
    long = " ".join(["word"] * 150)
    trained = encoder_store.load(digest)
    first, second = trained.encode_passages([f"{long} visa", f"{long} hospital"])
    assert not np.allclose(first, second)
