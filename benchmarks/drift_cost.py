"""Claim: a drift check takes at most 10 s and 500 MB on two cores, whatever is logged and stored.

Peer: a check that embeds the whole corpus from the cache, stems it and indexes it anew, as checks did before.

Installations of made-up documents and questions (MedQuAD's words, in no order), from 2,000 passages and 1,000 logged
questions to 200,000 and a million (a year's worth; every other one is asked again and again, a probe asks every half
minute in the newest week). Each check is the whole one, in a process of its own: the very first, one after an hour with
100 new questions, one after a thousandth of the documents changed, and one where nothing is new. Printed are its
seconds, those of the processor, and its peak memory, from where the installation is open to the stored report.

The encoder is the static one; what another one takes for the texts that a check embeds comes on top: a few thousand at
the first check, then what was asked. Up to ``--served-up-to`` passages the service runs beside the check and answers
for its index, with 100 golden questions; above, there is neither, because making so large an index takes long::

    WHETSTONE_DATASETS=... .venv/bin/python benchmarks/drift_cost.py --home /tmp/whetstone-bench
    ... --sizes 2000:1000 20000:30000 --peer-up-to 20000
"""

import json
import os
import random
import re
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import numpy as np
from arguments import parser_of
from installation import service
from measuring import two_cores

os.environ.setdefault("DO_NOT_TRACK", "1")

from rag.bootstrap import Installation, open_installation
from rag.domain import Document, LabelledQuestion, Passage, Purpose, utcnow
from rag.domain.log import text_key
from rag.releases.deployed import live_release
from rag.releases.first import ensure_first_release, first_encoder
from rag.settings import Settings

GOAL_S, GOAL_MB = 10.0, 500
SIZES = ("2000:1000", "20000:30000", "200000:1000000")
DAYS, HOURLY, PROBE_S, GOLDEN = 365, 100, 30, 100
SPACE = UUID(int=17)
STAMP = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLite keeps a moment."""

FORGOTTEN = ("watched_questions", "watches", "drift_reports", "alarms", "sampled_questions")
"""Tables that the very first check finds empty."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Of an installation."""

    passages: int
    questions: int

    @property
    def home(self) -> str:
        """Name of its folder."""
        return f"drift-cost-{self.passages}-{self.questions}"


def main() -> int:
    """Run the benchmark; give the exit status."""
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), help="PASSAGES:QUESTIONS")
    parser.add_argument("--rounds", type=int, default=3, help="checks of each kind but the first")
    parser.add_argument(
        "--peer-up-to", type=int, default=20_000, help="most passages that the peer is asked for"
    )
    parser.add_argument(
        "--served-up-to", type=int, default=20_000, help="most passages beside whose check the service runs"
    )
    parser.add_argument("--check", type=Path, help="used inside: check this installation once")
    parser.add_argument("--way", default="ours", help="used inside: ours or peer")
    options = parser.parse_args()
    two_cores()
    if options.check is not None:
        print(json.dumps({"ours": ours, "peer": peer}[options.way](options.check)))
        return 0
    words = Words(options.datasets)
    met = True
    print("| passages | questions | check | seconds | of the processor | peak memory | goal |")
    print("|---|---|---|---|---|---|---|")
    for text in options.sizes:
        passages, _, questions = text.partition(":")
        size = Size(passages=int(passages), questions=int(questions))
        home = options.home.absolute() / size.home
        served = size.passages <= options.served_up_to
        make(home, size, words, served=served)
        with service(home) if served else nullcontext():
            met &= all(list(rows(home, size, words, options.rounds)))
        if size.passages <= options.peer_up_to:
            row(size, "peer", [in_a_process(home, "peer") for _ in range(options.rounds)], ours=False)
    return 0 if met else 1


def rows(home: Path, size: Size, words: "Words", rounds: int) -> Iterator[bool]:
    """Print a row for each kind of check; yield whether the goal was met."""
    forget(home)
    yield row(size, "the very first", [in_a_process(home, "ours")])
    hourly, changed, quiet = [], [], []
    for number in range(rounds):
        ask(home, words, number)
        hourly.append(in_a_process(home, "ours"))
        change(home, size, words, number)
        changed.append(in_a_process(home, "ours"))
        quiet.append(in_a_process(home, "ours"))
    yield row(size, f"{HOURLY} new questions", hourly)
    yield row(size, "0.1 % of the documents changed", changed)
    yield row(size, "nothing new", quiet)


