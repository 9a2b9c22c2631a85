"""Claim: context and weight of words, chosen on dev questions as a candidate's are, find more of what is asked for.

The base encoder under the default retrieval, and under what `retrain.verdict.tuning` chooses for it on the `dev`
questions; both as they would serve, on the `test` questions over the whole corpus, with paired 95 % intervals::

    python benchmarks/tuned_retrieval.py --data pubmedqa-pqal
"""

import argparse
import os
import sys
from dataclasses import asdict

from arguments import parser_of
from labelled import as_served

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.bootstrap import models
from rag.bootstrap.installation import scratch_indexes
from rag.domain import DEFAULT_TENANT, Chunking, Release, Retrieval
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial_indexes
from rag.settings import Settings
from retrain.settings import RetrainSettings
from retrain.verdict.evaluation import DEPTH, clusters, contrast, evaluate
from retrain.verdict.tuning import tune

SHOWN = ("accuracy@1", "recall@1", "recall@3", "recall@5", "recall@10", "ndcg@10")


def main() -> int:
    """Run the benchmark; give the exit status."""
    options = _options()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    encoders = models(Settings(_env_file=None, home=options.home)).encoders
    encoder = encoders.load(encoders.resolve(options.encoder))
    cache = SqliteEmbeddingCache(options.home / "embeddings.sqlite")
    settings = RetrainSettings(_env_file=None)
    release = Release.create(
        encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )
    cast = LoadedRelease(release=release, encoder=encoder)
    print(f"| data | retrieval | {' | '.join(SHOWN)} |\n|---|---|{'---|' * len(SHOWN)}")
    for name in options.data:
        data = as_served(options.datasets / name, "test")
        test, dev = data.test, as_served(options.datasets / name, "dev").test
        with trial_indexes(data.passages, tenant=DEFAULT_TENANT, cache=cache, scratch=scratch_indexes) as on:
            tuned = tune(
                cast,
                cast,
                dev,
                on=on,
                metric=settings.gate_metric,
                alpha=settings.gate_alpha,
                min_questions=settings.gate_min_questions,
                seed=settings.seed,
            )
            print(f"{name}: {tuned.notes}", file=sys.stderr)
            before, after = (
                evaluate(on.of(each).rank([question.text for question in test], limit=DEPTH), test)
                for each in (cast, tuned.candidate)
            )
        rows = {row.metric: asdict(row) for row in contrast(before, after, clusters(test), seed=17)}
        chosen = tuned.candidate.release.retrieval
        label = f"context {chosen.context_weight}, dense {chosen.dense_weight}"
        for side, words in (("incumbent", "default"), ("candidate", label)):
            cells = [f"{100 * rows[metric][side]['value']:.1f}" for metric in SHOWN]
            print(f"| {name} ({len(test)}) | {words} | {' | '.join(cells)} |")
        spans = [rows[metric]["difference"] for metric in SHOWN]
        cells = [f"{100 * s['value']:+.1f} ({100 * s['low']:+.1f} to {100 * s['high']:+.1f})" for s in spans]
        print(f"| | difference | {' | '.join(cells)} |", flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--data", nargs="+", default=["pubmedqa-pqal"], help="folders of --datasets")
    parser.add_argument("--encoder", default="minilm", help="what embeds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
