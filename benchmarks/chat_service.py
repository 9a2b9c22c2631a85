"""Claim: twice the chat completions a second of a Haystack pipeline under Hayhooks, and a lower 95th percentile.

Peer: a Haystack pipeline served by Hayhooks (`peer_hayhooks.py`).

Both serve the same passages of FeedbackQA with the same vectors from a Qdrant folder, embed questions with
all-MiniLM-L6-v2, and pass five passages to the same scripted language model, on two cores. Ours searches by words as
well, reranks nothing, and logs every question durably. Hayhooks runs in the peers' environment::

    python3.11 -m venv .peers && .peers/bin/pip install -r benchmarks/peers.txt
    python benchmarks/chat_service.py --peers .peers/bin/python
"""

import argparse
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from installation import prepare, questions, service
from measuring import HEAD, ratio_of, two_cores
from worker import Worker

from rag.bootstrap import open_serving
from rag.settings import Settings

DATASET = "feedbackqa"


def main() -> int:
    """Run the benchmark; give the exit status."""
    options = _options()
    two_cores()
    home = options.home / DATASET
    prepare(home, DATASET)
    passages = options.home / "passages.jsonl"
    model = _export(home, passages)
    asked = questions(DATASET)[: options.questions]
    load = Worker(sys.executable, Path(__file__).with_name("load.py"))
    print(HEAD)
    lowest = []
    with (
        _language_model() as llm,
        service(home, WHETSTONE_LLM_BASE_URL=llm, WHETSTONE_LLM_MODEL="scripted") as ours,
        _hayhooks(options.peers, model, passages, llm) as peers,
    ):
        for clients in options.clients:
            order = {"path": "/v1/chat/completions", "clients": clients}
            rates, tails = [], []
            for round_ in range(options.rounds + 1):
                sides = [ours.url, peers]
                results = {}
                for url in sides if round_ % 2 else sides[::-1]:
                    name = "rag" if url == peers else "whetstone"
                    bodies = [
                        {"model": name, "messages": [{"role": "user", "content": text}]} for text in asked
                    ]
                    results[url] = load.do(order | {"url": url, "bodies": bodies})
                if round_ == 0:
                    continue  # both warm up
                rates.append([len(asked) / results[url]["wall_s"] for url in sides])
                tails.append([float(np.percentile(results[url]["latency_s"], 95)) * 1_000 for url in sides])
            throughput, tail = ratio_of(*np.array(rates).T), ratio_of(*np.array(tails).T)
            print(throughput.row(f"answers/s, {clients} clients", "/s", ">= 2"))
            print(tail.row(f"95th percentile, {clients} clients", "ms", "< 1"))
            lowest.append((throughput.ratio, tail.ratio))
    load.close()
    return 0 if all(rate >= 2 and tail < 1 for rate, tail in lowest) else 1


def _export(home: Path, passages: Path) -> Path:
    """Write our index's passages and vectors for the peer; give the folder of the model."""
    with open_serving(Settings(_env_file=None, home=home)) as serving:
        deployment = serving.stores.releases.deployment()
        assert deployment is not None
        release = serving.stores.releases.get(deployment.release)
        index = serving.installation.indexes.open(release)
        with passages.open("w") as out:
            for batch in serving.stores.documents.all_passages():
                vectors = index.vectors([passage.id for passage in batch])
                for passage in batch:
                    row = {
                        "id": passage.id,
                        "text": passage.embedded_text,
                        "vector": vectors[passage.id].tolist(),
                    }
                    out.write(json.dumps(row) + "\n")
        index.close()
        return serving.installation.models.encoders.path(release.encoder)


@contextmanager
def _language_model() -> Iterator[str]:
    script = Path(__file__).with_name("scripted_llm.py")
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


@contextmanager
def _hayhooks(python: str, model: Path, passages: Path, llm: str) -> Iterator[str]:
    script = Path(__file__).with_name("peer_hayhooks.py")
    process = subprocess.Popen(
        [python, str(script), str(model), str(passages), llm],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        until = time.monotonic() + 180
        while not _deployed(url):
            if time.monotonic() > until:
                raise RuntimeError("Hayhooks did not come up")
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _deployed(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/v1/models", timeout=5) as answer:
            return bool(json.load(answer)["data"])
    except (urllib.error.URLError, ConnectionError):
        return False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", default=sys.executable, help="Python of the peers' environment")
    parser.add_argument("--home", type=Path, default=Path("var/bench"))
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
