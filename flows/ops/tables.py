"""What people compare, as rows: used by the terminal and by Prefect's artifacts alike."""

from collections.abc import Sequence
from datetime import datetime

from monitoring.domain import DriftReport
from rag.access.keys import status
from rag.domain import Key, Role
from retrain.dataset.writing import Forecast
from retrain.domain import Candidate, Dataset, Detectable, Moved, Scorecard
from retrain.settings import RetrainSettings

Rows = list[tuple[object, ...]]


def points(value: float) -> str:
    """Write a share as percent points with a sign, e.g. +3.2."""
    return f"{100 * value:+.1f}"


def percent(value: float) -> str:
    """Write a share as percent, e.g. 72.4."""
    return f"{100 * value:.1f}"


def scorecard_rows(scorecard: Scorecard) -> tuple[list[str], Rows]:
    """Return the candidate-beside-incumbent table: shares in percent, differences in points."""
    columns = ["metric", "incumbent %", "candidate %", "difference", "95 % interval", "p"]
    rows: Rows = [
        (
            row.metric,
            percent(row.incumbent.value),
            percent(row.candidate.value),
            points(row.difference.value),
            f"{points(row.difference.low)} to {points(row.difference.high)}",
            f"{row.difference.p_value:.4f}",
        )
        for row in scorecard.overall
    ]
    return columns, rows


def forecast_line(forecast: Forecast | None, settings: RetrainSettings) -> str:
    """Return a line on what asking the language model would cost, and where it would stop."""
    if forecast is None:
        return "no language model is set: questions come from the log, the labels and the documents"
    return (
        f"language model: {forecast.calls} calls about {forecast.passages} passages, some {forecast.tokens} tokens "
        f"({forecast.remembered} answers are known already); it stops at {settings.llm_calls} calls, "
        f"{settings.llm_tokens} tokens or {settings.llm_minutes:g} minutes"
    )


def dataset_rows(dataset: Dataset) -> tuple[list[str], Rows]:
    """Return how many pairs and questions of each origin a dataset holds."""
    origins = sorted({p.origin for p in dataset.train} | {q.origin for q in (*dataset.dev, *dataset.gate)})
    rows: Rows = [
        (
            origin,
            sum(p.origin is origin for p in dataset.train),
            sum(q.origin is origin for q in dataset.dev),
            sum(q.origin is origin for q in dataset.gate),
        )
        for origin in origins
    ]
    rows.append(("all", len(dataset.train), len(dataset.dev), len(dataset.gate)))
    return ["origin", "train pairs", "dev questions", "gate questions"], rows


def drift_rows(report: DriftReport) -> tuple[list[str], Rows]:
    """Return one row a finding."""

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.4f}"

    rows: Rows = [
        (
            f.name,
            number(f.statistic),
            number(f.threshold),
            number(f.p_value),
            number(f.reference),
            number(f.current),
            f"{f.reference_count} / {f.current_count}",
            f.verdict,
        )
        for f in report.findings
    ]
    return ["finding", "statistic", "threshold", "p", "reference", "current", "questions", "verdict"], rows


def candidate_rows(candidates: Sequence[Candidate]) -> tuple[list[str], Rows]:
    """Return one row a candidate."""
    rows: Rows = []
    for c in candidates:
        gain = c.scorecard.row("recall@10").difference
        rows.append(
            (
                c.id[:8],
                f"{c.created_at:%Y-%m-%d %H:%M}",
                c.status,
                c.verdict.outcome,
                c.training.pairs,
                c.scorecard.questions,
                f"{points(gain.value)} ({points(gain.low)} to {points(gain.high)})",
            )
        )
    return ["id", "made", "status", "verdict", "pairs", "gate questions", "recall@10 difference"], rows


def foreseen_sentence(foreseen: Detectable | None) -> str:
    """Return a sentence on which gain the gate questions can show."""
    if foreseen is None:
        return "Which gain the gate questions can show was not computed before training."
    return (
        f"{foreseen.questions} gate questions in {foreseen.clusters} clusters, look {foreseen.look} at them:"
        f" a gain of {points(foreseen.effect)} points of {foreseen.metric} is seen in {foreseen.power:.0%} of cases"
        f" (two-sided level {foreseen.alpha:.4f}); a smaller one may stay inconclusive."
    )


def slice_rows(scorecard: Scorecard) -> tuple[list[str], Rows]:
    """Return recall@10 and the hit rate among the first five of each slice, in percent and points."""
    rows: Rows = []
    for part in scorecard.slices:
        found = {row.metric: row for row in part.rows}
        for metric in ("recall@10", "accuracy@5"):
            if (row := found.get(metric)) is not None:
                change = row.difference
                rows.append(
                    (
                        part.name,
                        part.questions,
                        metric,
                        percent(row.incumbent.value),
                        percent(row.candidate.value),
                        f"{points(change.value)} ({points(change.low)} to {points(change.high)})",
                    )
                )
    return ["slice", "questions", "metric", "incumbent %", "candidate %", "difference"], rows


def moved_rows(moved: Sequence[Moved]) -> tuple[list[str], Rows]:
    """Return one row a question: where the first right passage was and is, and the lists it stands in."""

    def listed(question: Moved, *, before: bool) -> str:
        hits = question.before if before else question.after
        right = set(question.relevant)
        return "\n".join(
            f"{'*' if hit.passage in right else ' '} {hit.passage[:8]} {hit.title}" for hit in hits
        )

    rows: Rows = [
        (
            each.question,
            f"{each.rank_before or '-'} -> {each.rank_after or '-'}",
            listed(each, before=True),
            listed(each, before=False),
        )
        for each in moved
    ]
    return ["question", "rank", "before (* right)", "after (* right)"], rows


def key_rows(keys: Sequence[Key], now: datetime) -> tuple[list[str], Rows]:
    """Return one row a key, without its secret."""

    def moment(value: datetime | None) -> str:
        return "-" if value is None else f"{value:%Y-%m-%d %H:%M}"

    rows: Rows = [
        (
            key.id,
            key.name or "-",
            key.tenant,
            " ".join(role for role in Role if role in key.roles),
            moment(key.created_at),
            moment(key.expires_at),
            status(key, now),
        )
        for key in keys
    ]
    return ["id", "name", "tenant", "roles", "created", "expires", "status"], rows
