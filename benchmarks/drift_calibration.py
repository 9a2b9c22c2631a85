"""Claim: the drift check keeps its level in calm windows and sees 20 % new topics.

Peer: Evidently's own methods for embeddings, on the same windows.

Real questions, windows of 500 against 200. Calm: both windows are one random draw. Drifted: a fifth of the current
window is about a topic the reference window never had. Evidently's own methods see the same windows, in the same
run, interleaved. Prints a Markdown table: share of alarms with its 95 % interval (Clopper and Pearson 1934), and
the time of one test.

    WHETSTONE_DATASETS=... .venv/bin/python benchmarks/drift_calibration.py
    ... --encoder minilm --runs 200 --evidently-runs 20
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from arguments import parser_of
from numpy.typing import NDArray

os.environ.setdefault("DO_NOT_TRACK", "1")

from monitoring.signals.questions import mmd_test
from monitoring.signals.support import ks_test
from monitoring.significance import holm
from rag.bootstrap import open_installation
from rag.ports import Encoder, Vectors
from rag.settings import Settings

REFERENCE, CURRENT, SHARE, ALPHA = 500, 200, 0.2, 0.05
TOPIC = {"medquad": "folder", "feedbackqa": "domain"}
"""Data set -> the field that says which topic a question belongs to."""


@dataclass(frozen=True, kw_only=True)
class Questions:
    """A data set's questions, embedded."""

    name: str
    vectors: Vectors  # (n, dimension)
    top_scores: NDArray[np.float64]  # (n,), against the data set's own corpus
    topics: NDArray[np.str_]  # (n,)


@dataclass(frozen=True, kw_only=True)
class Windows:
    """One draw of both windows."""

    reference: Vectors  # (500, dimension)
    current: Vectors  # (200, dimension)
    reference_scores: NDArray[np.float64]
    current_scores: NDArray[np.float64]


Looks = dict[str, tuple[bool, float]]
"""Method -> whether it raised an alarm, and its seconds."""


