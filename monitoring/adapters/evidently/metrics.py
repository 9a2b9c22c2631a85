"""Our Evidently report and its metrics. Imports Evidently, so it is imported when needed only."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently._pydantic_compat import ValidationError
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Context, Snapshot
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.legacy.renderers.html_widgets import CounterData, WidgetSize, counter, plotly_data, table_data
from evidently.metrics import MeanValue
from evidently.tests import gte, lte
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict, Window
from monitoring.ports import WindowSample
from monitoring.signals import questions, recall, support
from rag.errors import IntegrityError

TOP_SCORE, HIT_AT_K, TOPIC_X, TOPIC_Y = "top_score", "hit_at_k", "topic_x", "topic_y"
PLOTS = {support.NAME: TOP_SCORE, questions.NAME: TOPIC_X}
"""Finding -> the column its plot is drawn from."""
COLOURS = {"reference": "#9aa5b1", "current": "#d64545"}
COLUMNS = ("Finding", "Verdict", "Reference", "Current", "Statistic", "Threshold", "p", "Why")


class DriftedFindings(SingleValueMetric):  # type: ignore[misc]  # Evidently has no types
    """How many findings say drift, with a table of all of them."""

    count: int
    rows: list[list[str]]


class DriftedFindingsCalculation(SingleValueCalculation[DriftedFindings]):  # type: ignore[misc]  # as above
    """Shows what was found."""

    def display_name(self) -> str:
        """Return the title."""
        return "Findings that say drift"

    def calculate(self, _context: Context, _current: Dataset, _reference: Dataset | None) -> SingleValue:
        """Return the count; the windows have been compared already."""
        result = self.result(self.metric.count)
        result.widget = [
            counter(title="", counters=[CounterData(self.display_name(), str(self.metric.count))]),
            table_data(title="Findings", column_names=list(COLUMNS), data=self.metric.rows),
        ]
        return result


class DriftStatistic(SingleValueMetric):  # type: ignore[misc]  # as above
    """One calibrated statistic; its bound test holds it to our threshold."""

    name: str
    statistic: float
    threshold: float | None
    p_value: float | None
    reason: str


class DriftStatisticCalculation(SingleValueCalculation[DriftStatistic]):  # type: ignore[misc]  # as above
    """Shows a statistic beside its threshold, and a plot of the data where there is one."""

    def display_name(self) -> str:
        """Return the title."""
        return str(self.metric.name)

    def calculate(self, _context: Context, current: Dataset, reference: Dataset | None) -> SingleValue:
        """Return the statistic; the windows have been compared already."""
        metric = self.metric
        result = self.result(metric.statistic)
        figures = {"statistic": metric.statistic, "threshold": metric.threshold, "p-value": metric.p_value}
        result.widget = [
            counter(
                title=f"{metric.name}: {metric.reason}",
                counters=[CounterData(label, _number(value)) for label, value in figures.items()],
            )
        ]
        column = PLOTS.get(metric.name, "")
        frames = {
            name: data.as_dataframe()
            for name, data in (("reference", reference), ("current", current))
            if data is not None
        }
        if len(frames) == 2 and all({column, TOPIC_Y} <= set(frame) for frame in frames.values()):
            draw = _histogram if column == TOP_SCORE else _scatter
            result.widget.append(draw(frames))
        return result


def run(
    findings: Sequence[DriftFinding],
    reference: Window,
    current: Window,
    reference_sample: WindowSample | None,
    current_sample: WindowSample | None,
) -> Snapshot:
    """Run one Evidently report that holds all findings."""
    before, now = _frames(reference_sample, current_sample)
    metrics: list[Any] = [
        DriftedFindings(
            count=sum(f.verdict is DriftVerdict.DRIFT for f in findings),
            rows=[_row(f) for f in findings],
            tests=[lte(0)],
        )
    ]
    metrics += [
        DriftStatistic(
            name=f.name,
            statistic=f.statistic,
            threshold=f.threshold,
            p_value=f.p_value,
            reason=f.reason,
            tests=None if f.threshold is None else [lte(f.threshold)],
        )
        for f in findings
        if f.statistic is not None
    ]
    metrics += [
        MeanValue(column=HIT_AT_K, tests=[gte(f.reference - f.threshold)])
        for f in findings
        if f.name.startswith(recall.LABELLED)
        and f.reference is not None
        and f.threshold is not None
        and HIT_AT_K in now
    ]
    definition = DataDefinition(numerical_columns=list(now.columns))
    return Report(metrics).run(
        Dataset.from_pandas(now, data_definition=definition),
        Dataset.from_pandas(before, data_definition=definition),
        timestamp=datetime.now(UTC),
        name="Drift check",
        metadata={
            window.name: f"{len(window.interactions)} questions, {window.since} to {window.until}"
            + _in_unknown_languages(window)
            for window in (reference, current)
        },
    )


def _in_unknown_languages(window: Window) -> str:
    count = sum(each.language_unknown for each in window.interactions)
    return f"; {count} in a language that the encoder does not know" if count else ""


def parse(content: object) -> Snapshot:
    """Return the snapshot that its JSON holds; IntegrityError where it holds none."""
    try:
        return Snapshot.load_dict(content)
    except (ValidationError, ValueError, TypeError, AttributeError) as error:
        raise IntegrityError(f"Expected an Evidently snapshot, got something else: {error}") from error


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _row(finding: DriftFinding) -> list[str]:
    numbers = (finding.reference, finding.current, finding.statistic, finding.threshold, finding.p_value)
    verdict = finding.verdict.value.replace("_", " ")
    return [finding.name, verdict, *(_number(number) for number in numbers), finding.reason]


def _frames(
    reference: WindowSample | None, current: WindowSample | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both windows' numbers as columns; one column of nothing where there are no samples."""
    if reference is None or current is None:
        nothing = pd.DataFrame({TOPIC_X: [0.0]})
        return nothing, nothing
    # Evidently divides by the number of values in a column, so one that may be empty stays out.
    labelled = not any(np.isnan(sample.hit_at_k).all() for sample in (reference, current))
    points = _plane(np.vstack([reference.vectors, current.vectors]))
    frames = []
    for sample, place in (
        (reference, points[: len(reference.vectors)]),
        (current, points[len(reference.vectors) :]),
    ):
        columns = {TOPIC_X: place[:, 0], TOPIC_Y: place[:, 1]}
        if labelled:
            columns[HIT_AT_K] = sample.hit_at_k
        if sample.top_scores is not None:
            columns[TOP_SCORE] = sample.top_scores
        frames.append(pd.DataFrame(columns))
    return frames[0], frames[1]


