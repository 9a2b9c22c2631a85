"""Claim: a query-side adapter gives part of fine-tuning's gain, for a small part of its time and without a re-index.

Peer: the base encoder, and the full lane.

For each data set (BEIR layout, splits that share no document), on its `test` questions over the whole corpus: the
base encoder, the adapter lane and the full lane, both trained on `train` with their checkpoint chosen on `dev`. All by
the same metric functions in one run::

    python benchmarks/query_adapter.py --data medquad feedbackqa --lane transformer --seeds 17 18 19
    python benchmarks/query_adapter.py --data medquad feedbackqa --adapter-only

The adapter takes the passages' vectors from the cache, as it does where they are served already: base is searched
first. What the full lane needs besides its training, the corpus embedded anew, is printed beside it.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from arguments import parser_of
from labelled import Benchmark, load
from numpy.typing import NDArray
from quality import BASE

from rag.bootstrap import Installation, open_installation
from rag.settings import Settings
from retrain.bootstrap import trainer
from retrain.settings import RetrainSettings
from retrain.verdict.evaluation import METRICS, Floats, clusters, contrast, evaluate, search

SHOWN = ("recall@1", "recall@10", "ndcg@10")
DRAWS = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options().parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    results = []
    with open_installation(Settings(_env_file=None, home=options.home)) as rag:
        for name in options.data:
            data = load(options.datasets / name)
            for seed in options.seeds:
                results.append(run(data, rag, lane=options.lane, seed=seed, full=not options.adapter_only))
                print(table(results[-1:]), flush=True)
                if options.out:
                    options.out.write_text(json.dumps(results, indent=2) + "\n")
    return 0


def run(
    data: Benchmark, rag: Installation, *, lane: Literal["static", "transformer"], seed: int, full: bool
) -> dict[str, Any]:
    """Measure base and adapter, and the full lane where it is asked for, on one data set with one seed."""
    encoders, cache = rag.models.encoders, rag.models.cache
    base_digest = encoders.resolve(BASE[lane])
    trainers = {"adapter": trainer(rag, RetrainSettings(seed=seed, lane="adapter"))}
    if full:
        trainers["full"] = trainer(rag, RetrainSettings(seed=seed, lane=lane))
    groups = clusters(data.test)
    base = evaluate(search(encoders.load(base_digest), data.test, data.passages, cache), data.test)
    measured: dict[str, Floats] = {}
    result: dict[str, Any] = {"data": data.name, "lane": lane, "seed": seed, "questions": len(data.test)}
    for name, each in trainers.items():
        digest, report = each.train(base_digest, data.train, data.dev, data.passages, progress=_progress)
        began = time.perf_counter()
        measured[name] = evaluate(search(encoders.load(digest), data.test, data.passages, cache), data.test)
        result[name] = {
            "seconds": report.seconds,
            "search_seconds": time.perf_counter()
            - began,  # of the full lane mostly the corpus, embedded anew
            "training": asdict(report),
            "against_base": {
                row.metric: asdict(row) for row in contrast(base, measured[name], groups, seed=seed)
            },
        }
    if full:
        result["share_of_seconds"] = result["adapter"]["seconds"] / result["full"]["seconds"]
        result["share_of_gain"] = {
            metric: shared(base, measured["adapter"], measured["full"], groups, metric, seed=seed)
            for metric in SHOWN
        }
    return result


def shared(
    base: Floats, adapter: Floats, full: Floats, groups: NDArray[np.int64], metric: str, *, seed: int
) -> dict[str, float]:
    """Return (adapter - base) / (full - base) with a 95 % interval: percentiles over resampled clusters of questions.

    Args:
        base: metrics of each question, shape (questions, len(METRICS)).
        adapter: the same.
        full: the same.
        groups: shape (questions,), from `clusters`; drawn together.
        metric: which of the columns.
        seed: of the draws.
    """
    column = list(METRICS).index(metric)
    gains = [
        np.bincount(groups, weights=after[:, column] - base[:, column]) for after in (adapter, full)
    ]  # each (clusters,)
    count = len(gains[0])
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.float64)
    drawn = (weights @ gains[0]) / (weights @ gains[1])
    low, high = np.percentile(drawn, (2.5, 97.5)).tolist()
    return {"value": float(gains[0].sum() / gains[1].sum()), "low": low, "high": high}


def table(results: Sequence[dict[str, Any]]) -> str:
    """Write the results as one Markdown table, in percent; differences and shares with 95 % intervals."""
    lines = [f"| data | seed | encoder | {' | '.join(SHOWN)} | seconds |", f"|{'---|' * (4 + len(SHOWN))}"]
    for result in results:
        first = f"| {result['data']} ({result['questions']}) | {result['seed']} |"
        rows = result["adapter"]["against_base"]
        base = " | ".join(f"{100 * rows[metric]['incumbent']['value']:.1f}" for metric in SHOWN)
        lines.append(f"{first} base, {result['lane']} | {base} | |")
        for name in ("adapter", "full"):
            if name not in result:
                continue
            rows, part = result[name]["against_base"], result[name]
            cells = " | ".join(f"{100 * rows[m]['candidate']['value']:.1f}" for m in SHOWN)
            lines.append(f"{first} {name} | {cells} | {part['seconds']:.0f} |")
            spans = " | ".join(_span(rows[m]["difference"], "+.1f") for m in SHOWN)
            lines.append(f"{first} {name} − base | {spans} | |")
        if "full" in result:
            spans = " | ".join(_span(result["share_of_gain"][m], ".0f") for m in SHOWN)
            lines.append(f"{first} share of full | {spans} | {100 * result['share_of_seconds']:.1f} |")
            again = result["full"]["search_seconds"]
            lines.append(
                f"{first} embedding the corpus anew, full | {' | ' * (len(SHOWN) - 1)} | {again:.0f} |"
            )
    return "\n".join(lines)


def _span(values: dict[str, float], form: str) -> str:
    value, low, high = (format(100 * values[part], form) for part in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _progress(done: int, total: int, what: str) -> None:
    if done % 50 == 0 or done == total:
        print(f"{what}: step {done} of {total}", file=sys.stderr, flush=True)


def _options() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--data", nargs="+", default=["medquad", "feedbackqa"], help="folders of --datasets")
    add("--lane", choices=sorted(BASE), default="transformer", help="base encoder, and the full lane")
    add("--adapter-only", action="store_true", help="leave the full lane out (minutes to tens of them)")
    add("--seeds", type=int, nargs="+", default=[17], help="one training run of each lane for each")
    add("--out", type=Path, help="write all figures there, JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
