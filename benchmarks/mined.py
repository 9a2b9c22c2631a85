"""Claim: with no question of anybody's, a company's passages alone teach an encoder to find more than before.

Peer: BM25 and the base encoder.

For each data set, the training questions are mined without a language model from titles and passages' own words, and
checked by the round trip through the base encoder's whole retrieval; neither `train` nor `dev` questions are seen, and
the last weights are kept in a fixed share. Then BM25, base and trained, on `test`, in the table of
`benchmarks/quality.py`::

    python benchmarks/mined.py --data medquad feedbackqa --lane static --seeds 17 18 19

While something is tried out, `--on dev` measures on the dev questions instead.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import quality
from labelled import Benchmark
from quality import Bench

from rag.bootstrap import Installation
from rag.domain import DEFAULT_TENANT, Chunking, Document, Passage, Release, Retrieval
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial
from retrain.dataset.pairs import MinedPairs
from retrain.dataset.round_trip import round_trip
from retrain.dataset.sources.documents import mine_documents
from retrain.dataset.sources.excerpts import mine_excerpts
from retrain.settings import RetrainSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    parser = quality.options()
    parser.add_argument(
        "--on", choices=["dev", "test"], default="test", help="questions that are measured on"
    )
    options = parser.parse_args(arguments)

    def prepare(data: Benchmark, seed: int, bench: Bench) -> tuple[Benchmark, dict[str, Any]]:
        base = bench.rag.models.encoders.resolve(quality.BASE[bench.lane])
        mined = mine(data.passages, base, bench.rag, seed=seed)
        print(f"{data.name}: {dict(Counter(pair.kind for pair in mined.pairs))}", file=sys.stderr)
        print(f"{data.name}: left out {dict(mined.dropped)}", file=sys.stderr)
        asked = data.dev if options.on == "dev" else data.test
        told = {"left_out": dict(mined.dropped)}
        return replace(data, train=list(mined.pairs), dev=[], test=asked), told

    return quality.campaign(options, prepare=prepare, split=options.on)


def mine(passages: Sequence[Passage], base: str, rag: Installation, *, seed: int) -> MinedPairs:
    """Mine every passage as a retraining without a language model would."""
    settings = RetrainSettings(_env_file=None)
    by_document = {passage.document_id: [passage] for passage in passages}
    documents = [Document.create(uri=p.uri, title=p.title, text=p.text, divisible=False) for p in passages]
    written = mine_documents(
        documents, lambda ids: {i: by_document[i] for i in ids}, limit=len(passages), seed=seed
    )
    own = mine_excerpts(
        passages, limit=len(passages), kinds=settings.excerpts, spans=settings.spans, seed=seed
    )
    both = MinedPairs(
        pairs=(*written.pairs, *own.pairs), dropped=Counter(written.dropped) + Counter(own.dropped)
    )
    encoder = rag.models.encoders.load(base)
    release = Release.create(
        encoder=base, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )
    loaded = LoadedRelease(release=release, encoder=encoder)
    with trial(
        loaded, [list(passages)], tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch
    ) as tried:
        return round_trip(both, lambda questions, n: tried.rank(questions, limit=n), n=settings.round_trip)


if __name__ == "__main__":
    sys.exit(main())
