"""A corpus whose documents come and go, and golden questions asked of it, with real vectors and exact search."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.ports import Encoder, Vectors

CHURNS = {
    "0.2 % a day": ("even", 0.002),
    "1 % a day": ("even", 0.01),
    "5 % a day": ("even", 0.05),
    "7 % each week, at once": ("weekly", 0.01),
    "1 % a day, by topic": ("topical", 0.01),
    "1 % a day and 0.1 % growth": ("growing", 0.01),
}
"""How documents come and go: the share that is added or removed in a day."""

A_DAY = 3
"""Looks a day at which documents have changed; those between see what the one before saw."""

LOST_AFTER = 30
"""Calm days before a loss begins."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set's passages and labelled questions, embedded; test questions are left out."""

    name: str
    passages: Vectors  # (n, dimension)
    questions: Vectors  # (m, dimension)
    right: list[list[int]]  # rows of the passages that answer each


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One look."""

    day: float
    changed: float  # share of documents that changed since the look before
    recall: dict[str, float]  # question -> recall@10 among those of its documents that are there


def load(folder: Path, name: str, encoder: Encoder) -> DataSet:
    """Read and embed a data set."""

    def rows(kind: str) -> list[dict[str, Any]]:
        with (folder / name / f"{kind}.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    corpus = rows("corpus")
    at = {row["_id"]: number for number, row in enumerate(corpus)}
    right: dict[str, list[int]] = {}
    for line in (folder / name / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, passage, score = line.split("\t")
        if int(score) > 0:
            right.setdefault(question, []).append(at[passage])
    queries = [row for row in rows("queries") if row["split"] != "test" and row["_id"] in right]
    return DataSet(
        name=name,
        passages=encoder.encode_passages([f"{row['title']}\n{row['text']}".strip() for row in corpus]),
        questions=encoder.encode_queries([row["text"] for row in queries]),
        right=[right[row["_id"]] for row in queries],
    )


class Corpus:
    """Seven tenths of a data set's passages at first, and golden questions that ask for them."""

    def __init__(self, data: DataSet, *, golden: int, seed: int, all_found: bool) -> None:
        """Draw by `seed`; `all_found`: the questions are those that are found at first, as labels of clicks are."""
        self.random = np.random.default_rng(seed)
        self._passages = data.passages
        self._there = np.zeros(len(data.passages), bool)
        first = self.random.permutation(len(self._there))[: round(0.7 * len(self._there))]
        self._there[first] = True
        better: list[NDArray[np.float32]] = []
        own: list[int] = []
        documents: list[int] = []
        asked = 0
        for question in self.random.permutation(len(data.questions)):
            right = data.right[question]
            if asked == golden:
                break
            if not self._there[right].all():
                continue
            scores = data.passages @ data.questions[question]
            above = [(scores > scores[each]).astype(np.float32) for each in right]
            if all_found and any(row @ self._there >= 10 for row in above):
                continue
            better += above
            own += [asked] * len(right)
            documents += right
            asked += 1
        self.golden = asked
        self._better = np.stack(better)
        self._own, self._documents = np.array(own), np.array(documents)

    def recall(self) -> dict[str, float]:
        """Return each question's recall@10; of one whose documents are all gone, nothing."""
        there = self._there[self._documents]
        found = (self._better @ self._there.astype(np.float32) < 10) & there
        hits, all_of = (np.bincount(self._own, each, self.golden) for each in (found, there))
        return {str(each): hits[each] / all_of[each] for each in np.flatnonzero(all_of)}

    def change(self, share: float, *, growth: float = 0.0, topical: bool = False) -> float:
        """Add and remove documents, half of `share` each and `growth` more added; return the share that moved."""
        inside, outside = np.flatnonzero(self._there), np.flatnonzero(~self._there)
        gone = min(self.random.poisson(share * len(inside) / 2), len(inside) - 1)
        new = min(gone + self.random.poisson(growth * len(inside)), len(outside))
        for rows, count, there in ((inside, gone, False), (outside, new, True)):
            self._there[self._drawn(rows, count, topical=topical)] = there
        return float((gone + new) / len(inside))

    def _drawn(self, rows: NDArray[np.int64], count: int, *, topical: bool) -> NDArray[np.int64]:
        if not count or not topical:
            return self.random.permutation(rows)[:count]
        near = self._passages[rows] @ self._passages[self.random.choice(rows)]
        return rows[np.argsort(-near)[:count]]


def looks(corpus: Corpus, churn: str, days: int) -> Iterator[Seen]:
    """Yield the looks of some days, the first before anything changed."""
    kind, share = CHURNS[churn]
    yield Seen(day=0.0, changed=0.0, recall=corpus.recall())
    for number in range(days * A_DAY):
        day = (number + 1) / A_DAY
        if kind == "weekly":
            changed = corpus.change(7 * share) if (number + 1) % (7 * A_DAY) == 0 else 0.0
        else:
            growth = 0.001 / A_DAY if kind == "growing" else 0.0
            changed = corpus.change(share / A_DAY, growth=growth, topical=kind == "topical")
        yield Seen(day=day, changed=changed, recall=corpus.recall())


def losing(seen: Iterator[Seen], *, at_once: int, a_day: int, seed: int) -> Iterator[Seen]:
    """Yield looks whose questions are lost after `LOST_AFTER` days: some at once, or so many a day, and for good."""
    random = np.random.default_rng(seed)
    lost: set[str] = set()
    begun = 0
    for look in seen:
        found = sorted(key for key, value in look.recall.items() if value > 0 and key not in lost)
        days = int(look.day) - LOST_AFTER + 1 if look.day >= LOST_AFTER else 0
        due = (at_once if days > 0 else 0) if at_once else a_day * days
        if due > begun:
            lost |= set(random.permutation(found)[: due - begun].tolist())
            begun = due
        recall = {key: 0.0 if key in lost else value for key, value in look.recall.items()}
        yield Seen(day=look.day, changed=look.changed, recall=recall)


def flapping(seen: Iterator[Seen], *, questions: int, seed: int) -> Iterator[Seen]:
    """Yield looks at which some questions are found or not by the toss of a coin, as where scores tie."""
    random = np.random.default_rng(seed)
    for look in seen:
        some = {str(each): float(random.integers(2)) for each in range(questions) if str(each) in look.recall}
        yield Seen(day=look.day, changed=look.changed, recall=look.recall | some)