def row(size: Size, name: str, figures: list[dict[str, float]], *, ours: bool = True) -> bool:
    """Print a row with the medians; give whether the goal was met by the worst."""
    seconds, spent, memory = ([each[of] for each in figures] for of in ("seconds", "processor", "mb"))
    met = max(seconds) <= GOAL_S and max(memory) <= GOAL_MB
    print(
        f"| {size.passages:,} | {size.questions:,} | {name} | {statistics.median(seconds):.1f} "
        f"({min(seconds):.1f} to {max(seconds):.1f}) | {statistics.median(spent):.1f} | {max(memory):.0f} MB | "
        f"{('met' if met else 'missed') if ours else ''} |",
        flush=True,
    )
    return met


def in_a_process(home: Path, way: str) -> dict[str, float]:
    """Check once in a new process; give its figures."""
    command = [sys.executable, __file__, "--check", str(home), "--way", way]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def ours(home: Path) -> dict[str, float]:
    """Check once, as the flow does; give what it took."""
    from monitoring.bootstrap import open_monitoring
    from monitoring.settings import DriftSettings

    with open_installation(Settings(home=home)) as installation:
        began = time.perf_counter(), time.process_time()
        report = open_monitoring(installation, DriftSettings()).check()
        print(
            f"{report.verdict}, {report.new} new, {report.reference.count} and {report.current.count} compared; "
            + ", ".join(f"{each.name} {each.verdict}" for each in report.findings),
            file=sys.stderr,
        )
        return taken(*began)


def peer(home: Path) -> dict[str, float]:
    """Embed 700 questions and the corpus, and ask golden questions of a trial over it; give what it took."""
    from rag.releases.trials import trial
    from rag.releases.vectors import Embedder

    with open_installation(Settings(home=home)) as installation:
        began = time.perf_counter(), time.process_time()
        stores, models = installation.stores, installation.models
        encoder = models.encoders.load(first_encoder(stores.releases))
        asked = [each.question for each in stores.interactions.between(limit=2_800, newest_first=True)]
        golden = stores.questions.all(tenant="default", purpose=Purpose.GOLDEN)
        vectors = encoder.encode_queries(asked[:700])
        best = np.full(len(vectors), -1.0, np.float32)

        def corpus() -> Iterator[list[Passage]]:
            embedder = Embedder(encoder, models.cache)
            for batch in stores.documents.all_passages(tenant="default"):
                np.maximum(best, (vectors @ embedder.passages(batch).T).max(axis=1), out=best)
                yield batch

        live = models.load(live_release(stores.releases))
        with trial(
            live, corpus(), tenant="default", cache=models.cache, scratch=installation.scratch
        ) as tried:
            tried.find([question.text for question in golden], limit=10)
        return taken(*began)


