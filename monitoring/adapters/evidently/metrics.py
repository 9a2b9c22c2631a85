"""Our Evidently report: each signal one of its metrics. Imports Evidently, so it is imported when needed only."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from evidently import DataDefinition, Dataset, Report
from evidently._pydantic_compat import ValidationError
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Context, Snapshot
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.legacy.renderers.html_widgets import CounterData, counter, table_data, text_widget
from evidently.tests import gt, lte

from monitoring.adapters.evidently import plots
from monitoring.adapters.evidently.frames import BEST, TOPIC, frames, topics_of
from monitoring.domain import DriftFinding, DriftReport, DriftVerdict, Look, Window
from monitoring.telling import tell
from rag.errors import IntegrityError

COLUMNS = ("Signal", "Verdict", "Before", "Now", "95 % interval", "Questions", "p", "Alarm at", "Why")
TOPIC_COLUMNS = ("Topic", "Cause", "Questions", "Refused", "Rated bad", "What helps")
FOLLOWED = ("golden_recall", "live_recall")
"""Signals whose value is drawn check by check."""

MOST_EVIDENCE = 3.0
"""Of what an alarm takes; more is drawn as this, so that what is near the level can be seen."""


class Verdict(SingleValueMetric):  # type: ignore[misc]  # Evidently has no types
    """How many signals say drift; shown as the verdict, why, what to do, and all signals as a table."""

    count: int
    text: str  # Markdown
    rows: list[list[str]]
    topics: list[list[str]]
    signals: list[str]
    moments: list[list[str]]  # of each signal, in ISO format
    values: list[list[float]]


class VerdictCalculation(SingleValueCalculation[Verdict]):  # type: ignore[misc]  # as above
    """Shows what was found."""

    def display_name(self) -> str:
        """Return the title."""
        return "Signals that say drift"

    def calculate(self, _context: Context, _current: Dataset, _reference: Dataset | None) -> SingleValue:
        """Return the count; everything has been compared already."""
        metric = self.metric
        result = self.result(metric.count)
        widgets = [text_widget(text=metric.text)]
        if metric.topics:
            widgets.append(table_data(title="Topics", column_names=list(TOPIC_COLUMNS), data=metric.topics))
        if metric.rows:
            widgets.append(table_data(title="Signals", column_names=list(COLUMNS), data=metric.rows))
        if metric.signals:
            over = {
                name: list(zip(moments, values, strict=True))
                for name, moments, values in zip(metric.signals, metric.moments, metric.values, strict=True)
            }
            widgets.append(plots.evidence(over))
        result.widget = widgets
        return result


class Signal(SingleValueMetric):  # type: ignore[misc]  # as above
    """One signal; its bound test holds its p-value to the level, or its statistic to the threshold."""

    name: str
    value: float  # what the test is of
    statistic: float | None
    threshold: float | None
    p_value: float | None
    level: float | None
    reason: str
    topics: list[str]
    moments: list[str]  # of the checks that the next three are of; empty: not followed over time
    shares: list[float]
    lows: list[float | None]
    highs: list[float | None]


class SignalCalculation(SingleValueCalculation[Signal]):  # type: ignore[misc]  # as above
    """Shows a signal's figures, and a plot where there is something to draw."""

    def display_name(self) -> str:
        """Return the title."""
        return str(self.metric.name)

    def calculate(self, _context: Context, current: Dataset, reference: Dataset | None) -> SingleValue:
        """Return the value; everything has been compared already."""
        metric = self.metric
        result = self.result(metric.value)
        figures = {
            "statistic": metric.statistic,
            "drift beyond": metric.threshold,
            "p-value": metric.p_value,
            "an alarm at": metric.level,
        }
        shown = [CounterData(label, _number(value)) for label, value in figures.items() if value is not None]
        widgets: list[BaseWidgetInfo] = [counter(title=f"{metric.name}: {metric.reason}", counters=shown)]
        if metric.moments:
            points = zip(metric.moments, metric.shares, metric.lows, metric.highs, strict=True)
            widgets.append(plots.over_time(metric.name, list(points)))
        before, now = (None if side is None else side.as_dataframe() for side in (reference, current))
        if before is not None and now is not None and TOPIC in before and TOPIC in now:
            if metric.name == "topics":
                widgets.append(plots.scatter(before, now, metric.topics))
            if metric.name == "fit" and BEST in before and BEST in now:
                widgets.append(plots.histogram(before, now))
        result.widget = widgets
        return result


def run(report: DriftReport, look: Look | None, past: Sequence[DriftReport]) -> Snapshot:
    """Run one Evidently report that holds all of ours."""
    before, now = frames(report, look)
    checks = [*reversed(past), report]  # oldest first
    metrics: list[Any] = [_verdict(report, checks)]
    metrics += [made for each in report.findings if (made := _signal(each, report, checks)) is not None]
    definition = DataDefinition(numerical_columns=list(now.columns))
    return Report(metrics).run(
        Dataset.from_pandas(now, data_definition=definition),
        Dataset.from_pandas(before, data_definition=definition),
        timestamp=report.created_at,
        name="Drift check",
        metadata={window.name: _window(window) for window in (report.reference, report.current)},
    )


