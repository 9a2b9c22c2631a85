r"""Claim: fine-tuning on a company's own questions finds more than the base model, and more than BM25.

Peer: BM25, the base encoder and, where it is asked for, the stock recipe (`stock_recipe.py`).

For each data set (BEIR layout, splits that share no document), on its `test` questions over the whole corpus:
BM25, the base encoder, and the encoder fine-tuned on `train` with its checkpoint chosen on `dev`. All three
by the same metric functions in one run; means over the seeds, with intervals over seeds and questions::

    python benchmarks/quality.py --data medquad feedbackqa --lane static --seeds 17 18 19

What one training is asked for besides, so that it need not be done twice: with `--guard squadshifts-wiki` what it
forgot, on questions that have nothing to do with its data; with `--served` what the whole release finds, words, fusion
and context with it, from base and from fine-tuned vectors; with `--stock` what the stock recipe (`stock_recipe.py`)
reaches on the same pairs::

    python benchmarks/quality.py --data medquad --lane transformer --seeds 17 18 19 \
        --guard squadshifts-wiki --served --stock --keep --out medquad.json

Every finished run is in `--out` at once; called again with the same file, only what is missing is done.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from arguments import parser_of
from labelled import Benchmark, as_served, cut, load
from over_seeds import Asked, over_seeds
from results import Result, Results
from stock_recipe import stock

from rag.bootstrap import Installation, open_installation
from rag.domain import DEFAULT_TENANT, Chunking, Release, Retrieval
from rag.ports import Encoder
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial
from rag.settings import Settings
from retrain.bootstrap import trainer
from retrain.settings import RetrainSettings
from retrain.verdict.evaluation import DEPTH, search

SHOWN = ("accuracy@1", "recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10")
BASE = {"static": "static", "transformer": "minilm"}
TUNED, STOCK, BM25 = "fine-tuned", "stock recipe", "BM25"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where a measurement finds what it needs, and what it is asked for."""

    lane: Literal["static", "transformer"]
    rag: Installation
    stock: bool  # train the stock recipe as well
    keep: bool  # leave what was trained among the encoders
    guard: Benchmark | None  # questions that have nothing to do with the data
    served: Benchmark | None  # the data with its passages in documents, as a release has them

    def parts(self, data: str) -> set[tuple[str, str]]:
        """Return what is measured of one training on a data set: part and data set of the questions."""
        named = {"guard": self.guard, "served": self.served}
        return {("target", data)} | {(part, asked.name) for part, asked in named.items() if asked is not None}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    return campaign(options().parse_args(arguments))


Prepare = Callable[[Benchmark, int, Bench], tuple[Benchmark, dict[str, Any]]]
"""Gives the data that one seed trains and is measured on, and what the result should tell of it."""


def _as_it_is(data: Benchmark, _seed: int, _bench: Bench) -> tuple[Benchmark, dict[str, Any]]:
    return data, {}


def campaign(options: argparse.Namespace, *, prepare: Prepare = _as_it_is, split: str = "test") -> int:
    """Print the table of all data sets and seeds, once what is not done yet is done; give the exit status."""
    print(table(finished(options, prepare=prepare, split=split)))
    return 0


