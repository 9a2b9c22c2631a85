"""Claim: of every format at least 99.5 % of the text is kept, in its order and once, and it is read sooner.

Peer: markitdown, docling and unstructured, as far as they install and read the format.

Documents whose every unit (heading, sentence, list item, cell, line of code) is known are written in every format with
libraries that no reader of ours uses, and read back. A unit is kept where its words stand in what was read; order is
the share of kept units that stand in the order of the document (the longest increasing run of their places); twice are
kept units that stand there more than once. Names of columns are no units, because rows may repeat them. Each file is
read by every side in turn, each in a process of its own that has read a file of the format before; a side's seconds are
those of its call alone. Peers want an environment of their own::

    python -m venv .peers && .peers/bin/pip install -r benchmarks/peers-reading.txt
    python benchmarks/reading.py --peers .peers/bin/python

Without ``--peers`` ours is measured alone. The formats that pandoc writes are there where pandoc is; the peers'
environment brings it.
"""

import argparse
import bisect
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from known_documents import Known, documents, plain
from known_writers import find_pandoc, write_all
from measuring import interval

from rag.bootstrap import documents_at
from rag.errors import WhetstoneError
from rag.settings import Settings

GOAL = 99.5
PEERS = ("markitdown", "docling", "unstructured")
OURS = "whetstone"


@dataclass(frozen=True, kw_only=True)
class Read:
    """What one side made of one file."""

    units: int
    kept: int
    in_order: int
    twice: int
    seconds: float
    lost: tuple[str, ...]
    error: str = ""

    @classmethod
    def of(cls, known: Known, text: str, seconds: float, error: str = "") -> "Read":
        """Count the document's units in what was read."""
        read = plain(text)
        units = [plain(unit) for unit in known.units()]
        places = [(read.find(unit), read.count(unit)) for unit in units]
        return cls(
            units=len(units),
            kept=sum(place >= 0 for place, _ in places),
            in_order=_longest_rise([place for place, _ in places if place >= 0]),
            twice=sum(count > 1 for _, count in places),
            seconds=seconds,
            lost=tuple(unit for unit, (place, _) in zip(units, places, strict=True) if place < 0),
            error=error,
        )

    @property
    def failed(self) -> bool:
        """Whether it says that it failed, or gave nothing of the file."""
        return bool(self.error) or not self.kept


