"""Claim: fine-tuning on a company's own questions finds more than the base model, and more than BM25.

For each data set (BEIR layout, splits that share no document), on its `test` questions over the whole corpus:
BM25, the base encoder, and the encoder fine-tuned on `train` with its checkpoint chosen on `dev`. All three
by the same metric functions in one run::

    python benchmarks/quality.py --data medquad feedbackqa --lane static --seeds 17 18 19
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.adapters.artefacts import EncoderFolder
from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.domain import Document, Passage
from retrain.adapters.sentence_transformers import SentenceTransformerTrainerAdapter
from retrain.domain import EvalQuestion, MetricRow, Origin, TrainingPair
from retrain.settings import RetrainSettings
from retrain.verdict.evaluation import DEPTH, Floats, clusters, contrast, evaluate, search

SHOWN = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10")
BASE = {"static": "static", "transformer": "minilm"}


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A data set in the project's words."""

    name: str
    passages: list[Passage]
    train: list[TrainingPair]
    dev: list[EvalQuestion]
    test: list[EvalQuestion]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options().parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    encoders = EncoderFolder(options.home / "encoders")
    cache = SqliteEmbeddingCache(options.home / "embeddings.sqlite")
    results = [
        run(
            load(options.datasets / name),
            lane=options.lane,
            seed=seed,
            encoders=encoders,
            cache=cache,
            home=options.home,
        )
        for name in options.data
        for seed in options.seeds
    ]
    print(table(results))
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")
    return 0


def load(folder: Path) -> Benchmark:
    """Read a data set in BEIR layout; title and text are embedded joined."""
    passages: dict[str, Passage] = {}
    for record in _records(folder / "corpus.jsonl"):
        title, text = record["title"], record["text"]
        document = Document.create(uri=record["_id"], title=title, text=text, divisible=False)
        passages[record["_id"]] = Passage.create(document, 0, text)
    relevant: dict[str, list[Passage]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(question, []).append(passages[passage])
    train: list[TrainingPair] = []
    held: dict[str, list[EvalQuestion]] = {"dev": [], "test": []}
    for record in _records(folder / "queries.jsonl"):
        answers = relevant.get(record["_id"], [])
        if record["split"] == "train":
            train += [_pair(record["text"], passage) for passage in answers]
        elif record["split"] in held and answers:
            held[record["split"]].append(_question(record["_id"], record["text"], answers))
    return Benchmark(
        name=folder.name, passages=list(passages.values()), train=train, dev=held["dev"], test=held["test"]
    )


def run(
    data: Benchmark, *, lane: str, seed: int, encoders: EncoderFolder, cache: SqliteEmbeddingCache, home: Path
) -> dict[str, Any]:
    """Measure all three on one data set with one seed."""
    # Made the first time, which is no part of what is measured.
    base_digest = encoders.resolve(BASE[lane])
    seconds: dict[str, float] = {}
    clock = time.perf_counter()
    bm25 = evaluate(search_bm25(data), data.test)
    seconds["bm25"], clock = time.perf_counter() - clock, time.perf_counter()
    base = evaluate(search(encoders.load(base_digest), data.test, data.passages, cache), data.test)
    seconds["base"], clock = time.perf_counter() - clock, time.perf_counter()
    trainer = SentenceTransformerTrainerAdapter(encoders, home / "training", RetrainSettings(seed=seed))
    digest, report = trainer.train(base_digest, data.train, data.dev, data.passages, progress=_progress)
    seconds["fine-tuning"], clock = time.perf_counter() - clock, time.perf_counter()
    tuned = evaluate(search(encoders.load(digest), data.test, data.passages, cache), data.test)
    seconds["fine-tuned"] = time.perf_counter() - clock
    groups = clusters(data.test)
    return {
        "data": data.name,
        "lane": lane,
        "seed": seed,
        "passages": len(data.passages),
        "questions": len(data.test),
        "seconds": {part: round(value, 2) for part, value in seconds.items()},
        "training": asdict(report),
        "against_base": _rows(base, tuned, groups, seed),
        "against_bm25": _rows(bm25, tuned, groups, seed),
    }


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


def table(results: Sequence[dict[str, Any]]) -> str:
    """Write the results as one Markdown table, in percent; differences with 95 % intervals."""
    lines = [
        f"| data | seed | encoder | {' | '.join(SHOWN)} | seconds |",
        f"|---|---|---|{'---|' * len(SHOWN)}---|",
    ]
    for result in results:
        base, bm25 = result["against_base"], result["against_bm25"]
        seconds, lane = result["seconds"], result["lane"]
        rows = [
            ("BM25", [_percent(bm25[metric]["incumbent"]) for metric in SHOWN], seconds["bm25"]),
            (f"base, {lane}", [_percent(base[metric]["incumbent"]) for metric in SHOWN], seconds["base"]),
            ("fine-tuned", [_percent(base[metric]["candidate"]) for metric in SHOWN], seconds["fine-tuning"]),
            ("fine-tuned − base", [_span(base[metric]["difference"]) for metric in SHOWN], None),
            ("fine-tuned − BM25", [_span(bm25[metric]["difference"]) for metric in SHOWN], None),
        ]
        for encoder, cells, taken in rows:
            first = f"| {result['data']} ({result['questions']}) | {result['seed']} | {encoder} |"
            lines.append(f"{first} {' | '.join(cells)} | {'' if taken is None else f'{taken:.0f}'} |")
    return "\n".join(lines)


def _percent(estimate: dict[str, float]) -> str:
    return f"{100 * estimate['value']:.1f}"


def _span(difference: dict[str, float]) -> str:
    value, low, high = (100 * difference[part] for part in ("value", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _rows(before: Floats, after: Floats, groups: Any, seed: int) -> dict[str, Any]:
    rows: tuple[MetricRow, ...] = contrast(before, after, groups, seed=seed)
    return {row.metric: asdict(row) for row in rows}


def _pair(question: str, passage: Passage) -> TrainingPair:
    return TrainingPair(
        question=question,
        passage_id=passage.id,
        document_id=passage.document_id,
        passage_text=passage.embedded_text,
        origin=Origin.LABEL,
    )


def _question(key: str, text: str, answers: Sequence[Passage]) -> EvalQuestion:
    return EvalQuestion(
        id=key,
        text=text,
        relevant=frozenset(passage.id for passage in answers),
        documents=frozenset(passage.document_id for passage in answers),
        origin=Origin.LABEL,
    )


def _records(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _progress(done: int, total: int, what: str) -> None:
    if done % 50 == 0 or done == total:
        print(f"{what}: step {done} of {total}", file=sys.stderr, flush=True)


def _options() -> argparse.ArgumentParser:
    default = os.environ.get("WHETSTONE_DATASETS") or Path(__file__).parents[2] / "shared" / "datasets"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", nargs="+", default=["medquad", "feedbackqa"], help="folders of --datasets")
    add("--datasets", type=Path, default=Path(default), help="where the data sets are")
    add("--lane", choices=sorted(BASE), default="static", help="kind of encoder (transformer: minutes)")
    add("--seeds", type=int, nargs="+", default=[17], help="one training run for each")
    add("--home", type=Path, default=Path("var/benchmarks"), help="encoders and checkpoints")
    add("--out", type=Path, help="write all figures there, JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