def finished(
    options: argparse.Namespace, *, prepare: Prepare = _as_it_is, split: str = "test"
) -> list[Result]:
    """Do what is not done yet, for every data set and seed, and give all results."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if options.stock and options.lane != "transformer":
        raise SystemExit(
            "The stock recipe is one for transformers; leave --stock out, or say --lane transformer."
        )
    results = Results(options.out, {**conditions(), "questions": split, "limit": options.limit})
    guard = load(options.datasets / options.guard) if options.guard else None
    done: list[Result] = []
    with open_installation(Settings(_env_file=None, home=options.home)) as rag:
        for name in options.data:
            data = cut(load(options.datasets / name), options.limit)
            served = as_served(options.datasets / name, split) if options.served else None
            bench = Bench(
                lane=options.lane,
                rag=rag,
                stock=options.stock,
                keep=options.keep,
                guard=cut(guard, options.limit) if guard else None,
                served=cut(served, options.limit) if served else None,
            )
            for seed in options.seeds:
                result = results.find(data=name, lane=options.lane, seed=seed)
                if result is None or not _complete(result, bench):
                    prepared, told = prepare(data, seed, bench)
                    result = {**run(prepared, seed=seed, bench=bench, earlier=result), **told}
                    results.put(result, "data", "lane", "seed")
                if options.keep:
                    print(f"{name}, seed {seed}: {result['artefacts']}", file=sys.stderr, flush=True)
                done.append(result)
    return done


def run(data: Benchmark, *, seed: int, bench: Bench, earlier: Result | None = None) -> Result:
    """Train once, and measure everything that is asked for.

    What `earlier`, a result of the same seed, trained is used again where it is still among the encoders.
    """
    result = trained(data, seed=seed, bench=bench, earlier=earlier)
    digests = result["artefacts"]
    result["asked"] = [asdict(asked) for asked in measured(data, digests, bench).values()]
    if not bench.keep:
        for digest in result.pop("new"):
            bench.rag.models.encoders.drop(digest)
    result.pop("new", None)
    return result


def trained(data: Benchmark, *, seed: int, bench: Bench, earlier: Result | None) -> Result:
    """Return the digests of base, fine-tuned and, where it is asked for, stock encoder, and what they took."""
    encoders = bench.rag.models.encoders
    # Made the first time, which is no part of what is measured.
    base = encoders.resolve(BASE[bench.lane])
    there = encoders.digests()
    before: Result = earlier or {"artefacts": {}, "seconds": {}, "cpu_seconds": {}, "training": None}
    known = {side: digest for side, digest in before["artefacts"].items() if digest in there}
    seconds, cpu, training = dict(before["seconds"]), dict(before["cpu_seconds"]), before["training"]
    if TUNED not in known:
        wall, processor = time.perf_counter(), time.process_time()
        ours = trainer(bench.rag, RetrainSettings(seed=seed, lane=bench.lane))
        known[TUNED], report = ours.train(base, data.train, data.dev, data.passages, progress=_progress)
        seconds[TUNED], cpu[TUNED] = time.perf_counter() - wall, time.process_time() - processor
        training = asdict(report)
    # A result that had the stock recipe has it still.
    if (bench.stock or STOCK in before["artefacts"]) and STOCK not in known:
        with tempfile.TemporaryDirectory() as target:
            took = stock(encoders.path(base), data.train, seed=seed, target=Path(target))
            known[STOCK] = encoders.register(Path(target))
        seconds[STOCK], cpu[STOCK] = took["seconds"], took["cpu_seconds"]
    return {
        "data": data.name,
        "lane": bench.lane,
        "seed": seed,
        "passages": len(data.passages),
        "pairs": len(data.train),
        "seconds": {side: round(value, 2) for side, value in seconds.items()},
        "cpu_seconds": {side: round(value, 2) for side, value in cpu.items()},
        "training": training,
        "artefacts": {"base": base, **known},
        "new": sorted(set(known.values()) - there),
    }


def measured(data: Benchmark, digests: dict[str, str], bench: Bench) -> dict[str, Asked]:
    """Measure every encoder on every part, by the same functions."""
    encoders = {side: bench.rag.models.encoders.load(digest) for side, digest in digests.items()}

    def exact(part: Benchmark) -> dict[str, Sequence[Sequence[str]]]:
        return {
            side: search(encoder, part.test, part.passages, bench.rag.models.cache)
            for side, encoder in encoders.items()
        }

    parts = {"target": Asked.of("target", data.name, data.test, {BM25: search_bm25(data), **exact(data)})}
    if bench.guard is not None:
        parts["guard"] = Asked.of("guard", bench.guard.name, bench.guard.test, exact(bench.guard))
    if bench.served is not None:
        found = {
            side: as_release(digests[side], encoder, bench.served, bench)
            for side, encoder in encoders.items()
            if side != STOCK
        }
        parts["served"] = Asked.of("served", bench.served.name, bench.served.test, found)
    return parts


def as_release(digest: str, encoder: Encoder, data: Benchmark, bench: Bench) -> list[list[str]]:
    """Rank as a release with the default retrieval would: vectors, words, fusion and context."""
    release = Release.create(
        encoder=digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )
    loaded, rag = LoadedRelease(release=release, encoder=encoder), bench.rag
    with trial(
        loaded, [data.passages], tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch
    ) as tried:
        return tried.rank([question.text for question in data.test], limit=DEPTH)


def search_bm25(data: Benchmark) -> list[list[str]]:
    """Rank with BM25: stemmed, stop words out, k1 1.5, b 0.75."""
    import bm25s
    from snowballstemmer import stemmer

    # Compiled where PyStemmer is installed, the same words in pure Python where it is not.
    stem = stemmer("english").stemWords

    def tokens(texts: list[str]) -> Any:
        return bm25s.tokenize(texts, stopwords="en", stemmer=stem, show_progress=False)

    index = bm25s.BM25(k1=1.5, b=0.75)
    index.index(tokens([passage.embedded_text for passage in data.passages]), show_progress=False)
    found, _ = index.retrieve(
        tokens([question.text for question in data.test]),
        k=min(DEPTH, len(data.passages)),
        show_progress=False,
    )
    return [[data.passages[row].id for row in rows] for rows in np.asarray(found)]


def table(results: Sequence[Result]) -> str:
    """Write one Markdown table, in percent: for each data set the means over its seeds; see `over_seeds`."""
    lines = [
        f"| questions | encoder | {' | '.join(SHOWN)} | seconds |",
        f"|---|---|{'---|' * len(SHOWN)}---|",
    ]
    for name, lane in dict.fromkeys((result["data"], result["lane"]) for result in results):
        runs = [result for result in results if (result["data"], result["lane"]) == (name, lane)]
        for part in ("target", "guard", "served"):
            asked = [Asked(**each) for run in runs for each in run["asked"] if each["part"] == part]
            # A part that was asked for in some of the runs only has no mean over the runs.
            if len(asked) == len(runs):
                lines += _rows(asked, runs, lane)
    return "\n".join(lines)


def _rows(asked: Sequence[Asked], runs: Sequence[Result], lane: str) -> list[str]:
    """Write one part of one data set: every side that all runs have, and how fine-tuning compares with it."""
    seeds = f"{len(runs)} seed{'s' if len(runs) > 1 else ''}"
    title = {
        "target": asked[0].name,
        "guard": f"{asked[0].name}, after {runs[0]['data']}",
        "served": f"{asked[0].name}, as served",
    }[asked[0].part]
    sides = [side for side in (BM25, "base", STOCK, TUNED) if all(side in each.ranks for each in asked)]
    rows = []
    for side in sides:
        means, took = over_seeds(asked, side), [run["seconds"].get(side) for run in runs]
        shown = asked[0].part == "target" and None not in took
        cells = [
            means[metric].whole() if side in (STOCK, TUNED) else means[metric].plain() for metric in SHOWN
        ]
        rows.append((side, cells, f"{np.median(took):.0f}" if shown else ""))
    if TUNED in sides:
        for side in sides[:-1]:
            gains = over_seeds(asked, TUNED, minus=side)
            rows.append((f"{TUNED} − {side}", [gains[metric].gain() for metric in SHOWN], ""))
    if STOCK in sides:
        gains = over_seeds(asked, STOCK, minus="base")
        rows.append((f"{STOCK} − base", [gains[metric].gain() for metric in SHOWN], ""))
    first = f"| {title} ({len(asked[0].groups):,}, {seeds}) |"
    named = {"base": f"base, {lane}"}
    return [f"{first} {named.get(side, side)} | {' | '.join(cells)} | {took} |" for side, cells, took in rows]


def _complete(result: Result, bench: Bench) -> bool:
    """Tell whether a result holds everything that is asked for."""
    sides = {"base", TUNED} | ({STOCK} if bench.stock else set())
    there = {(asked["part"], asked["name"]) for asked in result["asked"]}
    return bench.parts(result["data"]) <= there and sides <= result["artefacts"].keys()


def conditions() -> dict[str, Any]:
    """Return the settings that trainings have in common whose figures may be put together."""
    return RetrainSettings().model_dump(mode="json", exclude={"seed"})


def _progress(done: int, total: int, what: str) -> None:
    if done % 50 == 0 or done == total:
        print(f"{what}: step {done} of {total}", file=sys.stderr, flush=True)


def options() -> argparse.ArgumentParser:
    """Return the parser of the benchmark's options."""
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--data", nargs="+", default=["medquad", "feedbackqa"], help="folders of --datasets")
    add("--lane", choices=sorted(BASE), default="static", help="kind of encoder (transformer: minutes)")
    add("--seeds", type=int, nargs="+", default=[17], help="one training run for each")
    add("--guard", help="folder of --datasets on whose test questions nothing should be forgotten")
    add("--served", action="store_true", help="measure the whole release as well: words, fusion, context")
    add("--stock", action="store_true", help="train the stock recipe as well (transformer lane)")
    add("--keep", action="store_true", help="leave the trained encoders in --home and name their digests")
    add("--limit", type=int, help="so many pairs and questions only, to try the script out")
    add("--out", type=Path, help="all figures, JSON, written after each run; what is there is not done again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
