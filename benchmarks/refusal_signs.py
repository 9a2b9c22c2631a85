"""Labelled data sets, asked what their documents answer and what they do not: what the refusal benchmark rests on.

A question is asked of the default retrieval over the whole corpus. It is one of five kinds:

- answered: its right passage is among the hits;
- missed: it is not, though it is in the corpus;
- gone: an answered or missed one again, the documents of its right passages taken out of the index;
- unanswerable: a question of ClapNQ that its corpus is known not to answer;
- foreign: a question of another data set.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.bootstrap import Installation
from rag.domain import (
    DEFAULT_TENANT,
    Calibration,
    Chunking,
    Document,
    Evidence,
    Hit,
    Passage,
    Release,
    Retrieval,
)
from rag.ports import Encoder
from rag.questions.support.calibrating import Asked as Known
from rag.questions.support.calibrating import Observed, observe
from rag.questions.support.evidence import read_evidence
from rag.questions.support.judging import judge
from rag.questions.support.signs import Rarity, Signs, read_signs
from rag.releases.models import LoadedRelease
from rag.releases.trials import Trial, trial

PARTED = {"medquad", "pubmedqa-pqal"}  # sets whose passages "x-1", "x-2" are parts of the document x
READ_BELOW = 0.4  # cosine of the nearest hit below which single sentences are read as well
UNANSWERED = ("gone", "unanswerable")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question."""

    text: str
    right: frozenset[str]  # passage ids; empty where the corpus does not answer it
    split: str


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set."""

    name: str
    passages: list[Passage]
    questions: list[Asked]

    def of(self, split: str) -> list[Asked]:
        """Return one split's questions."""
        return [question for question in self.questions if question.split == split]

    def third(self) -> "Data":
        """Return a third of the documents, and the questions that they answer: the same texts, farther apart."""
        kept = sorted({passage.document_id for passage in self.passages})[::3]
        passages = [passage for passage in self.passages if passage.document_id in set(kept)]
        there = {passage.id for passage in passages}
        return Data(
            name=f"{self.name}, a third",
            passages=passages,
            questions=[each for each in self.questions if each.right <= there],
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """A question as it was asked."""

    kind: str
    evidence: Evidence
    signs: Signs

    @property
    def nearest(self) -> float:
        """Cosine of the nearest hit; -1 without hits."""
        return max((hit.score for hit in self.evidence.hits), default=-1.0)


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What came of the questions put to a data set."""

    name: str
    encoder: Encoder
    rows: list[Row]
    observed: Observed  # the documents alone
    informed: Observed  # with people's questions

    def of(self, *kinds: str) -> list[Row]:
        """Return the rows of some kinds."""
        return [row for row in self.rows if row.kind in kinds]

    def support(self, calibration: Calibration, *kinds: str) -> np.ndarray:
        """Return the probability of each row of some kinds."""
        return np.array(
            [judge(row.evidence, calibration, encoder=self.encoder).probability for row in self.of(*kinds)]
        )


def load(folder: Path) -> Data:
    """Read a data set in BEIR layout."""
    parts: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for record in _records(folder / "corpus.jsonl"):
        name = record["_id"].rpartition("-")[0] if folder.name in PARTED else record["_id"]
        parts.setdefault(name, []).append((record["_id"], record))
    passages: dict[str, Passage] = {}
    for name, records in parts.items():
        document = Document.create(uri=name, text="\n".join(record["text"] for _, record in records))
        for position, (key, record) in enumerate(records):
            passages[key] = Passage.create(document, position, record["text"], record["title"])
    right: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if int(grade) > 0:
            right.setdefault(question, set()).add(passages[passage].id)
    questions = [
        Asked(text=record["text"], right=frozenset(right.get(record["_id"], ())), split=record["split"])
        for record in _records(folder / "queries.jsonl")
    ]
    return Data(name=folder.name, passages=list(passages.values()), questions=questions)


def drawn(questions: Sequence[Asked], most: int, *, seed: int = 17) -> list[Asked]:
    """Return some of the questions, always the same."""
    order = np.random.default_rng(seed).permutation(len(questions))[:most]
    return [questions[at] for at in order]


def examine(
    data: Data,
    asked: Sequence[Asked],
    foreign: Sequence[Asked],
    *,
    encoder: Encoder,
    rag: Installation,
    people: Sequence[Asked] = (),
) -> Examined:
    """Put questions to a data set; `people` are questions that its calibration may know the answers of."""
    with asking(data, encoder, rag) as tried:
        documents = {passage.id: passage.document_id for passage in data.passages}

        def hits(question: str, gone: Collection[str] = ()) -> list[Hit]:
            return tried.hits(question, tried.vectors([question])[0], gone)

        observed = observe(data.passages, tried.hits, encoder=encoder)
        known = [
            Known(question=each.text, documents=frozenset(documents[right] for right in each.right))
            for each in people
        ]
        informed = observe(data.passages, tried.hits, encoder=encoder, asked=known) if known else observed
        rarity = Rarity(observed.words)

        def row(kind: str, question: str, found: list[Hit]) -> Row:
            evidence = _evidence(question, found, tried, encoder)
            return Row(kind=kind, evidence=evidence, signs=read_signs(question, found, rarity))

        rows = []
        for each in asked:
            found = hits(each.text)
            if not each.right:
                rows.append(row("unanswerable", each.text, found))
                continue
            there = any(hit.passage.id in each.right for hit in found)
            rows.append(row("answered" if there else "missed", each.text, found))
            gone = {documents[right] for right in each.right}
            rows.append(row("gone", each.text, hits(each.text, gone)))
        rows += [row("foreign", each.text, hits(each.text)) for each in foreign]
    return Examined(name=data.name, encoder=encoder, rows=rows, observed=observed, informed=informed)


@contextmanager
def asking(data: Data, encoder: Encoder, rag: Installation) -> Iterator[Trial]:
    """Let a data set be asked as a release with the default retrieval would be."""
    release = Release.create(
        encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )
    loaded = LoadedRelease(release=release, encoder=encoder)
    with trial(
        loaded, [data.passages], tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch
    ) as tried:
        yield tried


def _evidence(question: str, found: list[Hit], tried: Trial, encoder: Encoder) -> Evidence:
    """Return the evidence; sentences are read only where the verdict may need them, as that takes most of the time."""
    vector = tried.vectors([question])[0]
    if max((hit.score for hit in found), default=-1.0) < READ_BELOW:
        return read_evidence(question, found, encoder=encoder, vector=vector)
    return Evidence(
        question=question,
        vector=vector,
        hits=tuple(found),
        said=(),
        vectors=np.empty((0, len(vector)), dtype=np.float32),
        shared=np.empty(0),
        worth=np.empty(0),
        foreign=False,
    )


def _records(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
