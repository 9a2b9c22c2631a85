"""Claim: a level of Recall@10 on dev is reached in half the time that the stock recipe takes to it.

Peer: the stock recipe (`stock_recipe.py`).

Both sides start from the same encoder and learn from the same pairs of `train`; both are looked at every few steps, on
the same questions of `dev` over the same passages (those that answer them, and a sample of the others), by the same
metric function. The stock recipe is `stock_recipe.py`, in a process of its own; ours is this project's trainer
with its default settings. The sides are trained in turn, one after the other for each seed, in alternating order.
What the looks take is not counted, on either side; ours is charged with all that it does before its first step besides
(loading the model, telling texts apart, mining negatives), stock with nothing of the kind. The level is what stock
reaches at the end of its epoch with the same seed, or `--level`; the time is that of the first look not below it::

    python benchmarks/training_speed.py --data medquad --seeds 17 18 19 --out speed.json

A look takes as long as a dozen steps of training: `--every`, `--questions` and `--distractors` say how dear they get.
Among few passages both sides soon find nearly all; with as many as there are, the level is that of the whole corpus.
"""

import argparse
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import quality
from arguments import parser_of
from labelled import Benchmark, cut, load
from measuring import HEAD, ratio_of, two_cores
from results import Result, Results
from stock_recipe import stock

from rag.bootstrap import Installation, open_installation
from rag.settings import Settings
from retrain.bootstrap import trainer
from retrain.settings import RetrainSettings
from retrain.training.recipe import DEV_SAMPLES, DevSample

GOAL = 0.5
Curve = Sequence[Sequence[float]]
"""Looks, in order: step, seconds of training until then, Recall@10 on dev."""


@dataclass(frozen=True, kw_only=True)
class Race:
    """What both sides start from and are looked at with."""

    base: str  # digest
    data: Benchmark  # its passages are those that the dev questions are looked for in
    every: int  # steps between two looks


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options().parse_args(arguments)
    if options.every < 2:
        raise SystemExit(
            "--every has to be 2 or more: the time before the first step is told by a step without a look."
        )
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    two_cores()
    data = looked_at(
        cut(load(options.datasets / options.data), options.limit), options.questions, options.distractors
    )
    names = ("data", "base", "every", "questions", "distractors", "limit")
    results = Results(
        options.out, {**quality.conditions(), **{name: getattr(options, name) for name in names}}
    )
    with open_installation(Settings(_env_file=None, home=options.home)) as rag:
        race = Race(base=rag.models.encoders.resolve(options.base), data=data, every=options.every)
        for number, seed in enumerate(options.seeds):
            for side in ("ours", "stock") if number % 2 == 0 else ("stock", "ours"):
                if results.find(seed=seed, side=side) is None:
                    curve = ours(race, rag, seed) if side == "ours" else stocks(race, rag, seed)
                    results.put({"seed": seed, "side": side, **curve}, "seed", "side")
    runs = [
        {side: _there(results, seed=seed, side=side) for side in ("ours", "stock")} for seed in options.seeds
    ]
    print(curves(runs))
    return verdict(runs, options.level)


def looked_at(data: Benchmark, questions: int, distractors: int) -> Benchmark:
    """Leave that many dev questions, and of the passages those that answer them and a sample of the others."""
    rng = random.Random(17)
    dev = rng.sample(data.dev, min(questions, len(data.dev)))
    answers = frozenset[str]().union(*(question.relevant for question in dev))
    others = [passage for passage in data.passages if passage.id not in answers]
    corpus = [passage for passage in data.passages if passage.id in answers]
    corpus += rng.sample(others, min(distractors, len(others)))
    return Benchmark(name=data.name, passages=corpus, train=data.train, dev=dev, test=[])


def ours(race: Race, rag: Installation, seed: int) -> dict[str, Any]:
    """Train by this project's trainer; give the curve, what came before the first step, and what all took."""
    # Imported at first use, which is no part of what is measured.
    import sentence_transformers  # noqa: F401

    usual = RetrainSettings()
    settings = RetrainSettings(
        seed=seed,
        eval_steps=race.every,
        # It waits as many steps for a gain as it would with looks as rare as they are by default.
        patience=math.ceil(usual.patience * usual.eval_steps / race.every),
    )
    stepped: list[float] = []

    def progress(done: int, total: int, what: str) -> None:
        if what == "training":
            stepped.append(time.perf_counter())
        _progress(done, total, what)

    with tempfile.TemporaryDirectory() as work:
        # Of more than it usually looks at it would draw a sample of its own.
        everything = DevSample(questions=len(race.data.dev), distractors=len(race.data.passages))
        # In a home of its own it takes up no earlier training; the encoders stay where they are.
        fresh = replace(rag, settings=rag.settings.model_copy(update={"home": Path(work)}))
        racing = trainer(fresh, settings, samples=dict.fromkeys(DEV_SAMPLES, everything))
        there = rag.models.encoders.digests()
        began = time.perf_counter()
        digest, report = racing.train(
            race.base, race.data.train, race.data.dev, race.data.passages, progress=progress
        )
    if digest not in there:
        rag.models.encoders.drop(digest)
    curve = curve_of(report.history)
    # The first step ends before there is any look; it takes about what each step until then took.
    before = max(0.0, stepped[0] - began - curve[0][1] / curve[0][0])
    return {
        "curve": [[step, before + seconds, value] for step, seconds, value in curve],
        "steps": report.steps,
        "before_seconds": before,
        "whole_seconds": report.seconds,
    }


