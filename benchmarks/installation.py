"""An installation to measure: a home folder with a data set in it, and its service as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arguments import DATASETS

_PATIENCE_S = 900.0
"""Longest wait for a service that builds its index, in seconds."""

WHETSTONE = (sys.executable, "-m", "flows.cli")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a command over that home."""
    given = {"WHETSTONE_HOME": str(home), "WHETSTONE_PORT": "0", "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    return {**os.environ, **given, **more}


def prepare(home: Path, dataset: str) -> None:
    """Ingest a data set into a home and have its index built; what is there already stays."""
    done = home / f".{dataset}"
    if done.exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [*WHETSTONE, "ingest", str(DATASETS / dataset)],
        check=True,
        env=environment(home),
        stdout=subprocess.DEVNULL,
    )
    with service(home):
        pass
    done.touch()


def questions(dataset: str, split: str = "dev") -> list[str]:
    """Return a data set's questions of one split."""
    with (DATASETS / dataset / "queries.jsonl").open() as lines:
        return [row["text"] for row in map(json.loads, lines) if row["split"] == split]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that answers."""

    url: str
    pid: int
    ready_s: float  # from the start of the process to its first "ready"

    def resident_bytes(self) -> int:
        """Return the memory its process holds."""
        return _status(self.pid, "VmRSS")

    def maps(self) -> str:
        """Return the files its process has mapped."""
        return Path(f"/proc/{self.pid}/maps").read_text()


@contextmanager
def service(home: Path, *command: str, **settings: str) -> Iterator[Running]:
    """Run `whetstone serve`, or another command that prints its URL, until the context ends."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*(command or (*WHETSTONE, "serve"))],
        env=environment(home, **settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = ""
        for line in process.stdout or ():
            if "http://" in line:
                url = "http://" + line.split("http://")[1].split()[0].rstrip("/")
                break
        if not url:
            raise RuntimeError(f"the service ended with status {process.wait()}")
        while not _ready(url):
            if time.perf_counter() - began > _PATIENCE_S:
                raise RuntimeError(f"the service at {url} did not become ready")
            time.sleep(0.01)
        yield Running(url=url, pid=process.pid, ready_s=time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} shows no {name}")
