"""Data sets with labels, in the project's words: passages, pairs to train on, questions to choose and to measure by."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fusion

from rag.domain import Document, Passage
from retrain.domain import EvalQuestion, Origin, TrainingPair


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A data set in the project's words."""

    name: str
    passages: list[Passage]
    train: list[TrainingPair]
    dev: list[EvalQuestion]
    test: list[EvalQuestion]


def load(folder: Path) -> Benchmark:
    """Read a data set in BEIR layout; title and text are embedded joined."""
    passages: dict[str, Passage] = {}
    for record in _records(folder / "corpus.jsonl"):
        title, text = record["title"], record["text"]
        document = Document.create(uri=record["_id"], title=title, text=text, divisible=False)
        passages[record["_id"]] = Passage.create(document, 0, text)
    relevant: dict[str, list[Passage]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(question, []).append(passages[passage])
    train: list[TrainingPair] = []
    held: dict[str, list[EvalQuestion]] = {"dev": [], "test": []}
    for record in _records(folder / "queries.jsonl"):
        answers = relevant.get(record["_id"], [])
        if record["split"] == "train":
            train += [_pair(record["text"], passage) for passage in answers]
        elif record["split"] in held and answers:
            held[record["split"]].append(_question(record["_id"], record["text"], answers))
    return Benchmark(
        name=folder.name, passages=list(passages.values()), train=train, dev=held["dev"], test=held["test"]
    )


def as_served(folder: Path, split: str) -> Benchmark:
    """Read a data set's questions of one split, and its passages in documents: articles, pages or sheets."""
    data = fusion.load(folder, split)
    documents = {passage.id: passage.document_id for passage in data.passages}
    asked = [
        EvalQuestion(
            id=str(number),
            text=text,
            relevant=relevant,
            documents=frozenset(documents[each] for each in relevant),
            origin=Origin.LABEL,
        )
        for number, (text, relevant) in enumerate(zip(data.questions, data.relevant, strict=True))
    ]
    return Benchmark(name=folder.name, passages=data.passages, train=[], dev=[], test=asked)


def cut(data: Benchmark, limit: int | None) -> Benchmark:
    """Leave the first few pairs and questions, with the passages that answer them, to try a script out."""
    if limit is None:
        return data
    train, dev, test = data.train[:limit], data.dev[:limit], data.test[:limit]
    needed = {pair.passage_id for pair in train}.union(*(question.relevant for question in [*dev, *test]))
    documents = {passage.document_id for passage in data.passages if passage.id in needed}
    passages = [passage for passage in data.passages if passage.document_id in documents]
    return Benchmark(name=data.name, passages=passages, train=train, dev=dev, test=test)


def _pair(question: str, passage: Passage) -> TrainingPair:
    return TrainingPair(
        question=question,
        passage_id=passage.id,
        document_id=passage.document_id,
        passage_text=passage.embedded_text,
        origin=Origin.LABEL,
    )


def _question(key: str, text: str, answers: Sequence[Passage]) -> EvalQuestion:
    return EvalQuestion(
        id=key,
        text=text,
        relevant=frozenset(passage.id for passage in answers),
        documents=frozenset(passage.document_id for passage in answers),
        origin=Origin.LABEL,
    )


def _records(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
