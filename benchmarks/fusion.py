"""Claim: on no data set does the default retrieval find less than the best of BM25, vectors and their plain fusion.

Peer: BM25, vectors alone, and their plain reciprocal rank fusion.

For each data set (BEIR layout), Recall@1, 3, 5 and 10 in percent over the whole corpus, all through the embedded index:
by words alone (BM25), by vectors alone (exact), plain reciprocal rank fusion of the two (Cormack, Clarke and Büttcher,
2009; k 60, unweighted, the best 100 of each), the default's fusion, and the default itself, which joins a passage's
vector with its document's. Passages of one article, page or sheet are one document there; elsewhere it makes no
difference. The questions are of the `test` split; with ``--choose`` they are of `dev`, for a grid of weights::

    python benchmarks/fusion.py --choose --data medquad feedbackqa pubmedqa-pqal
    python benchmarks/fusion.py --encoder minilm
"""

import argparse
import itertools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from arguments import parser_of

from rag.bootstrap import open_installation
from rag.domain import DEFAULT_TENANT, Chunking, Document, Passage, Release, Retrieval
from rag.ports import EmbeddingCache, Encoder, IndexStore, Vectors
from rag.releases.vectors import ReleaseVectors
from rag.settings import Settings

CUTS = (1, 3, 5, 10)
DEPTH = 100  # of each list that plain fusion reads
RRF_K = 60
SLACK = 0.5  # points that the default may be behind
GRID = tuple(itertools.product((0.0, 0.2, 0.3, 0.4), (0.7, 0.75, 0.8, 0.85)))  # context, then dense weight
SETS = ("medquad", "feedbackqa", "pubmedqa-pqal", "squadshifts-wiki", "clapnq-dev")
DEFAULT = Retrieval()


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set's passages, and the questions of one split."""

    name: str
    passages: list[Passage]
    questions: list[str]
    relevant: list[frozenset[str]]  # passage ids, for each question


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything a measurement needs."""

    encoder: Encoder
    cache: EmbeddingCache
    indexes: IndexStore


def main() -> int:
    """Run the benchmark; give the exit status."""
    options = _options()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    kept = True
    with open_installation(Settings(_env_file=None, home=options.home)) as rag, rag.scratch() as indexes:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve(options.encoder))
        bench = Bench(encoder=encoder, cache=rag.models.cache, indexes=indexes)
        for name in options.data:
            data = load(options.datasets / name, "dev" if options.choose else "test")
            print(f"{name}: {len(data.passages)} passages, {len(data.questions)} questions", flush=True)
            if options.choose:
                choose(data, bench)
            else:
                kept &= report(data, bench)
    return 0 if kept else 1


def load(folder: Path, split: str) -> Data:
    """Read a data set in BEIR layout; title and text are joined, and passages of one source are one document."""
    documents: dict[str, Document] = {}
    positions: dict[str, int] = {}
    passages: dict[str, Passage] = {}
    for row in _records(folder / "corpus.jsonl"):
        source = _source(folder.name, row)
        document = documents.setdefault(source, Document.create(uri=source, text=""))
        position = positions[source] = positions.get(source, -1) + 1
        passages[row["_id"]] = Passage.create(document, position, row["text"], title=row["title"])
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(question, set()).add(passages[passage].id)
    asked = [
        row for row in _records(folder / "queries.jsonl") if row["split"] == split and row["_id"] in relevant
    ]
    return Data(
        name=folder.name,
        passages=list(passages.values()),
        questions=[row["text"] for row in asked],
        relevant=[frozenset(relevant[row["_id"]]) for row in asked],
    )


def report(data: Data, bench: Bench) -> bool:
    """Print the table of one data set; tell whether the default is good enough."""
    vectors = _encoded(data.questions, bench.encoder)
    words = _found(data, bench, vectors, replace(DEFAULT, dense_weight=0.0, context_weight=0.0))
    dense = _found(data, bench, vectors, replace(DEFAULT, dense_weight=1.0, context_weight=0.0))
    rows = {
        "BM25": words,
        "vectors": dense,
        "plain fusion": [fused(pair) for pair in zip(dense, words, strict=True)],
        "fused, without context": _found(data, bench, vectors, replace(DEFAULT, context_weight=0.0)),
        "default": _found(data, bench, vectors, DEFAULT),
    }
    measured = {name: recalls(found, data.relevant) for name, found in rows.items()}
    for name, values in measured.items():
        print(f"| {name} | {' | '.join(f'{value:.1f}' for value in values)} |", flush=True)
    best = max(measured[name][-1] for name in ("BM25", "vectors", "plain fusion"))
    return measured["default"][-1] >= best - SLACK


def choose(data: Data, bench: Bench) -> None:
    """Print what each pair of weights finds."""
    vectors = _encoded(data.questions, bench.encoder)
    print("| context | dense | @1 | @3 | @5 | @10 |\n|---|---|---|---|---|---|")
    for context, dense in GRID:
        retrieval = replace(DEFAULT, dense_weight=dense, context_weight=context)
        values = recalls(_found(data, bench, vectors, retrieval), data.relevant)
        print(f"| {context} | {dense} | {' | '.join(f'{value:.1f}' for value in values)} |", flush=True)


def fused(rankings: Sequence[Sequence[str]]) -> list[str]:
    """Fuse rankings by reciprocal ranks, unweighted."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, passage_id in enumerate(ranking, start=1):
            scores[passage_id] = scores.get(passage_id, 0.0) + 1 / (RRF_K + rank)
    return sorted(scores, key=lambda passage_id: (-scores[passage_id], passage_id))


def recalls(found: Sequence[Sequence[str]], relevant: Sequence[frozenset[str]]) -> list[float]:
    """Return the mean share of the right passages among the first k, in percent, for each k of `CUTS`."""
    return [
        100
        * float(
            np.mean(
                [len(right & set(ids[:cut])) / len(right) for ids, right in zip(found, relevant, strict=True)]
            )
        )
        for cut in CUTS
    ]


def _found(data: Data, bench: Bench, vectors: Vectors, retrieval: Retrieval) -> list[list[str]]:
    """Index the passages anew as `retrieval` says and ask every question."""
    release = Release.create(
        encoder=bench.encoder.digest,
        dimension=bench.encoder.dimension,
        chunking=Chunking(),
        retrieval=retrieval,
    )
    index = bench.indexes.open(release, create=True)
    try:
        index.upsert(data.passages, ReleaseVectors(release, bench.encoder, bench.cache).of(data.passages))
        return [
            [
                each.passage.id
                for each in index.search(vector, tenant=DEFAULT_TENANT, limit=DEPTH, text=question)
            ]
            for question, vector in zip(data.questions, vectors, strict=True)
        ]
    finally:
        index.close()
        bench.indexes.drop(index.name)


def _encoded(questions: Sequence[str], encoder: Encoder) -> Vectors:
    some = [encoder.encode_queries(questions[i : i + 64]) for i in range(0, len(questions), 64)]
    return np.concatenate(some)


def _source(name: str, row: dict[str, str]) -> str:
    """Name the article, page or sheet that a passage is of."""
    if name == "medquad":
        return row["_id"].rsplit("-", 1)[0]
    return str(row.get("pmid") or row.get("article") or row.get("url") or row["_id"])


def _records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--data", nargs="+", default=SETS)
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--choose", action="store_true", help="try weights on the dev questions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
