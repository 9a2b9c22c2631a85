"""What two encoders cost to serve, measured in turns so that a busy moment hits both."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rag.ports import Encoder
from retrain.domain import Costs

ROUNDS = 50
"""Questions that are timed."""


def measure_costs(
    questions: Sequence[str],
    *,
    incumbent: Encoder,
    candidate: Encoder,
    incumbent_folder: Path,
    candidate_folder: Path,
) -> Costs:
    """Return each encoder's median time for one question, and the bytes of its weights.

    At most `ROUNDS` of the questions, and at least one, are embedded; in each turn the incumbent comes first.
    """
    times: dict[str, list[float]] = {"incumbent": [], "candidate": []}
    for question in (questions[0], *questions[:ROUNDS]):
        for name, encoder in (("incumbent", incumbent), ("candidate", candidate)):
            began = time.perf_counter()
            encoder.encode_queries([question])
            times[name].append(1000 * (time.perf_counter() - began))
    return Costs(
        # The first turn only warms up.
        incumbent_ms=median(times["incumbent"][1:]),
        candidate_ms=median(times["candidate"][1:]),
        incumbent_bytes=_weights(incumbent_folder),
        candidate_bytes=_weights(candidate_folder),
    )


def _weights(folder: Path) -> int:
    """Return the bytes of the safetensors; what is made of them for serving follows their size."""
    return sum(file.stat().st_size for file in folder.glob("**/*.safetensors"))
