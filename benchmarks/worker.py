"""A side of a comparison in a process of its own, so that its imports and threads disturb nobody.

The worker prints "ready", then waits for lines; for each it does its work and prints one JSON value.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Worker:
    """The side that asks."""

    def __init__(self, python: str | Path, script: Path, *arguments: str) -> None:
        """Start the script and wait until it is ready."""
        self._process = subprocess.Popen(
            [str(python), str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        while (line := self._line()) != "ready":
            print(f"{script.name}: {line}", file=sys.stderr)

    def do(self, order: Any = None) -> Any:
        """Have it work once; give its result."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended with status {self._process.wait()}")
        return line.strip()


def work(do: Callable[[Any], Any]) -> None:
    """The side that works: answer each order on standard input until it ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(do(json.loads(line))), flush=True)