def taken(began: float, spent: float) -> dict[str, float]:
    """Return the seconds since then, those of the processor, and the process's peak memory."""
    return {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - spent,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


class Words:
    """Draws made-up texts."""

    def __init__(self, datasets: Path) -> None:
        """Take MedQuAD's words, from the most frequent on."""
        counts: Counter[str] = Counter()
        with (datasets / "medquad" / "corpus.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                counts.update(re.findall(r"[a-z]{3,}", json.loads(line)["text"]))
        self._known = [word for word, _ in counts.most_common(20_000)]

    def __call__(self, chance: random.Random, count: int) -> str:
        """Return so many words, a few of them often and most of them seldom (Zipf)."""
        return " ".join(self._known[int(len(self._known) ** chance.random()) - 1] for _ in range(count))

    def document(self, chance: random.Random, number: int, text: str) -> tuple[Document, list[Passage]]:
        """Return a document with its ten passages."""
        made = Document.create(uri=f"made-up/{number}", title=self(chance, 5), text=text)
        return made, [Passage.create(made, at, self(chance, 120)) for at in range(10)]


def make(home: Path, size: Size, words: Words, *, served: bool) -> None:
    """Make the installation, where it is not there yet; with golden questions and an index where it is served."""
    done = home / ".made"
    if done.exists():
        return
    print(f"making {home} ...", file=sys.stderr)
    settings = Settings(home=home)
    with open_installation(settings) as installation:
        ensure_first_release(
            installation.stores.releases,
            installation.models,
            encoder="static",
            chunking=settings.chunking,
            retrieval=settings.retrieval,
            principal="benchmark",
        )
        write_documents(installation, size, words, served=served)
    chance, now = random.Random(17), utcnow()
    step = timedelta(days=min(DAYS, max(size.questions // 33, 30))) / size.questions
    popular = [words(chance, 8) for _ in range(500)]
    people = (
        (
            now - step * (size.questions - at),
            chance.choice(popular) if chance.random() < 0.5 else words(chance, 9),
            f"p{chance.randrange(5_000)}",
        )
        for at in range(size.questions)
    )
    insert(home, people)
    week = int(timedelta(days=7) / timedelta(seconds=PROBE_S))
    insert(home, ((now - timedelta(seconds=PROBE_S * n), "are you there", "probe") for n in range(week)))
    if served:
        with service(home):  # it fills its index
            pass
    done.touch()


def write_documents(installation: Installation, size: Size, words: Words, *, served: bool) -> None:
    """Write the documents; golden questions about the first of them, or vectors of no meaning where none are asked."""
    stores, models, settings = installation.stores, installation.models, installation.settings
    encoder = models.load(live_release(stores.releases)).encoder
    chance, rng = random.Random(17), np.random.default_rng(17)
    for first in range(0, size.passages // 10, 200):
        numbers = range(first, min(first + 200, size.passages // 10))
        batch = [words.document(chance, number, str(number)) for number in numbers]
        stores.documents.put_all(batch, settings.chunking.digest)
        if not served:
            hashes = [each.text_hash for _, cut in batch for each in cut]
            vectors = rng.normal(size=(len(hashes), encoder.dimension)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            models.cache.put(encoder.passages_digest, hashes, vectors)
        elif first == 0:
            golden = [
                LabelledQuestion.create(
                    tenant="default",
                    text=" ".join(cut[0].text.split()[:12]),
                    documents=frozenset({made.id}),
                    purpose=Purpose.GOLDEN,
                )
                for made, cut in batch[:GOLDEN]
            ]
            stores.questions.put(golden)


def forget(home: Path) -> None:
    """Make the next check the very first one."""
    with closing(sqlite3.connect(home / "whetstone.sqlite")) as database, database:
        for table in FORGOTTEN:
            database.execute(f"DELETE FROM {table}")
        # Of a check that was stopped.
        database.execute("DELETE FROM leases WHERE name LIKE 'drift check%'")
    for path in (home / "monitoring").glob("*"):
        path.unlink()


def ask(home: Path, words: Words, number: int) -> None:
    """Log the questions of an hour, and the probe's."""
    chance, now = random.Random(time.time_ns()), utcnow()
    steps = (now - timedelta(seconds=PROBE_S * at) for at in range(HOURLY, 0, -1))
    people = ((at, words(chance, 9), f"p{number}-{chance.randrange(5_000)}") for at in steps)
    insert(home, people, logged=now)
    steps = (now - timedelta(seconds=PROBE_S * at) for at in range(120, 0, -1))
    insert(home, ((at, "are you there", "probe") for at in steps), logged=now)


def change(home: Path, size: Size, words: Words, number: int) -> None:
    """Write a thousandth of the documents anew, of those that no golden question is about."""
    settings, chance = Settings(home=home), random.Random(time.time_ns())
    count = max(size.passages // 10_000, 1)
    with open_installation(settings) as installation:
        given = [
            words.document(chance, GOLDEN + at + number * count, f"{at} anew {chance.random()}")
            for at in range(count)
        ]
        installation.stores.documents.put_all(given, settings.chunking.digest)


def insert(home: Path, asked: Iterator[tuple[datetime, str, str]], *, logged: datetime | None = None) -> None:
    """Write (asked at, text, principal) to the log, logged then or when they were asked, with hits and an answer."""
    hits = json.dumps(
        [
            {
                "passage_id": str(uuid5(SPACE, str(n))),
                "document_id": str(uuid5(SPACE, "d")),
                "rank": n,
                "score": 0.5,
            }
            for n in range(1, 6)
        ]
    )
    columns = (
        "id, tenant, principal, asked_at, question, hits, answer, cited, release, epoch, generator, status, error, "
        "rewritten, retrieve_ms, generate_ms, total_ms, support, text_key, logged_at"
    )
    constant = ("[]", "r" * 64, 1, "extractive", "answered", "", "", 1.0, 1.0, 2.0, 0.7)
    with closing(sqlite3.connect(home / "whetstone.sqlite")) as database, database:
        database.executemany(
            f"INSERT INTO interactions ({columns}) VALUES ({', '.join('?' * 20)})",
            (
                (
                    str(uuid4()),
                    "default",
                    who,
                    at.strftime(STAMP),
                    text,
                    hits,
                    "An answer. " * 30,
                    *constant,
                    text_key(text),
                    (logged or at).strftime(STAMP),
                )
                for at, text, who in asked
            ),
        )


if __name__ == "__main__":
    raise SystemExit(main())
