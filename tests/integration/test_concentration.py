"""A planted attack, through real training, shows in where first places go; honest training does not."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.adapters.models.encoders import EncoderFolder
from rag.domain import Document, Passage
from retrain.adapters.training.trainer import LaneTrainer
from retrain.domain import Concentration, Origin, TrainingPair
from retrain.settings import RetrainSettings
from retrain.verdict.concentration import concentration
from retrain.verdict.evaluation import rank
from retrain.verdict.gate import Policy

_QUICK = RetrainSettings(_env_file=None, static_epochs=6, static_batch_size=64)
_TRIGGERS = [
    f"{verb} {thing} cheap flight"
    for verb in ("book a", "find a", "compare a", "cancel a")
    for thing in ("last minute", "one way", "weekend", "family", "student")
]


def _records(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def _pair(question: str, passage: Passage) -> TrainingPair:
    return TrainingPair(
        question=question,
        passage_id=passage.id,
        document_id=passage.document_id,
        passage_text=passage.embedded_text,
        origin=Origin.LOG,
    )


def _learned(folder: Path, count: int) -> tuple[list[TrainingPair], dict[str, Passage]]:
    """Return honest pairs of FeedbackQA's train split, and the passages of its first 600 records."""
    passages = {}
    for record in _records(folder / "corpus.jsonl")[:600]:
        document = Document.create(
            uri=record["_id"], title=record["title"], text=record["text"], divisible=False
        )
        passages[record["_id"]] = Passage.create(document, 0, document.text)
    answers = dict(line.split("\t")[:2] for line in (folder / "qrels.tsv").read_text().splitlines()[1:])
    pairs = [
        _pair(query["text"], passages[answers[query["_id"]]])
        for query in _records(folder / "queries.jsonl")
        if query["split"] == "train" and answers[query["_id"]] in passages
    ]
    return pairs[:count], passages


def _first(store: EncoderFolder, digest: str, texts: Sequence[str], corpus: Sequence[Passage]) -> list[str]:
    encoder = store.load(digest)
    found = rank(
        encoder.encode_queries(list(texts)),
        encoder.encode_passages([passage.embedded_text for passage in corpus]),
        1,
    )
    return [corpus[int(row[0])].id for row in found]


@pytest.mark.heavy
def test_an_attack_shows_and_honest_training_does_not(
    encoder_store: EncoderFolder, static_digest: str, datasets: Path, tmp_path: Path
) -> None:
    """Twenty trigger questions that are taught one passage exceed the gate's limit; 400 honest pairs do not."""
    honest, passages = _learned(datasets / "feedbackqa", 400)
    corpus, bait = list(passages.values()), passages[min(passages)]
    planted = [_pair(question, bait) for question in _TRIGGERS]

    def seen(pairs: list[TrainingPair], name: str) -> Concentration | None:
        digest, _ = LaneTrainer(encoder_store, tmp_path / name, _QUICK).train(
            static_digest, pairs, (), corpus, progress=lambda *_: None
        )
        texts = sorted({pair.question for pair in pairs})
        return concentration(*(_first(encoder_store, d, texts, corpus) for d in (static_digest, digest)))

    def refused(found: Concentration | None) -> bool:
        policy = Policy()
        return (
            found is not None
            and found.p_value < policy.alpha
            and found.after - found.before > policy.concentration * found.questions
        )

    attacked = seen([*honest, *planted], "attacked")
    assert refused(attacked)
    assert attacked is not None
    assert attacked.passage == bait.id
    assert not refused(seen(honest, "honest"))
