"""Claim: an index is built at three times the passages a second of LlamaIndex's VectorStoreIndex.

Peer: LlamaIndex's VectorStoreIndex (`peer_llama_index.py`).

Both get the same passages of FeedbackQA and the same model (all-MiniLM-L6-v2), start from nothing, and write to a
Qdrant folder that survives the process. Ours writes the documents to SQL as well. LlamaIndex runs in the peers'
environment::

    python3.11 -m venv .peers && .peers/bin/pip install -r benchmarks/peers.txt
    python benchmarks/index_building.py --peers .peers/bin/python
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from arguments import DATASETS
from measuring import HEAD, in_turn, two_cores
from worker import Worker

from rag.bootstrap import models, open_serving
from rag.domain import Document
from rag.settings import Settings


def main() -> int:
    """Run the benchmark; give the exit status."""
    options = _options()
    two_cores()
    corpus = DATASETS / "feedbackqa" / "corpus.jsonl"
    settings = Settings(_env_file=None, home=options.home)
    encoders = models(settings).encoders
    model = encoders.path(encoders.resolve("minilm"))
    rows = [json.loads(line) for line in corpus.read_text().splitlines()][: options.passages]
    documents = [
        Document.create(uri=row["_id"], title=row.get("title", ""), text=row["text"], divisible=False)
        for row in rows
    ]
    peer = Worker(
        options.peers,
        Path(__file__).with_name("peer_llama_index.py"),
        str(model),
        str(corpus),
        str(options.passages),
    )
    try:
        result = in_turn(
            lambda: len(documents) / _build(documents, model),
            lambda: len(documents) / peer.do(),
            rounds=options.rounds,
        )
    finally:
        peer.close()
    print(HEAD)
    print(result.row(f"building an index of {len(documents)} passages", "passages/s", ">= 3"))
    return 0 if result.ratio >= 3 else 1


def _build(documents: list[Document], model: Path) -> float:
    """Build once from nothing; give the seconds. Loading the model is not counted, on either side."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(_env_file=None, home=Path(home), encoder=str(model))
        with open_serving(settings) as serving:
            encoder = serving.installation.models.encoders.load(
                serving.installation.models.encoders.resolve(str(model))
            )
            encoder.encode_passages(["warm up"])
            deployment = serving.stores.releases.deployment()
            assert deployment is not None
            release = serving.stores.releases.get(deployment.release)
            began = time.perf_counter()
            serving.library.sync(documents, tenant=settings.tenant, source="benchmark")
            index = serving.installation.indexes.open(release, create=True)
            serving.installation.indexing.backfill(release, encoder, index)
            took = time.perf_counter() - began
            assert index.count() == len(documents)
            index.close()
    return took


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", default=sys.executable, help="Python of the peers' environment")
    parser.add_argument("--home", type=Path, default=Path("var/bench"))
    parser.add_argument("--passages", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
