"""What gate_calibration.py judges: real questions, and two sides made up of what is really found and answered."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.bootstrap import Installation
from rag.domain import DEFAULT_TENANT, Chunking, Document, Passage, Release, Retrieval
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial_indexes
from retrain.domain import Answer, EvalQuestion, Origin
from retrain.verdict.evaluation import DEPTH, Floats, clusters, evaluate
from retrain.verdict.receiving import MOST, receive_both
from retrain.verdict.tuning import calibrated

REWORDED = 0.2
"""Share of questions that find something else in other words, on both sides."""
KINDS = tuple(Answer)

Rows = NDArray[np.int64]
"""Shape (questions,): for each question, the row of the world whose rank and answer it has."""
Groups = NDArray[np.int64]
"""Shape (questions,): number of the passage that answers."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Real questions, what the base encoder's release finds for them, and what it answers."""

    questions: list[EvalQuestion]
    ranks: NDArray[np.int64]  # of the first right passage, from 0; DEPTH where it is not found
    answers: NDArray[np.int64]  # which of `KINDS` each question got
    refused: NDArray[np.bool_]  # whether it is refused once its answers are gone
    vectors: NDArray[np.float32]  # (questions, dimension)
    updated: dict[str, datetime]  # document -> made up: the set has no dates

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which questions are answered from a right passage."""
        right: NDArray[np.bool_] = self.answers == KINDS.index(Answer.RIGHT)
        return right


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A gate set."""

    questions: list[EvalQuestion]
    rows: Rows  # in the world
    groups: Groups
    vectors: NDArray[np.float32]


def load(folder: Path, rag: Installation, *, seed: int) -> World:
    """Ask FeedbackQA's train and dev questions of the base encoder's release, calibrated on the passages."""
    corpus, by_key = _corpus(folder)
    questions = _questions(folder, by_key)
    digest = rag.models.encoders.resolve("static")
    encoder = rag.models.encoders.load(digest)
    release = Release.create(
        encoder=digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )
    with trial_indexes(corpus, tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch) as on:
        loaded = calibrated(
            LoadedRelease(release=release, encoder=encoder), on=on, learned=(), change=0, seed=seed
        )
        tried = on.of(loaded)
        texts = [question.text for question in questions]
        vectors, found = tried.vectors(texts), tried.rank(texts, limit=DEPTH)
        got: dict[str, Answer] = {}
        refused: dict[str, bool] = {}
        for start in range(0, len(questions), MOST):
            some = questions[start : start + MOST]
            # Both sides are one: what costs is reading, and that is shared.
            seen = receive_both(
                some, incumbent=loaded, candidate=loaded, on=on, seed=seed, progress=lambda *_: None
            )
            got |= {key: both[0].answer for key, both in seen.got.items()}
            refused |= {key: both[0] for key, both in seen.refused.items()}
    kept = [row for row, question in enumerate(questions) if question.id in refused]
    ranks = [
        next((at for at, each in enumerate(found[row]) if each in questions[row].relevant), DEPTH)
        for row in kept
    ]
    days = np.random.default_rng(17).integers(0, 1_000, len(corpus))
    first = datetime(2024, 1, 1, tzinfo=UTC)
    dates = zip(corpus, days, strict=True)
    return World(
        questions=[questions[row] for row in kept],
        ranks=np.array(ranks),
        answers=np.array([KINDS.index(got[questions[row].id]) for row in kept]),
        refused=np.array([refused[questions[row].id] for row in kept]),
        vectors=vectors[kept],
        updated={passage.document_id: first + timedelta(days=int(day)) for passage, day in dates},
    )


def _corpus(folder: Path) -> tuple[list[Passage], dict[str, Passage]]:
    by_key = {}
    for line in (folder / "corpus.jsonl").open(encoding="utf-8"):
        record = json.loads(line)
        document = Document.create(
            uri=record["_id"], title=record["title"], text=record["text"], divisible=False
        )
        by_key[record["_id"]] = Passage.create(document, 0, document.text)
    return list(by_key.values()), by_key


def _questions(folder: Path, by_key: dict[str, Passage]) -> list[EvalQuestion]:
    answers = defaultdict(list)
    for line in (folder / "qrels.tsv").open(encoding="utf-8"):
        query, passage, *score = line.split()
        if score and score[0].isdigit() and int(score[0]) > 0:
            answers[query].append(by_key[passage])
    queries = [json.loads(line) for line in (folder / "queries.jsonl").open(encoding="utf-8")]
    return [
        EvalQuestion(
            id=query["_id"],
            text=query["text"],
            relevant=frozenset(each.id for each in answers[query["_id"]]),
            documents=frozenset(each.document_id for each in answers[query["_id"]]),
            origin=Origin.LABEL,
        )
        for query in queries
        if query.get("split") in ("train", "dev") and answers[query["_id"]]
    ]


def figures(world: World, rows: Rows, questions: Sequence[EvalQuestion]) -> Floats:
    """Return every metric from the rank of the first right passage; a question's others count as not found."""
    ranked = []
    for at, question in zip(world.ranks[rows], questions, strict=True):
        found = ["-"] * DEPTH
        if at < DEPTH:
            found[at] = min(question.relevant)
        ranked.append(found)
    return evaluate(ranked, questions)


def shares(world: World, rows: Rows) -> Floats:
    """Return what people get: right, wrong, refused though found, refused, and both refusals; (questions, 5)."""
    values = (world.answers[rows][:, None] == np.arange(len(KINDS))).astype(np.float64)
    return np.column_stack([values, values[:, 2:].sum(axis=1)])


def drawn(world: World, count: int, rng: np.random.Generator) -> Drawn:
    """Draw a gate set of that many questions or a few more, all questions of a passage together."""
    groups = clusters(world.questions)
    order = rng.permutation(groups.max() + 1)
    sizes = np.bincount(groups)[order]
    chosen = order[: int(np.searchsorted(sizes.cumsum(), count)) + 1]
    rows = np.flatnonzero(np.isin(groups, chosen))
    questions = [world.questions[row] for row in rows]
    return Drawn(questions=questions, rows=rows, groups=clusters(questions), vectors=world.vectors[rows])


def by_group(groups: Groups, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw whole clusters with that probability: shape (questions,)."""
    picked: NDArray[np.bool_] = (rng.random(groups.max() + 1) < share)[groups]
    return picked


def noisy(world: World, gate: Drawn, kept: float, rng: np.random.Generator) -> Rows:
    """Return clusters what other questions found and were answered, but for a share that is kept."""
    elsewhere = by_group(gate.groups, 1 - kept, rng)
    return np.where(elsewhere, rng.integers(0, len(world.ranks), len(gate.rows)), gate.rows)


def repaired(world: World, rows: Rows, gate: Drawn, effect: float, rng: np.random.Generator) -> Rows:
    """Let questions be answered rightly, cluster by cluster, until the gain that is expected is the effect."""
    missed = ~world.right[rows]
    chance = effect * len(rows) / missed.sum()
    if not chance <= 1:
        raise SystemExit(
            f"An effect of {effect:.3f} cannot be reached by what is missed; draw more questions."
        )
    mended = missed & by_group(gate.groups, chance, rng)
    return np.where(mended, rng.choice(np.flatnonzero(world.right), len(rows)), rows)


def reworded(world: World, old: Rows, new: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return what both sides find for other wordings: the same as for the questions, but for some of them."""
    other = rng.random(len(old)) < REWORDED
    first, second = (
        np.where(other, rng.integers(0, len(world.ranks), len(side)), side) for side in (old, new)
    )
    return first, second
