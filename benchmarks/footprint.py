"""Claims: the service is ready within 4 s on an existing store, and its process stays below 400 MB without torch.

Peer: none; the goals are fixed figures.

`whetstone serve` over MedQuAD (6,618 passages) with all-MiniLM-L6-v2, embedded store, default settings. Memory is read
after a warm-up of questions and again after some hundred more::

    python benchmarks/footprint.py --home /tmp/whetstone-bench
"""

import argparse
import json
import statistics
import urllib.request
from pathlib import Path

from installation import prepare, questions, service

READY_S, RESIDENT_MB = 4.0, 400


def main() -> int:
    """Run the benchmark; give the exit status."""
    options = _options()
    home = options.home / "medquad"
    prepare(home, "medquad")
    asked = questions("medquad")
    ready, resident, torch_there = [], [], False
    for _ in range(options.rounds):
        with service(home) as running:
            ready.append(running.ready_s)
            for question in asked[: options.questions]:
                _retrieve(running.url, question)
            resident.append(running.resident_bytes() / 1e6)
            torch_there |= "libtorch" in running.maps()
    print("| what | median | worst | goal |\n|---|---|---|---|")
    print(f"| start to ready | {statistics.median(ready):.2f} s | {max(ready):.2f} s | <= {READY_S} s |")
    print(
        f"| resident memory after {options.questions} questions | {statistics.median(resident):.0f} MB | "
        f"{max(resident):.0f} MB | <= {RESIDENT_MB} MB |"
    )
    print(f"| torch in the process | {'yes' if torch_there else 'no'} | | no |")
    return 0 if max(ready) <= READY_S and max(resident) <= RESIDENT_MB and not torch_there else 1


def _retrieve(url: str, question: str) -> None:
    request = urllib.request.Request(
        f"{url}/v1/retrieve",
        data=json.dumps({"query": question}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path("var/bench"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--questions", type=int, default=300)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
