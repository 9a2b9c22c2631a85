"""Claim: context and weight of words, chosen on dev questions as a candidate's are, find more of what is asked for.

Peer: the default retrieval.

The base encoder under the default retrieval, and under what `retrain.verdict.tuning` chooses for it on the `dev`
questions; both as they would serve, on the `test` questions over the whole corpus, with paired 95 % intervals::

    python benchmarks/tuned_retrieval.py --data pubmedqa-pqal
"""

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path

from arguments import parser_of
from labelled import as_served

from rag.bootstrap import Installation, open_installation
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
    print(f"| data | retrieval | {' | '.join(SHOWN)} |\n|---|---|{'---|' * len(SHOWN)}")
    with open_installation(Settings(_env_file=None, home=options.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve(options.encoder))
        release = Release.create(
            encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
        )
        for name in options.data:
            compare(options.datasets / name, LoadedRelease(release=release, encoder=encoder), rag)
    return 0


def compare(folder: Path, default: LoadedRelease, rag: Installation) -> None:
    """Choose on dev, and print what both find on test."""
    settings = RetrainSettings(_env_file=None)
    data = as_served(folder, "test")
    test, dev = data.test, as_served(folder, "dev").test
    with trial_indexes(
        data.passages, tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch
    ) as on:
        tuned = tune(
            default,
            default,
            dev,
            on=on,
            metric=settings.gate_metric,
            alpha=settings.gate_alpha,
            min_questions=settings.gate_min_questions,
            seed=settings.seed,
        )
        print(f"{data.name}: {tuned.notes}", file=sys.stderr)
        before, after = (
            evaluate(on.of(each).rank([question.text for question in test], limit=DEPTH), test)
            for each in (default, tuned.candidate)
        )
    rows = {row.metric: asdict(row) for row in contrast(before, after, clusters(test), seed=17)}
    chosen = tuned.candidate.release.retrieval
    label = f"context {chosen.context_weight}, dense {chosen.dense_weight}"
    for side, words in (("incumbent", "default"), ("candidate", label)):
        cells = [f"{100 * rows[metric][side]['value']:.1f}" for metric in SHOWN]
        print(f"| {data.name} ({len(test)}) | {words} | {' | '.join(cells)} |")
    spans = [rows[metric]["difference"] for metric in SHOWN]
    cells = [f"{100 * s['value']:+.1f} ({100 * s['low']:+.1f} to {100 * s['high']:+.1f})" for s in spans]
    print(f"| | difference | {' | '.join(cells)} |", flush=True)


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--data", nargs="+", default=["pubmedqa-pqal"], help="folders of --datasets")
    parser.add_argument("--encoder", default="minilm", help="what embeds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
