"""What gate_calibration.py judges: real questions, and two sides made up on top of the ranks that are really found."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.ports import Encoder
from retrain.domain import EvalQuestion, Origin
from retrain.verdict.evaluation import DEPTH, Floats, clusters, evaluate, rank

REWORDED = 0.2
"""Share of questions that find something else in other words, on both sides."""

Ranks = NDArray[np.int64]
"""Shape (questions,): rank of the first right passage, from 0; DEPTH where it is not found."""
Groups = NDArray[np.int64]
"""Shape (questions,): number of the passage that answers."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Real questions and what the base encoder finds for them."""

    questions: list[EvalQuestion]
    ranks: Ranks
    vectors: NDArray[np.float32]  # (questions, dimension)
    updated: dict[str, datetime]  # document -> made up: the set has no dates


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A gate set."""

    questions: list[EvalQuestion]
    ranks: Ranks
    groups: Groups
    vectors: NDArray[np.float32]


def load(folder: Path, encoder: Encoder) -> World:
    """Embed FeedbackQA's train and dev questions and its corpus, and search exactly."""
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").open(encoding="utf-8")]
    queries = [json.loads(line) for line in (folder / "queries.jsonl").open(encoding="utf-8")]
    answers = defaultdict(set)
    for line in (folder / "qrels.tsv").open(encoding="utf-8"):
        query, passage, *score = line.split()
        if score and score[0].isdigit() and int(score[0]) > 0:
            answers[query].add(passage)
    questions = [
        EvalQuestion(
            id=query["_id"],
            text=query["text"],
            relevant=frozenset(answers[query["_id"]]),
            documents=frozenset(answers[query["_id"]]),
            origin=Origin.LABEL,
        )
        for query in queries
        if query.get("split") in ("train", "dev") and answers[query["_id"]]
    ]
    passages = encoder.encode_passages([f"{p['title']}\n{p['text']}".strip() for p in corpus])
    vectors = encoder.encode_queries([question.text for question in questions])
    found = rank(vectors, passages, DEPTH)
    ranks = np.full(len(questions), DEPTH)
    for row, question in enumerate(questions):
        hits = [at for at, passage in enumerate(found[row]) if corpus[passage]["_id"] in question.relevant]
        ranks[row] = hits[0] if hits else DEPTH
    days = np.random.default_rng(17).integers(0, 1_000, len(corpus))
    first = datetime(2024, 1, 1, tzinfo=UTC)
    updated = {p["_id"]: first + timedelta(days=int(day)) for p, day in zip(corpus, days, strict=True)}
    return World(questions=questions, ranks=ranks, vectors=vectors, updated=updated)


def figures(ranks: Ranks, questions: Sequence[EvalQuestion]) -> Floats:
    """Return every metric from the rank of the first right passage; a question's others count as not found."""
    ranked = []
    for at, question in zip(ranks, questions, strict=True):
        found = ["-"] * DEPTH
        if at < DEPTH:
            found[at] = min(question.relevant)
        ranked.append(found)
    return evaluate(ranked, questions)


def drawn(world: World, count: int, rng: np.random.Generator) -> Drawn:
    """Draw a gate set of that many questions or a few more, all questions of a passage together."""
    groups = clusters(world.questions)
    order = rng.permutation(groups.max() + 1)
    sizes = np.bincount(groups)[order]
    chosen = order[: int(np.searchsorted(sizes.cumsum(), count)) + 1]
    rows = np.flatnonzero(np.isin(groups, chosen))
    questions = [world.questions[row] for row in rows]
    return Drawn(
        questions=questions,
        ranks=world.ranks[rows],
        groups=clusters(questions),
        vectors=world.vectors[rows],
    )


def by_group(groups: Groups, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw whole clusters with that probability: shape (questions,)."""
    picked: NDArray[np.bool_] = (rng.random(groups.max() + 1) < share)[groups]
    return picked


def noisy(gate: Drawn, pool: Ranks, kept: float, rng: np.random.Generator) -> Ranks:
    """Return clusters other questions' ranks, but for a share that is kept."""
    elsewhere = by_group(gate.groups, 1 - kept, rng)
    return np.where(elsewhere, rng.choice(pool, len(gate.ranks)), gate.ranks)


def repaired(ranks: Ranks, gate: Drawn, pool: Ranks, effect: float, rng: np.random.Generator) -> Ranks:
    """Repair missed questions, cluster by cluster, until the gain that is expected is the effect."""
    missed = ranks >= 10
    # A repaired question gains what its first right passage is worth.
    worth = np.array([1 / len(question.relevant) for question in gate.questions])
    chance = effect * len(ranks) / worth[missed].sum()
    if not chance <= 1:
        raise SystemExit(
            f"An effect of {effect:.3f} cannot be reached by what is missed; draw more questions."
        )
    mended = missed & by_group(gate.groups, chance, rng)
    return np.where(mended, rng.choice(pool[pool < 10], len(ranks)), ranks)


def reworded(old: Ranks, new: Ranks, pool: Ranks, rng: np.random.Generator) -> tuple[Ranks, Ranks]:
    """Return what both sides find for other wordings: the same as for the questions, but for some of them."""
    other = rng.random(len(old)) < REWORDED
    first, second = (np.where(other, rng.choice(pool, len(side)), side) for side in (old, new))
    return first, second
