"""A side of a comparison in a process of its own, so that its imports and threads disturb nobody.

The worker prints "ready", then waits for lines; for each it does its work and prints one JSON value.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_LAST = 3_000  # bytes of its errors that are shown


class Worker:
    """The side that asks."""

    def __init__(
        self,
        python: str | Path,
        script: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the script and wait until it is ready; with this process's environment where none is given."""
        # Libraries say much there; it is read only where the process dies.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [str(python), str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        while (line := self._line()) != "ready":
            print(f"{script.name}: {line}", file=sys.stderr)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def do(self, order: Any = None) -> Any:
        """Have it work once; give its result."""
        assert self._process.stdin is not None
        # One that is dead says why when it is read from.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        return json.loads(self._line())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()
        self._errors.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _LAST))
            said = self._errors.read().decode(errors="replace")
            self.close()
            raise RuntimeError(f"{self._process.args!r} ended with status {status}:\n{said}")
        return line.strip()


def work(do: Callable[[Any], Any]) -> None:
    """The side that works: answer each order on standard input until it ends.

    Whatever libraries print from then on goes to standard error: standard output is for the answers.
    """
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        print("ready", file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(do(json.loads(line))), file=answers, flush=True)
