r"""Claim: in the same processor time and data, more is learnt than by llama-index-finetuning, and less forgotten.

Peer: the two embedding engines of llama-index-finetuning (`peer_finetuning.py`).

The two engines of that package, SentenceTransformersFinetuneEngine (all weights) and EmbeddingAdapterFinetuneEngine (a
matrix on the questions' vectors), start from the same model and train on the same pairs. They run in an environment of
their own::

    python3.11 -m venv .peers-ft && .peers-ft/bin/pip install -r benchmarks/peers-finetuning.txt
    python benchmarks/finetuning_peers.py --peers .peers-ft/bin/python --data medquad --seeds 17 18 19 \
        --out medquad.json --peers-out medquad-peers.json

Our side is the run of `quality.py` with `--guard`; with that run's `--out` nothing is trained anew. Each engine has its
own defaults (batch 10, loss, rate, warm-up and decay) but for two things. It does not look at dev, which would cost it
half of its time. And it sees as many pairs as its time allows: cutting a training short would leave its rate high, and
running it in whole epochs would miss the time, so two short runs tell how long a step of the engine takes, and its
training is planned for the steps that fit: passes over all pairs, each in another random order, laid one after another
and given as one epoch. The time is that of the processor, over all threads, of training alone, ours with its looks at
dev and its negatives; what an engine really took is in the table. `--seconds` gives all engines another time, and
`--defaults` the epochs of their own, however long they take. What is found is measured here, from the vectors that each
engine's own model writes, by the same functions as ours.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import quality
from labelled import Benchmark, cut, load
from measuring import two_cores
from over_seeds import Asked, over_seeds
from quality import BASE, TUNED
from results import Result, Results
from worker import Worker

from rag.bootstrap import open_installation
from rag.settings import Settings
from retrain.verdict.evaluation import DEPTH, rank

ENGINES = ("SentenceTransformersFinetuneEngine", "EmbeddingAdapterFinetuneEngine")
PARTS = ("target", "guard")
SHOWN = ("recall@1", "recall@10")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options().parse_args(arguments)
    if options.lane != "transformer":
        raise SystemExit("LlamaIndex does not load static encoders; leave --lane out.")
    two_cores()
    runs = quality.finished(options)
    with open_installation(Settings(_env_file=None, home=options.home)) as rag:
        base = rag.models.encoders.path(rag.models.encoders.resolve(BASE[options.lane])).resolve()
    peers = Results(options.peers_out, {"lane": options.lane, "limit": options.limit, "guard": options.guard})
    guard = cut(load(options.datasets / options.guard), options.limit)
    worker = Worker(options.peers, Path(__file__).with_name("peer_finetuning.py"), str(base))
    try:
        for name in options.data:
            parts = {"target": cut(load(options.datasets / name), options.limit), "guard": guard}
            for run in (run for run in runs if run["data"] == name):
                for engine in options.engines:
                    asked = {
                        "data": name,
                        "seed": run["seed"],
                        "engine": engine,
                        "given": _given(run, options),
                    }
                    if peers.find(**asked) is None:
                        done = _finetuned(worker, asked, parts, options.sizes)
                        peers.put({**asked, **done}, *asked)
    finally:
        worker.close()
    beaten = True
    for name in options.data:
        of_data = [run for run in runs if run["data"] == name]
        beaten &= report(
            of_data,
            {
                engine: [
                    _there(peers, data=name, seed=run["seed"], engine=engine, given=_given(run, options))
                    for run in of_data
                ]
                for engine in options.engines
            },
        )
    return 0 if beaten else 1


def report(runs: Sequence[Result], peers: dict[str, list[Result]]) -> bool:
    """Print the table of one data set, means over its seeds; tell whether every engine is surely beaten.

    Args:
        runs: ours, one for each seed.
        peers: the engines' results, for the same seeds in the same order.
    """
    parts: dict[str, list[Asked]] = {}
    for part in PARTS:
        parts[part] = [
            replace(
                mine, ranks={**mine.ranks, **{e: results[at]["ranks"][part] for e, results in peers.items()}}
            )
            for at, mine in enumerate(_asked(run, part) for run in runs)
        ]
    columns = [f"{parts[part][0].name} {metric}" for part in PARTS for metric in SHOWN]
    print(f"\n| encoder, {len(runs)} seeds | {' | '.join(columns)} | CPU s | pairs seen |")
    print(f"|---|{'---|' * (len(columns) + 2)}")
    took = {TUNED: [run["cpu_seconds"][TUNED] for run in runs]}
    took |= {engine: [result["cpu_seconds"] for result in results] for engine, results in peers.items()}
    seen = {
        engine: f"{np.median([r['pairs_seen'] for r in results]):,.0f}" for engine, results in peers.items()
    }
    for side in ("base", TUNED, *peers):
        cells = [over_seeds(parts[part], side)[metric].whole() for part in PARTS for metric in SHOWN]
        processor = f"{np.median(took[side]):.0f}" if side in took else ""
        print(f"| {side} | {' | '.join(cells)} | {processor} | {seen.get(side, '')} |")
    beaten = True
    for engine in peers:
        gains = [over_seeds(parts[part], TUNED, minus=engine)[metric] for part in PARTS for metric in SHOWN]
        print(f"| {TUNED} − {engine} | {' | '.join(gain.gain() for gain in gains)} | | |", flush=True)
        beaten &= all(gain.low > 0 for gain in gains[1::2])
    return beaten


def _finetuned(
    worker: Worker, asked: dict[str, Any], parts: dict[str, Benchmark], sizes: Sequence[int]
) -> dict[str, Any]:
    """Have an engine train and embed; give the ranks of the right passages, and what it took."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        pairs = scratch / "pairs.json"
        pairs.write_text(
            json.dumps([[pair.question, pair.passage_text] for pair in parts["target"].train]),
            encoding="utf-8",
        )
        order = {
            "engine": asked["engine"],
            "pairs": str(pairs),
            "seconds": asked["given"],
            "seed": asked["seed"],
            "vectors": str(scratch),
            "sizes": sizes,
            "parts": [],
        }
        for part, data in parts.items():
            file = scratch / f"{part}.json"
            content = {
                "questions": [question.text for question in data.test],
                "passages": [passage.embedded_text for passage in data.passages],
            }
            file.write_text(json.dumps(content), encoding="utf-8")
            order["parts"].append({"part": part, "name": data.name, "file": str(file)})
        done: dict[str, Any] = worker.do(order)
        done["ranks"] = {part: _ranks(part, data, scratch) for part, data in parts.items()}
    return done


