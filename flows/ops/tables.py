"""What people compare, as rows: used by the terminal and by Prefect's artifacts alike."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rag.access.keys import status
from rag.domain import Key, Role
from retrain.dataset.writing import Forecast
from retrain.domain import (
    Answer,
    Answers,
    Bar,
    Candidate,
    Dataset,
    Detectable,
    Difference,
    Hit,
    MetricRow,
    Moved,
    Received,
    Scorecard,
)
from retrain.settings import RetrainSettings
from retrain.verdict.guards import SAID, turned

Table = tuple[Sequence[str], Sequence[Sequence[object]]]
"""Columns and rows."""


def points(value: float) -> str:
    """Write a share as percent points with a sign, e.g. +3.2."""
    return f"{100 * value:+.1f}"


def percent(value: float) -> str:
    """Write a share as percent, e.g. 72.4."""
    return f"{100 * value:.1f}"


def _changed(difference: Difference) -> str:
    low, high = points(difference.low), points(difference.high)
    return f"{points(difference.value)} ({low} to {high})"


def scorecard_rows(scorecard: Scorecard) -> Table:
    """Return the candidate-beside-incumbent table: shares in percent, differences in points."""
    return ["metric", *_BESIDE], [(row.metric, *_beside(row)) for row in scorecard.overall]


_BESIDE = ["incumbent %", "candidate %", "difference", "95 % interval", "p"]


def _beside(row: MetricRow) -> tuple[str, ...]:
    return (
        percent(row.incumbent.value),
        percent(row.candidate.value),
        points(row.difference.value),
        f"{points(row.difference.low)} to {points(row.difference.high)}",
        f"{row.difference.p_value:.4f}",
    )


def answer_rows(answers: Answers) -> Table:
    """Return what people get beside what they get today: shares in percent, differences in points."""
    return ["what people get", *_BESIDE], [
        (SAID[Received(row.metric)].lower(), *_beside(row)) for row in answers.rows
    ]


def answer_lines(answers: Answers | None) -> list[str]:
    """Return what people will get in sentences, for whoever decides; none where it was not measured."""
    return [f"{turned(row)}." for row in answers.rows] if answers else []


def bar_lines(answers: Answers) -> list[str]:
    """Return a line on the questions that were asked, and one for each side on when it answers at all."""
    return [
        f"{answers.questions} questions, {answers.unanswerable} of them also with the documents that answer them taken "
        "out; each side with its own calibration, without a language model",
        f"incumbent: {_bar(answers.incumbent)}",
        f"candidate: {_bar(answers.candidate)}",
    ]


def _bar(bar: Bar) -> str:
    answers = f"answers from a support of {bar.threshold:.2f} on"
    if not bar.questions:
        return f"{answers}; never calibrated on its documents"
    return f"{answers}; calibrated with {bar.questions} questions over {bar.passages} passages"


def forecast_line(forecast: Forecast | None, settings: RetrainSettings) -> str:
    """Return a line on what asking the language model would cost, and where it would stop."""
    if forecast is None:
        return "no language model is set: questions come from the log, the labels and the documents"
    return (
        f"language model: {forecast.calls} calls about {forecast.passages} passages, some {forecast.tokens} tokens "
        f"({forecast.remembered} answers are known already); it stops at {settings.llm_calls} calls, "
        f"{settings.llm_tokens} tokens or {settings.llm_minutes:g} minutes"
    )


def written_lines(spent: Mapping[str, Any] | None) -> list[str]:
    """Return what asking the language model has cost and what came of it, a sentence a line; none where nothing was.

    `spent` is the dataset's `language_model`. What had no question in it counts as one that was written.
    """
    if not spent or not spent["calls"] + spent["remembered"]:
        return []
    besides = ", ".join(
        f"{spent[name]} {of_what}"
        for name, of_what in (("failures", "of them failed"), ("remembered", "known already"))
        if spent[name]
    )
    lines = [
        f"The language model was asked {spent['calls']} times{f' ({besides})' if besides else ''}: "
        f"{spent['tokens']} tokens, {spent['seconds']:.0f} s."
    ]
    if spent["stopped"]:
        lines.append(f"It was asked no more, as {spent['stopped']}.")
    # Datasets of before have no accounts.
    for what in ("questions", "paraphrases"):
        lines += _account_lines(what, spent.get(what) or {})
    return lines


def _account_lines(what: str, account: Mapping[str, Any]) -> list[str]:
    dropped, repaired = account.get("dropped", {}), account.get("repaired", {})
    lost = sum(dropped.values())
    written = account.get("kept", 0) + lost
    if not written:
        return []
    lines = [f"{lost or 'None'} of {written} written {what} {'was' if lost < 2 else 'were'} dropped"]
    lines[0] += f": {_by_count(dropped, '{1} {0}')}." if lost else "."
    if repaired:
        lines.append(
            f"To get at the {what}, taken away: {_by_count(repaired, '{0} from {1}')} of the replies."
        )
    return lines


def _by_count(counts: Mapping[str, int], form: str) -> str:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(form.format(name, count) for name, count in most)


def dataset_rows(dataset: Dataset) -> Table:
    """Return how many pairs and questions of each origin a dataset holds."""
    origins = sorted({p.origin for p in dataset.train} | {q.origin for q in (*dataset.dev, *dataset.gate)})
    splits = dataset.train, dataset.dev, dataset.gate
    rows = [
        (origin, *(sum(item.origin is origin for item in items) for items in splits)) for origin in origins
    ]
    return ["origin", "train pairs", "dev questions", "gate questions"], [*rows, ("all", *map(len, splits))]


def candidate_rows(candidates: Sequence[Candidate]) -> Table:
    """Return one row a candidate."""
    columns = ["id", "made", "status", "verdict", "pairs", "gate questions", "answered right", "recall@10"]
    return columns, [
        (
            c.id[:8],
            f"{c.created_at:%Y-%m-%d %H:%M}",
            c.status,
            c.verdict.outcome,
            c.training.pairs,
            c.scorecard.questions,
            _changed(c.scorecard.answers.row(Received.RIGHT).difference) if c.scorecard.answers else "-",
            _changed(c.scorecard.row("recall@10").difference),
        )
        for c in candidates
    ]


def foreseen_sentence(foreseen: Detectable | None) -> str:
    """Return a sentence on which gain the gate questions can show."""
    if foreseen is None:
        return "Which gain the gate questions can show was not computed before training."
    return (
        f"{foreseen.questions} gate questions in {foreseen.clusters} clusters, look {foreseen.look} at them:"
        f" a gain of {points(foreseen.effect)} points {_of(foreseen.metric)} is seen in {foreseen.power:.0%} of cases"
        f" (two-sided level {foreseen.alpha:.4f}); a smaller one may stay inconclusive."
    )


def _of(metric: str) -> str:
    return f"in {SAID[Received(metric)].lower()}" if metric in list(Received) else f"of {metric}"


def slice_rows(scorecard: Scorecard) -> Table:
    """Return recall@10 and the hit rate among the first five of each slice, in percent and points."""
    return ["slice", "questions", "metric", "incumbent %", "candidate %", "difference"], [
        (
            part.name,
            part.questions,
            row.metric,
            percent(row.incumbent.value),
            percent(row.candidate.value),
            _changed(row.difference),
        )
        for part in scorecard.slices
        for row in part.rows
        if row.metric in ("recall@10", "accuracy@5")
    ]


def moved_rows(moved: Sequence[Moved]) -> Table:
    """Return one row a question: what it got and gets, where the first right passage was and is, and both lists."""

    def listed(question: Moved, hits: Sequence[Hit]) -> str:
        return "\n".join(
            f"{'*' if hit.passage in question.relevant else ' '} {hit.passage[:8]} {hit.title}"
            for hit in hits
        )

    def got(answer: Answer | None, support: float | None) -> str:
        return "-" if answer is None or support is None else f"{answer} ({support:.2f})"

    return ["question", "answer (support)", "rank", "before (* right)", "after (* right)"], [
        (
            each.question,
            f"{got(each.answer_before, each.support_before)} -> {got(each.answer_after, each.support_after)}",
            f"{each.rank_before or '-'} -> {each.rank_after or '-'}",
            listed(each, each.before),
            listed(each, each.after),
        )
        for each in moved
    ]


def key_rows(keys: Sequence[Key], now: datetime) -> Table:
    """Return one row a key, without its secret."""

    def moment(value: datetime | None) -> str:
        return "-" if value is None else f"{value:%Y-%m-%d %H:%M}"

    return ["id", "name", "tenant", "roles", "created", "expires", "status"], [
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
