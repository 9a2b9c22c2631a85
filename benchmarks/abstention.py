"""Claim: the default threshold refuses few questions that the documents answer, and what it lets through is known.

Peer: none; the shares of refused questions are the claim.

A question is refused where the nearest hit's cosine lies below the release's threshold. Measured with the default
retrieval over a whole corpus, the questions being of five kinds:

- answered: `dev` questions whose right passage is among the hits;
- missed: `dev` questions whose right passage is not;
- gone: `dev` questions whose right passages are taken away, so that what is left is near but does not answer;
- unanswerable: questions of ClapNQ that its corpus is known not to answer; half of them choose, half report;
- foreign: `dev` questions of the other sets.

The threshold is chosen on these. ClapNQ's answerable questions are a `test` split and only reported on::

    python benchmarks/abstention.py --home /tmp/abstention
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from arguments import parser_of
from numpy.typing import NDArray

from rag.bootstrap import Installation, open_installation
from rag.domain import DEFAULT_TENANT, Chunking, Document, Hit, Passage, Release, Retrieval
from rag.ports import Found
from rag.questions.support import supported
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial
from rag.settings import Settings

THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95)
FOREIGN = 200  # questions of the other sets, at most
PARTED = {"medquad", "pubmedqa-pqal"}  # sets whose passages "x-1", "x-2" are parts of the document x

Cosines = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question."""

    text: str
    right: frozenset[str]  # passage ids; empty where the corpus does not answer it
    split: str


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set."""

    name: str
    passages: list[Passage]
    questions: list[Asked]

    def of(self, split: str) -> list[Asked]:
        """Return one split's questions."""
        return [question for question in self.questions if question.split == split]