def stocks(race: Race, rag: Installation, seed: int) -> dict[str, Any]:
    """Train by the stock recipe; give the curve."""
    return stock(
        rag.models.encoders.path(race.base),
        race.data.train,
        seed=seed,
        dev=race.data.dev,
        corpus=race.data.passages,
        every=race.every,
    )


def curve_of(history: Sequence[Mapping[str, float]]) -> list[list[float]]:
    """Take the looks out of a training report's history.

    Raises:
        SystemExit: there is none with the time and Recall@10.
    """
    looks = [entry for entry in history if "dev" in entry]
    if not looks or any(name not in entry for entry in looks for name in ("seconds", "dev_recall@10")):
        raise SystemExit(
            "The trainer's history should hold `seconds` and `dev_recall@10` for each look at dev; it holds "
            f"{sorted({name for entry in history for name in entry})}."
        )
    return [[entry["step"], entry["seconds"], entry["dev_recall@10"]] for entry in looks]


def reached(curve: Curve, level: float) -> float | None:
    """Return the seconds of the first look at or above the level; None where no look is."""
    return next((seconds for _, seconds, value in curve if value >= level), None)


def curves(runs: Sequence[Mapping[str, Result]]) -> str:
    """Write both sides' looks beside each other, as Markdown; Recall@10 in percent."""
    lines = [
        "| seed | step | ours, s | ours, Recall@10 | stock, s | stock, Recall@10 |",
        "|---|---|---|---|---|---|",
    ]
    for run in runs:
        sides = [{look[0]: look[1:] for look in run[side]["curve"]} for side in ("ours", "stock")]
        for step in sorted(sides[0].keys() | sides[1].keys()):
            cells = [
                f"{side[step][0]:.0f} | {100 * side[step][1]:.2f}" if step in side else " | "
                for side in sides
            ]
            lines.append(f"| {run['ours']['seed']} | {step:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict(runs: Sequence[Mapping[str, Result]], level: float | None) -> int:
    """Print the times to the level and their ratio; give 0 where the goal is met."""
    levels = [run["stock"]["curve"][-1][2] if level is None else level / 100 for run in runs]
    times = {
        side: [reached(run[side]["curve"], bar) for run, bar in zip(runs, levels, strict=True)]
        for side in ("ours", "stock")
    }
    print("\n| seed | level | ours, s | stock, s | ratio |\n|---|---|---|---|---|")
    for run, bar, mine, theirs in zip(runs, levels, times["ours"], times["stock"], strict=True):
        told = [f"{each:.0f}" if each is not None else "not reached" for each in (mine, theirs)]
        ratio = f"{mine / theirs:.2f}" if mine is not None and theirs else ""
        print(f"| {run['ours']['seed']} | {100 * bar:.2f} | {told[0]} | {told[1]} | {ratio} |")
    ours = [each for each in times["ours"] if each is not None]
    stock = [each for each in times["stock"] if each]
    if len(ours) < len(runs) or len(stock) < len(runs):
        print("\nNo ratio: the level was not reached by every run, or the base encoder is there already.")
        return 1
    result = ratio_of(ours, stock)
    shown = f"{100 * statistics.fmean(levels):.1f} %"
    print(f"\n{HEAD}")
    print(result.row(f"time to Recall@10 of {shown} on dev, runs: {len(runs)}", "s", f"<= {GOAL}"))
    return 0 if result.ratio <= GOAL else 1


def _there(results: Results, **asked: Any) -> Result:
    result = results.find(**asked)
    assert result is not None
    return result


def _progress(done: int, total: int, what: str) -> None:
    if done % 10 == 0 or done == total:
        print(f"{what}: step {done} of {total}", file=sys.stderr, flush=True)


def _options() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--data", default="medquad", help="folder of --datasets")
    add("--base", default="minilm", help="encoder that both sides start from")
    add("--seeds", type=int, nargs="+", default=[17], help="one training of each side for each")
    add("--every", type=int, default=5, help="steps between two looks")
    add("--questions", type=int, default=400, help="most dev questions that are looked at")
    add("--distractors", type=int, default=400, help="passages that answer none of them")
    add("--level", type=float, help="Recall@10 in percent; left out: what the stock recipe ends with")
    add("--limit", type=int, help="so many pairs and questions only, to try the script out")
    add("--out", type=Path, help="all figures, JSON, written after each run; what is there is not done again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