class Side:
    """A reader in a process of its own."""

    def __init__(self, name: str, interpreter: str) -> None:
        """Start it; `missing` says why it can't be measured."""
        script = Path(__file__).with_name("peer_reading.py") if name != OURS else Path(__file__)
        given = [interpreter, str(script), *([name] if name != OURS else ["--serve"])]
        self.name = name
        self._process = subprocess.Popen(
            given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.missing = str(self._answer().get("missing", ""))

    def read(self, path: Path) -> tuple[str, float, str]:
        """Return the text, the seconds, and the error where there was one."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        answer = self._answer()
        return answer["text"], answer["seconds"], answer.get("error", "")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"missing": "its process ended"}


def serve() -> None:
    """Be our side: answer with the text of the file at each path, as `peer_reading.py` does."""
    settings = Settings(_env_file=None)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        answer: dict[str, Any] = {"text": ""}
        try:
            read = list(documents_at(line.rstrip("\n"), settings))
            # A title that is the text's first heading stands there already.
            titles = ["" if each.title in each.text else f"{each.title}\n\n" for each in read]
            answer["text"] = "\n\n".join(
                f"{title}{each.text}" for title, each in zip(titles, read, strict=True)
            )
        except WhetstoneError as error:
            answer["error"] = str(error)
        answer["seconds"] = time.perf_counter() - begun
        print(json.dumps(answer), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options(arguments)
    if options.serve:
        serve()
        return 0
    known = documents(options.documents)
    sides = [Side(OURS, sys.executable)]
    if options.peers:
        sides += [Side(name, options.peers) for name in PEERS]
    for absent in [side for side in sides if side.missing]:
        print(f"{absent.name} is not measured: {absent.missing}", flush=True)
        sides.remove(absent)
    with tempfile.TemporaryDirectory(prefix="whetstone-reading-") as folder:
        files = write_all(known, Path(folder), pandoc=find_pandoc(options.peers))
        kept = True
        print(
            f"{len(known)} documents, {sum(len(list(each.units())) for each in known):,} units each format\n"
        )
        print(_HEAD, flush=True)
        everything: dict[str, list[Read]] = {side.name: [] for side in sides}
        for name in options.formats or files:
            reads = _measured(known, files[name], sides)
            kept &= _report(name, reads, tell=options.lost)
            for reader, some in reads.items():
                everything[reader] += some
        kept &= _report("all", everything, tell=0)
    for side in sides:
        side.close()
    return 0 if kept else 1


def _measured(known: Sequence[Known], paths: Sequence[Path], sides: Sequence[Side]) -> dict[str, list[Read]]:
    reads: dict[str, list[Read]] = {side.name: [] for side in sides}
    for side in sides:
        side.read(paths[0])  # what is loaded with the first file of a format is no part of reading it
    for number, (each, path) in enumerate(zip(known, paths, strict=True)):
        turn = number % len(sides)
        for side in [*sides[turn:], *sides[:turn]]:
            reads[side.name].append(Read.of(each, *side.read(path)))
    return reads


_HEAD = (
    "| format | reader | kept % | in order % | twice | failed | ms a file | time against ours (95 % interval) |\n"
    "|---|---|---|---|---|---|---|---|"
)


def _report(name: str, reads: dict[str, list[Read]], *, tell: int) -> bool:
    """Print the lines of one format; tell whether ours kept what it has to, and nobody keeps more."""
    mine = reads[OURS]
    for side, some in reads.items():
        units, kept = sum(each.units for each in some), sum(each.kept for each in some)
        # A peer that reads no file of a format is not compared with.
        failed = sum(each.failed for each in some)
        if failed == len(some) and side != OURS:
            print(f"| {name} | {side} | reads none | | | {failed} | | |", flush=True)
            continue
        times = np.array([each.seconds for each in some])
        against = ""
        if side != OURS and failed < len(some):
            both = [
                i for i, (a, b) in enumerate(zip(mine, some, strict=True)) if not a.failed and not b.failed
            ]
            ratios = times[both] / np.array([each.seconds for each in mine])[both]
            if both:
                low, high = interval(ratios)
                against = f"{np.median(ratios):.2f} ({low:.2f} to {high:.2f})"
        ordered = 100 * sum(each.in_order for each in some) / kept if kept else 0.0
        print(
            f"| {name} | {side} | {100 * kept / units:.2f} | {ordered:.2f} | {sum(each.twice for each in some)} "
            f"| {failed} | {1000 * np.median(times):.1f} | {against} |",
            flush=True,
        )
        if tell and (errors := [each.error for each in some if each.error]):
            print(f"    failed: {errors[0]}", flush=True)
    for lost in [unit for each in mine for unit in each.lost][:tell]:
        print(f"    lost: {lost}", flush=True)
    share = _share(mine)
    return 100 * share >= GOAL and all(share >= _share(some) for some in reads.values())


def _share(reads: Sequence[Read]) -> float:
    return sum(each.kept for each in reads) / sum(each.units for each in reads)


def _longest_rise(places: Sequence[int]) -> int:
    """Return the length of the longest increasing subsequence."""
    ends: list[int] = []
    for place in places:
        at = bisect.bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=40, help="how many; each is written in every format")
    parser.add_argument("--formats", nargs="*", help="only these")
    parser.add_argument("--peers", help="interpreter of the peers' environment")
    parser.add_argument("--lost", type=int, default=0, help="print so many lost units a format")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
