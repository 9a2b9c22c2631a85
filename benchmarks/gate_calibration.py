"""Claim: the gate promotes by luck in at most 5 % of runs, and sees the gain it says it can see in at least 80 %.

Real questions (FeedbackQA's train and dev, never test) and their real ranks under the static base encoder. A run draws
a gate set of documents' questions and makes up a candidate on top of the real ranks:

- A/A, shuffled: two noisy copies of the incumbent, each question's ranking taken from a random other question with
  probability `--churn`: equal in distribution, different in what they find.
- power: the copy, with missed questions repaired at random (the right passage moved to a rank that the incumbent's
  hits have) until the expected gain is the minimum detectable effect declared before training.

Prints a Markdown table of the shares promoted by the whole gate and by its test alone, with 95 % intervals (Clopper
and Pearson 1934).

    WHETSTONE_DATASETS=... python benchmarks/gate_calibration.py --runs 400
"""

import argparse
import json
import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.adapters.artefacts import EncoderFolder
from retrain.domain import EvalQuestion, Origin, Outcome, Scorecard, Slice
from retrain.verdict.evaluation import (
    DEPTH,
    METRICS,
    Floats,
    anchor_metric,
    anchored,
    clusters,
    contrast,
    evaluate,
    rank,
)
from retrain.verdict.gate import Policy, decide
from retrain.verdict.power import foreseen_effect, level

TOP_K = 5
METRIC = list(METRICS).index("recall@10")


@dataclass(frozen=True, kw_only=True)
class World:
    """Real questions and what the base encoder finds for them."""

    questions: list[EvalQuestion]
    ranks: NDArray[np.int64]  # (questions,), of the first right passage, from 0; DEPTH where it is not found


def load(folder: Path, encoders: Path) -> World:
    """Embed FeedbackQA's train and dev questions and its corpus with the static base, and search exactly."""
    store = EncoderFolder(encoders)
    encoder = store.load(store.resolve("static"))
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
    found = rank(encoder.encode_queries([question.text for question in questions]), passages, DEPTH)
    ranks = np.full(len(questions), DEPTH)
    for row, question in enumerate(questions):
        hits = [at for at, passage in enumerate(found[row]) if corpus[passage]["_id"] in question.relevant]
        ranks[row] = hits[0] if hits else DEPTH
    return World(questions=questions, ranks=ranks)


def figures(ranks: NDArray[np.int64], questions: list[EvalQuestion]) -> Floats:
    """Give every metric from the rank of the first right passage; a question's others count as not found."""
    ranked = []
    for at, question in zip(ranks, questions, strict=True):
        found = ["-"] * DEPTH
        if at < DEPTH:
            found[at] = min(question.relevant)
        ranked.append(found)
    return evaluate(ranked, questions)


def noisy(
    ranks: NDArray[np.int64], pool: NDArray[np.int64], churn: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give some questions, drawn with probability `churn`, the rank of a random question of the pool."""
    return np.where(rng.random(len(ranks)) < churn, rng.choice(pool, len(ranks)), ranks)


def card(before: Floats, after: Floats, questions: list[EvalQuestion], seed: int) -> Scorecard:
    """Compare both sides as an evaluation does, with origin slice and anchors."""
    groups = clusters(questions)
    rows = anchored(before, TOP_K)
    anchors = Slice(
        name="anchors",
        questions=len(rows),
        rows=contrast(before[rows], after[rows], np.unique(groups[rows], return_inverse=True)[1], seed=seed),
    )
    return Scorecard.create(
        dataset="calibration",
        incumbent="a" * 64,
        candidate="b" * 64,
        questions=len(questions),
        passages=0,
        overall=contrast(before, after, groups, seed=seed),
        slices=[anchors],
    )


def drawn(world: World, count: int, rng: np.random.Generator) -> tuple[list[EvalQuestion], NDArray[np.int64]]:
    """Draw a gate set of that many questions or a few more, all questions of a passage together."""
    groups = clusters(world.questions)
    order = rng.permutation(groups.max() + 1)
    sizes = np.bincount(groups)[order]
    chosen = order[: int(np.searchsorted(sizes.cumsum(), count)) + 1]
    rows = np.flatnonzero(np.isin(groups, chosen))
    return [world.questions[row] for row in rows], world.ranks[rows]


def share(hits: list[bool]) -> str:
    """Write a share with its interval."""
    from scipy import stats

    interval = stats.binomtest(sum(hits), len(hits)).proportion_ci()
    return f"{np.mean(hits):.1%} [{interval.low:.1%}, {interval.high:.1%}] of {len(hits)}"


def run(
    world: World, policy: Policy, *, count: int, churn: float, gain: bool, seed: int
) -> tuple[bool, bool]:
    """Do one comparison; give whether the gate promotes, and whether its test alone sees a gain."""
    rng = np.random.default_rng(seed)
    questions, ranks = drawn(world, count, rng)
    old = noisy(ranks, world.ranks, churn / 2, rng)
    before = figures(old, questions)
    new = noisy(ranks, world.ranks, churn / 2, rng)
    if gain:
        effect = foreseen_effect(before[:, METRIC], clusters(questions), level(policy.alpha, 1))
        # A repaired question gains what its first right passage is worth.
        missed = new >= 10
        worth = np.array([1 / len(question.relevant) for question in questions])
        chance = effect * len(questions) / max(1e-9, worth[missed].sum())
        repaired = missed & (rng.random(len(new)) < chance)
        new = np.where(repaired, rng.choice(world.ranks[world.ranks < 10], len(new)), new)
    scored = card(before, figures(new, questions), questions, seed)
    main = scored.row(policy.metric).difference
    seen = main.low > 0 and main.p_value < level(policy.alpha, 1)
    return decide(scored, policy).outcome is Outcome.PROMOTE, seen


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoders", type=Path, default=Path("var/encoders"), help="folder of the encoders")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument(
        "--churn", type=float, default=0.1, help="share of questions that find something else"
    )
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    datasets = Path(os.environ.get("WHETSTONE_DATASETS", "../shared/datasets"))
    world = load(datasets / "feedbackqa", arguments.encoders)
    policy = Policy(anchor_metric=anchor_metric(TOP_K))
    print(f"{len(world.questions)} questions, {arguments.churn:.0%} of them find something else\n")
    print("| gate questions | candidate | promoted | test alone | s |")
    print("|---|---|---|---|---|")
    for count in (200, 600, 1_500):
        for name, gain in (("the same in distribution", False), ("better by the declared effect", True)):
            began = time.perf_counter()
            results = [
                run(
                    world, policy, count=count, churn=arguments.churn, gain=gain, seed=arguments.seed + number
                )
                for number in range(arguments.runs)
            ]
            promoted, seen = zip(*results, strict=True)
            print(
                f"| {count} | {name} | {share(list(promoted))} | {share(list(seen))} "
                f"| {time.perf_counter() - began:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
