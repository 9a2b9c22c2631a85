"""Claim: an answer without a language model takes at most 1.15 times as long (p50) as before support was estimated.

Peer: the service of the revision before that, from this repository's history, over the same documents.

Both services run at the same time, each in a process of its own, and are asked the same questions in turn. Whether
torch is loaded by the one that answers is looked up in what its process has mapped::

    python benchmarks/answer_cost.py --home /tmp/whetstone-cost
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from arguments import DATASETS
from installation import WHETSTONE, environment, questions
from measuring import HEAD, ratio_of, two_cores
from worker import Worker

HERE = Path(__file__).parent
BEFORE = "245434d"
"""The last revision whose answers were let through by a cosine alone."""
GOAL = 1.15
WARM = 20  # questions that only warm up


def main() -> int:
    """Measure; give the exit status."""
    options = _options()
    two_cores()
    with checkout(options.before) as tree:
        sides = [
            Side(HERE.parent, options.home / "ours" / options.data, options.data),
            Side(tree, options.home / "before" / options.data, options.data),
        ]
        load = Worker(sys.executable, HERE / "load.py")
        asked = questions(options.data)[: options.questions]
        print(HEAD)
        good = True
        for what, path in (
            ("answer without a language model, p50", "/v1/chat/completions"),
            ("passages alone, p50", "/v1/retrieve"),
        ):
            times = np.array(
                [timed(load, sides, path, question, at) for at, question in enumerate(asked[:WARM] + asked)]
            )
            result = ratio_of(times[WARM:, 0], times[WARM:, 1])
            print(result.row(what, "ms", f"<= {GOAL}" if path.endswith("completions") else ""))
            good &= result.ratio <= GOAL or not path.endswith("completions")
        torch = any(side.maps_torch() for side in sides[:1])
        print(f"\ntorch is {'mapped' if torch else 'not mapped'} by the process that answers")
        load.close()
        for side in sides:
            side.close()
    return 0 if good and not torch else 1


class Side:
    """A service of one tree over a data set."""

    def __init__(self, tree: Path, home: Path, data: str) -> None:
        """Ingest, where that is not done, and start."""
        more = {"PYTHONPATH": str(tree)}
        if not home.exists():
            home.mkdir(parents=True)
            subprocess.run(
                [*WHETSTONE, "ingest", str(DATASETS / data)],
                check=True,
                cwd=tree,
                env=environment(home, **more),
                stdout=subprocess.DEVNULL,
            )
        served = tree / "benchmarks" / "served.py"
        self._worker = Worker(sys.executable, served, str(home), environment={**os.environ, **more})
        self.url = str(self._worker.do({"url": None}))

    def maps_torch(self) -> bool:
        """Tell whether torch is in its memory."""
        return "libtorch" in Path(f"/proc/{self._worker.pid}/maps").read_text()

    def close(self) -> None:
        """End it."""
        self._worker.close()


def timed(load: Worker, sides: list[Side], path: str, question: str, at: int) -> tuple[float, float]:
    """Ask both sides one question; give the milliseconds of ours and of the peer."""
    body = {"query": question}
    if path.endswith("completions"):
        body = {"model": "whetstone", "messages": [{"role": "user", "content": question}]}  # type: ignore[dict-item]
    took = [0.0, 0.0]
    for column in (0, 1) if at % 2 else (1, 0):
        order = {"url": sides[column].url, "path": path, "clients": 1, "bodies": [body]}
        took[column] = load.do(order)["latency_s"][0] * 1_000
    return took[0], took[1]


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Yield a tree of a revision, and remove it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        git = ["git", "-C", str(HERE.parent), "worktree"]
        subprocess.run([*git, "add", "--detach", str(tree), revision], check=True, capture_output=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True, capture_output=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path("var/bench-cost"))
    parser.add_argument("--data", default="feedbackqa", help="a data set whose dev questions are asked")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--before", default=BEFORE, help="revision of the peer")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