@dataclass(kw_only=True)
class Measured:
    """What came of one data set's questions, by kind."""

    cosines: dict[str, Cosines]  # the nearest hit's, shape (questions,)
    judged: dict[str, Counter[str]]  # questions by what their words changed: "let through", "refused", "same"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options().parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sets = [load(options.datasets / name) for name in options.data]
    with open_installation(Settings(_env_file=None, home=options.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve(options.encoder))
        release = Release.create(
            encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
        )
        loaded = LoadedRelease(release=release, encoder=encoder)
        results = {data.name: measure(data, sets, loaded, rag) for data in sets}
    cosines = {name: each.cosines for name, each in results.items()}
    print(distributions(cosines), thresholds(cosines), typed(results), sep="\n\n")
    if options.out:
        plain = {
            name: {kind: values.tolist() for kind, values in kinds.items()} for name, kinds in cosines.items()
        }
        options.out.write_text(json.dumps(plain) + "\n")
    return 0


def load(folder: Path) -> Data:
    """Read a data set in BEIR layout."""
    parts: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for record in _records(folder / "corpus.jsonl"):
        name = record["_id"].rpartition("-")[0] if folder.name in PARTED else record["_id"]
        parts.setdefault(name, []).append((record["_id"], record))
    passages: dict[str, Passage] = {}
    for name, records in parts.items():
        document = Document.create(uri=name, text="\n".join(record["text"] for _, record in records))
        for position, (key, record) in enumerate(records):
            passages[key] = Passage.create(document, position, record["text"], record["title"])
    right: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if int(grade) > 0:
            right.setdefault(question, set()).add(passages[passage].id)
    questions = [
        Asked(text=record["text"], right=frozenset(right.get(record["_id"], ())), split=record["split"])
        for record in _records(folder / "queries.jsonl")
    ]
    return Data(name=folder.name, passages=list(passages.values()), questions=questions)


def measure(data: Data, sets: Sequence[Data], loaded: LoadedRelease, rag: Installation) -> Measured:
    """Ask one data set all kinds of questions."""
    retrieval = loaded.release.retrieval
    top_k = retrieval.top_k
    judged: dict[str, Counter[str]] = {}

    def judge(kind: str, questions: Sequence[Asked], results: Sequence[Sequence[Found]]) -> list[float]:
        """Count what words change in the verdict; return the nearest cosines."""
        nearest = _nearest(results, top_k)
        for question, found, cosine in zip(questions, results, nearest, strict=True):
            hits = [
                Hit(passage=each.passage, rank=at, score=each.score)
                for at, each in enumerate(found[:top_k], 1)
            ]
            answered = supported(question.text, hits, retrieval.threshold, encoder=loaded.encoder)
            changed = answered != (cosine >= retrieval.threshold)
            judged.setdefault(kind, Counter())[
                ("let through" if answered else "refused") if changed else "same"
            ] += 1
        return nearest

    foreign = [question for other in sets if other is not data for question in other.of("dev")]
    drawn = np.random.default_rng(17).permutation(len(foreign))[:FOREIGN]
    with trial(
        loaded, [data.passages], tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch
    ) as tried:

        def find(questions: Sequence[Asked]) -> list[list[Found]]:
            more = max((len(question.right) for question in questions), default=0)
            return tried.find([question.text for question in questions], limit=top_k + more)

        others = [foreign[at] for at in drawn]
        kinds: dict[str, list[float]] = {"foreign": judge("foreign", others, find(others))}
        dev = [question for question in data.of("dev") if question.right]
        for question, found in zip(dev, find(dev), strict=True):
            hit = any(each.passage.id in question.right for each in found[:top_k])
            kind = "answered" if hit else "missed"
            kinds.setdefault(kind, []).extend(judge(kind, [question], [found]))
            left = [each for each in found if each.passage.id not in question.right]
            kinds.setdefault("gone", []).extend(judge("gone", [question], [left]))
        unknown = data.of("unanswerable")
        unanswerable = judge("unanswerable", unknown, find(unknown))
        if unanswerable:
            kinds["unanswerable"], kinds["unanswerable (held back)"] = unanswerable[::2], unanswerable[1::2]
            test = data.of("test")
            kinds["answerable (held back)"] = _nearest(find(test), top_k)
    cosines = {kind: np.array(values) for kind, values in kinds.items()}
    return Measured(cosines=cosines, judged=judged)


def distributions(results: Mapping[str, Mapping[str, Cosines]]) -> str:
    """Return the quantiles of the nearest cosine, as Markdown."""
    lines = [
        f"| data | questions | n | {' | '.join(f'{share:.0%}' for share in SHARES)} |",
        f"|---|---|---|{'---|' * len(SHARES)}",
    ]
    for name, kinds in results.items():
        for kind, values in kinds.items():
            cells = " | ".join(f"{value:.2f}" for value in np.quantile(values, SHARES))
            lines.append(f"| {name} | {kind} | {len(values):,} | {cells} |")
    return "\n".join(lines)


def thresholds(results: Mapping[str, Mapping[str, Cosines]]) -> str:
    """Return the share of questions refused at each threshold, percent, as Markdown."""
    lines = [
        f"| data | questions | {' | '.join(f'{threshold:.2f}' for threshold in THRESHOLDS)} |",
        f"|---|---|{'---|' * len(THRESHOLDS)}",
    ]
    for name, kinds in results.items():
        for kind, values in kinds.items():
            cells = " | ".join(f"{100 * (values < threshold).mean():.1f}" for threshold in THRESHOLDS)
            lines.append(f"| {name} | {kind} | {cells} |")
    return "\n".join(lines)


def typed(results: Mapping[str, Measured]) -> str:
    """Return how many verdicts the questions' words change at the default threshold, as Markdown."""
    lines = [
        "| data | questions | n | let through by what is typed | refused by it |",
        "|---|---|---|---|---|",
    ]
    for name, each in results.items():
        for kind, seen in each.judged.items():
            lines.append(
                f"| {name} | {kind} | {seen.total():,} | {seen['let through']} | {seen['refused']} |"
            )
    return "\n".join(lines)


def _nearest(results: Sequence[Sequence[Found]], top_k: int) -> list[float]:
    return [max((each.score for each in found[:top_k]), default=-1.0) for found in results]


def _records(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _options() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        default=["clapnq-dev", "feedbackqa", "pubmedqa-pqal", "medquad"],
        help="folders of --datasets",
    )
    add("--encoder", default="minilm", help="minilm, static, a folder or a hub id")
    add("--out", type=Path, help="write every cosine there, as JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
