"""Claim: a folder of 10,000 mixed files is ingested with all cores, and a second time in seconds.

Peer: ours with one process.

Both in turn: `whetstone ingest` of the same folder into an empty home.
Then the second run, in which no file changed. The memory is that of the command and all its processes together, the
most of samples every tenth of a second, and the most of any process that reads or splits::

    python benchmarks/ingesting.py --files 10000 --rounds 3
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from measuring import HEAD, in_turn
from mixed_files import make_folder

_CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the command."""

    seconds: float
    report: dict[str, object]
    most_mb: float  # of all processes together
    largest_mb: float  # of one that reads or splits


def main() -> int:
    """Run the benchmark; give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "mixed"
        began = time.perf_counter()
        make_folder(folder, options.files)
        print(f"{options.files:,} files made in {time.perf_counter() - began:.0f} s; {_CORES} cores")
        firsts: list[Run] = []
        seconds: list[Run] = []

        def all_cores() -> float:
            with tempfile.TemporaryDirectory() as home:
                firsts.append(ingest(folder, Path(home), processes=_CORES))
                seconds.append(ingest(folder, Path(home), processes=_CORES))
            return float(options.files / firsts[-1].seconds)

        def one() -> float:
            with tempfile.TemporaryDirectory() as home:
                return float(options.files / ingest(folder, Path(home), processes=1).seconds)

        result = in_turn(all_cores, one, rounds=options.rounds)
    print(HEAD.replace("| ours | peer |", f"| {_CORES} processes | one process |"))
    print(result.row(f"ingesting {options.files:,} mixed files", "files/s", "> 1"))
    first, again = firsts[-1], min(seconds, key=lambda run: run.seconds)
    print(
        f"\n{first.report['added']} documents, {first.report['passages']} passages. Second run: {again.seconds:.1f} s, "
        f"{options.files / again.seconds:,.0f} files/s. Memory: {max(run.most_mb for run in firsts):,.0f} MB "
        f"together, {max(run.largest_mb for run in firsts):,.0f} MB the largest process that reads or splits."
    )
    unchanged = again.report["unchanged"] == first.report["added"] and not first.report["failed"]
    return 0 if result.ratio > 1 and unchanged else 1


def ingest(folder: Path, home: Path, *, processes: int) -> Run:
    """Run the command, and watch how much memory it takes with all its processes."""
    environment = os.environ | {"WHETSTONE_HOME": str(home), "WHETSTONE_INGEST_PROCESSES": str(processes)}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "ingest", "--json", str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        watched = _Memory(running.pid)
        out, _ = running.communicate()
        seconds = time.perf_counter() - began
        watched.end()
    if running.returncode:
        raise SystemExit(f"whetstone ingest ended with status {running.returncode}")
    (report,) = json.loads(out)
    return Run(seconds=seconds, report=report, most_mb=watched.most, largest_mb=watched.largest)


class _Memory:
    """The resident memory of a process and its children, sampled in the background; in MB."""

    def __init__(self, pid: int) -> None:
        self.most = self.largest = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Sample no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            try:
                root = psutil.Process(self._pid)
                children = [_resident_mb(each) for each in root.children(recursive=True)]
                self.most = max(self.most, _resident_mb(root) + sum(children))
                self.largest = max(self.largest, *children, 0.0)
            except psutil.Error:
                continue


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


if __name__ == "__main__":
    raise SystemExit(main())