def _ranks(part: str, data: Benchmark, folder: Path) -> list[list[int]]:
    """Search exactly with the vectors that an engine wrote; give the ranks of each question's right passages."""
    questions, passages = (
        _unit(np.load(folder / f"{part}-{what}.npy")) for what in ("questions", "passages")
    )
    found = [[data.passages[row].id for row in rows] for rows in rank(questions, passages, DEPTH)]
    return Asked.of(part, data.name, data.test, {"": found}).ranks[""]


def _unit(rows: np.ndarray) -> np.ndarray:
    """Bring rows to unit length: an adapter's are not."""
    unit: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _given(run: Result, options: argparse.Namespace) -> float | None:
    """Return the processor time an engine gets, in seconds; None: what its own epochs take."""
    if options.defaults:
        return None
    return float(options.seconds if options.seconds is not None else run["cpu_seconds"][TUNED])


def _asked(run: Result, part: str) -> Asked:
    return next(Asked(**each) for each in run["asked"] if each["part"] == part)


def _there(results: Results, **asked: Any) -> Result:
    result = results.find(**asked)
    assert result is not None
    return result


def _options() -> argparse.ArgumentParser:
    parser = quality.options()
    parser.description = __doc__
    parser.set_defaults(data=["medquad"], lane="transformer", guard="squadshifts-wiki")
    add = parser.add_argument
    add("--peers", default=sys.executable, help="Python of the peers' environment")
    add("--peers-out", type=Path, help="the engines' figures, JSON, as --out for ours")
    add("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    add("--seconds", type=float, help="processor time of an engine; left out: what ours took")
    add("--defaults", action="store_true", help="give the engines the epochs that are their defaults instead")
    add(
        "--sizes",
        type=int,
        nargs=2,
        default=(8, 32),
        help="steps of the two short runs that tell a step's time",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