def _plane(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Project vectors, shape (n, dimension), on their two principal components: shape (n, 2)."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane: NDArray[np.float64] = centred @ axes[:2].T
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def _histogram(frames: Mapping[str, pd.DataFrame]) -> BaseWidgetInfo:
    edges = np.histogram_bin_edges(np.concatenate([frame[TOP_SCORE] for frame in frames.values()]), bins=30)
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": np.round((edges[1:] + edges[:-1]) / 2, 3).tolist(),
            "y": np.round(np.histogram(frame[TOP_SCORE], edges)[0] / len(frame), 4).tolist(),
            "marker": {"color": COLOURS[name]},
        }
        for name, frame in frames.items()
    ]
    return plotly_data(
        title="Similarity of each question's best passage (share of questions)",
        data=bars,
        layout={"xaxis": {"title": {"text": "cosine"}}, "yaxis": {"tickformat": ".0%"}},
        size=WidgetSize.FULL,
    )


def _scatter(frames: Mapping[str, pd.DataFrame]) -> BaseWidgetInfo:
    points = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": frame[TOPIC_X].round(3).tolist(),
            "y": frame[TOPIC_Y].round(3).tolist(),
            "marker": {"color": COLOURS[name], "size": 5, "opacity": 0.6},
            "hoverinfo": "name",
        }
        for name, frame in frames.items()
    ]
    return plotly_data(
        title="Questions, on the two principal components of their vectors",
        data=points,
        layout={"xaxis": {"title": {"text": "first"}}, "yaxis": {"title": {"text": "second"}}},
        size=WidgetSize.FULL,
    )
