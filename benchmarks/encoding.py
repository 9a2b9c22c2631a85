"""Claim: an exported encoder embeds 2.5 times as fast as sentence-transformers on one processor, and finds the same.

Peer: `SentenceTransformer.encode` in float32.

Three comparisons, each interleaved in one run, with as many threads on both sides:

- passages a second: MiniLM through `SentenceTransformer.encode` in float32, and the encoder that serves;
- one question's latency, likewise;
- questions a second of many threads at once: one computation a call, and `MicroBatching`.

And whether the two sides find the same: the overlap of the ten best passages for a data set's `dev` questions::

    python benchmarks/encoding.py --passages 600
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from arguments import parser_of
from numpy.typing import NDArray

from rag.bootstrap import open_installation
from rag.ports import Encoder
from rag.releases.batching import MicroBatching
from rag.settings import Settings

Floats = NDArray[np.float64]
DEPTH = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options().parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(options.threads)
    settings = Settings(
        _env_file=None, home=options.home, encoder_runtime="openvino", encode_threads=options.threads
    )
    with open_installation(settings) as rag:
        encoders = rag.models.encoders
        ours = encoders.load(encoders.resolve(options.encoder))
        theirs = SentenceTransformer(str(encoders.path(ours.digest)), device="cpu")

    def encode(texts: Sequence[str]) -> Any:
        return theirs.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)

    random = np.random.default_rng(options.seed)
    passages, questions = load(options.datasets / options.data)
    passages = [passages[i] for i in random.permutation(len(passages))[: options.passages]]
    rows = []

    seconds, (before, after) = compare(
        [passages[start : start + options.group] for start in range(0, len(passages), options.group)],
        encode,
        ours.encode_passages,
    )
    sizes = np.array([min(options.group, len(passages) - s) for s in range(0, len(passages), options.group)])
    rows.append(("passages a second", *(sizes[:, None] / seconds).T, False))
    worst = float((before * after).sum(axis=1).min())

    asked = [[questions[i]] for i in random.permutation(len(questions))[: options.questions]]
    latency, _ = compare(asked, encode, ours.encode_queries)
    rows.append(("one question, ms", *(1e3 * latency).T, True))

    loads = together(ours, questions, threads=options.askers, rounds=options.rounds, seconds=options.seconds)
    rows.append((f"questions a second, {options.askers} threads", *loads.T, False))

    queries = encode(questions)
    same = overlap(queries @ before.T, ours.encode_queries(questions) @ after.T)
    print(f"{type(ours).__name__} against SentenceTransformer.encode, {options.threads} threads each; ")
    print(f"{len(passages)} passages of {options.data}, {len(questions)} dev questions\n")
    print(table(rows, random))
    print(
        f"\nthe ten best passages overlap by {100 * same:.1f} %; the least cosine of a passage is {worst:.5f}"
    )
    return 0


def load(folder: Path) -> tuple[list[str], list[str]]:
    """Return a data set's passages, title and text joined, and its dev questions."""
    passages = [f"{record['title']}\n{record['text']}" for record in _records(folder / "corpus.jsonl")]
    questions = [r["text"] for r in _records(folder / "queries.jsonl") if r["split"] == "dev"]
    return passages, questions


def compare(
    groups: Sequence[Sequence[str]],
    theirs: Callable[[Sequence[str]], Any],
    ours: Callable[[Sequence[str]], Any],
) -> tuple[Floats, tuple[Any, Any]]:
    """Embed each group on both sides, one right after the other, and who begins alternates.

    Gives seconds, shape (groups, 2), and the vectors of both sides.
    """
    for side in (theirs, ours):
        for group in groups[:3]:
            side(group)  # shapes are prepared and memory is taken before anything counts
    seconds = np.empty((len(groups), 2))
    vectors: tuple[list[Any], list[Any]] = ([], [])
    for row, group in enumerate(groups):
        for turn in (0, 1) if row % 2 == 0 else (1, 0):
            started = time.perf_counter()
            rows = (theirs, ours)[turn](group)
            seconds[row, turn] = time.perf_counter() - started
            vectors[turn].append(rows)
    return seconds, (np.concatenate(vectors[0]), np.concatenate(vectors[1]))


def together(
    encoder: Encoder, questions: Sequence[str], *, threads: int, rounds: int, seconds: float
) -> Floats:
    """Return questions a second of many threads, alone and with micro-batching by turns: shape (rounds, 2)."""
    sides = (encoder, MicroBatching(encoder))
    rates = np.empty((rounds, 2))
    for row in range(rounds):
        for side in (0, 1) if row % 2 == 0 else (1, 0):
            rates[row, side] = _rate(sides[side], questions, threads, seconds)
    return rates


def _rate(encoder: Encoder, questions: Sequence[str], threads: int, seconds: float) -> float:
    stop = threading.Event()

    def ask(first: int) -> int:
        done = 0
        while not stop.is_set():
            encoder.encode_queries([questions[(first + done * threads) % len(questions)]])
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        asking = [pool.submit(ask, first) for first in range(threads)]
        stop.wait(seconds)
        stop.set()
        done = sum(each.result() for each in asking)
    return done / (time.perf_counter() - started)


def overlap(before: Floats, after: Floats) -> float:
    """Return the mean share of the ten best columns of each row that both matrices agree on."""
    best = [np.argpartition(-scores, DEPTH, axis=1)[:, :DEPTH] for scores in (before, after)]
    return float(np.mean([len(np.intersect1d(a, b)) / DEPTH for a, b in zip(*best, strict=True)]))


def table(rows: Sequence[tuple[str, Floats, Floats, bool]], random: np.random.Generator) -> str:
    """Write medians of both sides and the median ratio, "times as fast", with its 95 % bootstrap interval."""
    lines = ["| | before | after | times as fast | 95 % interval |", "|---|---|---|---|---|"]
    for name, before, after, smaller in rows:
        ratios = before / after if smaller else after / before
        draws = np.median(random.choice(ratios, (2_000, len(ratios))), axis=1)
        low, high = np.quantile(draws, (0.025, 0.975))
        medians = f"{np.median(before):.1f} | {np.median(after):.1f} | {np.median(ratios):.2f}"
        lines.append(f"| {name} | {medians} | {low:.2f} to {high:.2f} |")
    return "\n".join(lines)


def _records(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _options() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--data", default="feedbackqa", help="folder of --datasets")
    add("--encoder", default="minilm", help="minilm, a folder, or a digest")
    add("--passages", type=int, help="so many of the data set's; all by default")
    add("--group", type=int, default=64, help="passages embedded on one side before it is the other's turn")
    add("--questions", type=int, default=200, help="asked one by one")
    add("--askers", type=int, default=16, help="threads that ask at once")
    add("--rounds", type=int, default=8, help="turns of each side under load")
    add("--seconds", type=float, default=2.0, help="of one turn under load")
    add("--threads", type=int, default=2, help="of each side's computations")
    add("--seed", type=int, default=17, help="draws passages and questions")
    return parser


if __name__ == "__main__":
    sys.exit(main())
