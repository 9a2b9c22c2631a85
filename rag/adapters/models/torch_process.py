"""Runs what needs torch in a process of its own, so that the one that serves stays small.

Where torch is loaded already (a process that trains), it runs there. The steps read and write folders only; the
caller holds the locks.
"""

import importlib
import json
import subprocess
import sys
from pathlib import Path

from rag import errors
from rag.errors import Unavailable, WhetstoneError

STEPS = {
    "distil": ("rag.adapters.models.static_distillation", "distil"),
    "export_encoder": ("rag.adapters.models.openvino.export", "export_encoder"),
    "export_reranker": ("rag.adapters.models.openvino.export", "export_reranker"),
}
_TIMEOUT_S = 1800.0  # a large model on a slow disk is exported in far less
_FAILED = 3  # exit status of an error that is told in words


def with_torch(step: str, source: Path, target: Path, *rest: str) -> None:
    """Run one of `STEPS` where torch is, from the folder `source` into the new folder `target`.

    Its errors come back as the same classes.

    Raises:
        WhetstoneError: what the step raises; Unavailable where its process broke down.
    """
    given = [str(source.absolute()), str(target.absolute()), *rest]
    if "torch" in sys.modules:
        _run(step, given)
        return
    try:
        done = subprocess.run(
            [sys.executable, "-m", "rag.adapters.models.torch_process", step, *given],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{step} of {given[0]} did not end within {_TIMEOUT_S:.0f} s.") from error
    if done.returncode == _FAILED:
        told = json.loads(done.stdout.splitlines()[-1])
        raise getattr(errors, told["class"])(told["message"])
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise Unavailable(f"{step} of {given[0]} broke down with status {done.returncode}: {last}")


def main() -> int:
    """Run the step named on the command line; return the exit status."""
    try:
        _run(sys.argv[1], sys.argv[2:])
    except WhetstoneError as error:
        sys.stdout.write(f"\n{json.dumps({'class': type(error).__name__, 'message': str(error)})}\n")
        return _FAILED
    return 0


def _run(step: str, given: list[str]) -> None:
    module, function = STEPS[step]
    source, target, *rest = given
    getattr(importlib.import_module(module), function)(Path(source), Path(target), *rest)


if __name__ == "__main__":
    sys.exit(main())