def rows(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def best_scores(questions: Vectors, passages: Vectors) -> NDArray[np.float64]:
    """Return the cosine of each question's best passage, exact: shape (len(questions),)."""
    parts = [(questions[i : i + 500] @ passages.T).max(axis=1) for i in range(0, len(questions), 500)]
    return np.concatenate(parts).astype(np.float64)


def load(folder: Path, name: str, encoder: Encoder) -> tuple[Questions, Vectors]:
    """Embed a data set's questions and passages; give both."""
    queries = rows(folder / name / "queries.jsonl")
    corpus = rows(folder / name / "corpus.jsonl")
    passages = encoder.encode_passages([f"{p['title']}\n{p['text']}".strip() for p in corpus])
    vectors = encoder.encode_queries([query["text"] for query in queries])
    topics = np.array([query.get(TOPIC.get(name, ""), name) for query in queries])
    scores = best_scores(vectors, passages)
    return Questions(name=name, vectors=vectors, top_scores=scores, topics=topics), passages


def calm(questions: Questions, generator: np.random.Generator) -> Windows:
    """Draw both windows from the same questions."""
    drawn = generator.choice(len(questions.vectors), REFERENCE + CURRENT, replace=False)
    return windows(questions, drawn)


def new_topic(questions: Questions, generator: np.random.Generator, topic: str | None = None) -> Windows:
    """Draw both windows without one topic, drawn too unless named, then give it a fifth of the current one."""
    new = round(SHARE * CURRENT)
    names, counts = np.unique(questions.topics, return_counts=True)
    fit = names[(counts >= new) & (len(questions.topics) - counts >= REFERENCE + CURRENT)]
    is_new = questions.topics == (topic or generator.choice(fit))
    old = generator.choice(np.flatnonzero(~is_new), REFERENCE + CURRENT - new, replace=False)
    return windows(
        questions, np.concatenate([old, generator.choice(np.flatnonzero(is_new), new, replace=False)])
    )


def windows(questions: Questions, drawn: NDArray[np.int64]) -> Windows:
    """Return the first 500 drawn as reference, the rest as current."""
    vectors, scores = questions.vectors[drawn], questions.top_scores[drawn]
    return Windows(
        reference=vectors[:REFERENCE],
        current=vectors[REFERENCE:],
        reference_scores=scores[:REFERENCE],
        current_scores=scores[REFERENCE:],
    )


def ours(drawn: Windows, seed: int) -> Looks:
    """Run our tests: each alone at the full level, and both held to it together."""
    began = time.perf_counter()
    mmd = mmd_test(drawn.reference, drawn.current, permutations=999, seed=seed).p_value
    between = time.perf_counter()
    ks = ks_test(drawn.reference_scores, drawn.current_scores).p_value
    ended = time.perf_counter()
    both = any(drift for drift, _ in holm({"mmd": mmd, "ks": ks}, ALPHA).values())
    return {
        "ours: permutation MMD": (mmd <= ALPHA, between - began),
        "ours: KS on the top-1 score": (ks <= ALPHA, ended - between),
        "**ours: both, Holm**": (both, ended - began),
    }


def evidently(drawn: Windows) -> Looks:
    """Run Evidently's methods for EmbeddingsDrift, without the t-SNE plot that the metric always adds."""
    import pandas as pd
    from evidently.metrics.embeddings import (
        DistanceDriftMethod,
        MMDDriftMethod,
        ModelDriftMethod,
        RatioDriftMethod,
    )

    looks = {}
    for name, method in {
        "Evidently: model, bootstrap (its default)": ModelDriftMethod(bootstrap=True),
        "Evidently: ratio": RatioDriftMethod(),
        "Evidently: MMD": MMDDriftMethod(),
        "Evidently: MMD, bootstrap": MMDDriftMethod(bootstrap=True),
        "Evidently: MMD, bootstrap, quantile 0.95": MMDDriftMethod(bootstrap=True, quantile_probability=0.95),
        "Evidently: distance": DistanceDriftMethod(),
        "Evidently: distance, bootstrap": DistanceDriftMethod(bootstrap=True),
    }.items():
        # Frames of its own for each: some methods add columns to what they get.
        current, reference = pd.DataFrame(drawn.current), pd.DataFrame(drawn.reference)
        began = time.perf_counter()
        alarm = bool(method(current, reference)[1])
        looks[name] = (alarm, time.perf_counter() - began)
    return looks


def cell(alarms: list[bool]) -> str:
    """Write a share with its interval."""
    from scipy import stats

    if not alarms:
        return ""
    interval = stats.binomtest(sum(alarms), len(alarms)).proportion_ci()
    share = sum(alarms) / len(alarms)
    return f"{share:.1%} [{interval.low:.1%}, {interval.high:.1%}] of {len(alarms)}"


def main() -> None:
    """Run everything and print the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--encoder", choices=["static", "minilm"], default="static")
    parser.add_argument("--runs", type=int, default=200, help="draws of each kind for our tests")
    parser.add_argument("--evidently-runs", type=int, default=20, help="draws of each kind for Evidently's")
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    with open_installation(Settings(_env_file=None, home=arguments.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve(arguments.encoder))
    loaded = {
        name: load(arguments.datasets, name, encoder) for name in ("medquad", "feedbackqa", "pubmedqa-pqal")
    }
    # Medical questions asked of a service that knows public administration: a topic the corpus does not cover.
    home, foreign = loaded["feedbackqa"], loaded["medquad"][0]
    mixed = Questions(
        name="feedbackqa + medquad",
        vectors=np.vstack([home[0].vectors, foreign.vectors]),
        top_scores=np.concatenate([home[0].top_scores, best_scores(foreign.vectors, home[1])]),
        topics=np.concatenate([np.full(len(home[0].vectors), "old"), np.full(len(foreign.vectors), "new")]),
    )
    scenarios: list[tuple[str, Callable[[np.random.Generator], Windows]]] = [
        *((f"calm: {name}", lambda g, q=questions: calm(q, g)) for name, (questions, _) in loaded.items()),
        ("new: a MedQuAD source", lambda g: new_topic(foreign, g)),
        ("new: the other country of FeedbackQA", lambda g: new_topic(home[0], g)),
        ("new: MedQuAD asked of FeedbackQA's documents", lambda g: new_topic(mixed, g, "new")),
    ]

    alarms: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    seconds: dict[str, list[float]] = defaultdict(list)
    for scenario, draw in scenarios:
        for run in range(arguments.runs):
            drawn = draw(np.random.default_rng([arguments.seed, run]))
            looks = ours(drawn, run) | (evidently(drawn) if run < arguments.evidently_runs else {})
            for name, (alarm, took) in looks.items():
                alarms[name][scenario].append(alarm)
                seconds[name].append(took)

    print(
        f"Encoder {arguments.encoder}, windows {REFERENCE} against {CURRENT}, {SHARE:.0%} new, level {ALPHA}\n"
    )
    print("| alarms | " + " | ".join(scenario for scenario, _ in scenarios) + " | median time |")
    print("|---" * (len(scenarios) + 2) + "|")
    for name in alarms:
        shares = [cell(alarms[name][scenario]) for scenario, _ in scenarios]
        print(f"| {name} | " + " | ".join(shares) + f" | {np.median(seconds[name]) * 1000:.0f} ms |")


if __name__ == "__main__":
    main()