def parse(content: object) -> Snapshot:
    """Return the snapshot that its JSON holds; IntegrityError where it holds none."""
    try:
        return Snapshot.load_dict(content)
    except (ValidationError, ValueError, TypeError, AttributeError) as error:
        raise IntegrityError(f"Expected an Evidently snapshot, got something else: {error}") from error


def _verdict(report: DriftReport, checks: Sequence[DriftReport]) -> Verdict:
    over = _evidence(checks)
    return Verdict(
        count=sum(each.verdict is DriftVerdict.DRIFT for each in report.findings),
        text=_text(report),
        rows=[_row(each) for each in report.findings],
        topics=_topics(report),
        signals=list(over),
        moments=[[moment for moment, _ in points] for points in over.values()],
        values=[[value for _, value in points] for points in over.values()],
        tests=[lte(0)],
    )


def _signal(finding: DriftFinding, report: DriftReport, checks: Sequence[DriftReport]) -> Signal | None:
    """Return a finding as a metric; None where there is no figure to show."""
    value = next(
        (each for each in (finding.p_value, finding.statistic, finding.current) if each is not None), None
    )
    if value is None:
        return None
    test = None
    if finding.p_value is not None and finding.level is not None:
        test = [gt(finding.level)]
    elif finding.p_value is None and finding.statistic is not None and finding.threshold is not None:
        test = [lte(finding.threshold)]
    followed = _followed(finding.name, checks) if finding.name.startswith(FOLLOWED) else []
    return Signal(
        name=finding.name,
        value=value,
        statistic=finding.statistic,
        threshold=finding.threshold,
        p_value=finding.p_value,
        level=finding.level,
        reason=finding.reason,
        topics=topics_of(report),
        moments=[moment for moment, _, _, _ in followed],
        shares=[share for _, share, _, _ in followed],
        lows=[low for _, _, low, _ in followed],
        highs=[high for _, _, _, high in followed],
        tests=test,
    )


def _text(report: DriftReport) -> str:
    """Return the verdict, why, and what to do, as Markdown; nothing of it is taken for a tag, a link or an image.

    Names of documents are in it. An image would be loaded from wherever such a name says, when the page is opened.
    """
    told = tell(report)
    parts = [f"## {told.verdict}"]
    for heading, sentences in (("Why", told.why), ("What to do", told.to_do)):
        if sentences:
            parts.append(f"**{heading}**\n\n" + "\n".join(f"- {each}" for each in sentences))
    if told.held_to:
        parts.append(told.held_to)
    return escape("\n\n".join(parts), quote=False).replace("[", "&#91;")


def _topics(report: DriftReport) -> list[list[str]]:
    return [
        [
            ", ".join(topic.words[:5]) or "-",
            diagnosis.cause.value.replace("_", " "),
            str(topic.count),
            _percent(topic.refused),
            _percent(topic.bad),
            diagnosis.action,
        ]
        for diagnosis in report.diagnoses
        for topic in diagnosis.topics
    ]


def _row(finding: DriftFinding) -> list[str]:
    interval = "–" if finding.low is None else f"{_number(finding.low)} to {_number(finding.high)}"
    return [
        finding.name,
        finding.verdict.value.replace("_", " "),
        _number(finding.reference),
        _number(finding.current),
        interval,
        f"{finding.reference_count} / {finding.current_count}",
        _number(finding.p_value),
        _number(finding.level),
        finding.reason,
    ]


def _followed(name: str, checks: Sequence[DriftReport]) -> list[plots.Point]:
    return [
        (check.created_at.isoformat(), finding.current, finding.low, finding.high)
        for check in checks
        for finding in check.findings
        if finding.name == name and finding.current is not None
    ]


def _evidence(checks: Sequence[DriftReport]) -> dict[str, list[tuple[str, float]]]:
    """Return signal -> (moment, log p / log level) of the checks that tested it."""
    over: dict[str, list[tuple[str, float]]] = {}
    for check in checks:
        for finding in check.findings:
            if finding.p_value is None or not finding.level or finding.level >= 1:
                continue
            part = math.log(max(finding.p_value, 1e-300)) / math.log(finding.level)
            over.setdefault(finding.name, []).append((check.created_at.isoformat(), min(part, MOST_EVIDENCE)))
    return over


def _window(window: Window) -> str:
    unknown = window.language_unknown
    said = f"; {unknown} in a language that the encoder does not know" if unknown else ""
    return f"{window.count} questions, {window.since} to {window.until}{said}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
