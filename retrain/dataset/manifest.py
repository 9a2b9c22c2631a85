"""What a dataset says of itself: where its questions come from, whose they are, and what it continues."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retrain.domain import Dataset, EvalQuestion, Origin, TrainingPair

SHOWN = 10
"""Principals and passages that are named, those with the largest shares."""


def by_origin(items: Iterable[TrainingPair | EvalQuestion]) -> dict[str, int]:
    """Return origin -> how many."""
    return dict(sorted(Counter(item.origin.value for item in items).items()))


def by_kind(items: Iterable[TrainingPair | EvalQuestion]) -> dict[str, int]:
    """Return origin and kind, e.g. "document: title" -> how many; items without a kind are left out."""
    return dict(sorted(Counter(f"{item.origin}: {item.kind}" for item in items if item.kind).items()))


def log_shares(pairs: Sequence[TrainingPair]) -> dict[str, Any]:
    """Return whose questions, whose judgements and which passages the log's pairs are, the largest shares first."""
    log = [pair for pair in pairs if pair.origin is Origin.LOG]
    return {
        "pairs": len(log),
        "askers": _shares(pair.principal for pair in log),
        "judges": _shares(pair.judge for pair in log),
        "passages": _shares(pair.passage_id for pair in log),
    }


def _shares(owners: Iterable[str]) -> dict[str, float]:
    counts = Counter(owners)
    total = counts.total()
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
    return {owner: round(count / total, 4) for owner, count in most}


def continuing(gate: Sequence[EvalQuestion], previous: Dataset | None) -> Mapping[str, Any]:
    """Return which gate questions are new, gone and kept since the previous dataset, by id.

    A question that is kept with other answers counts as changed: it is another exam.
    """
    before = {question.id: question for question in previous.gate} if previous else {}
    now = {question.id: question for question in gate}
    kept = before.keys() & now.keys()
    changed = {key for key in kept if before[key].relevant != now[key].relevant}
    return {
        "dataset": previous.digest if previous else None,
        "gate_digest": previous.gate_digest if previous else None,
        "new": sorted(now.keys() - before.keys()),
        "gone": sorted(before.keys() - now.keys()),
        "changed": sorted(changed),
        "kept": len(kept) - len(changed),
    }
