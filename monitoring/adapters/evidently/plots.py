"""What the page draws: questions on a plane, best scores, figures over time. Imports Evidently."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.legacy.renderers.html_widgets import WidgetSize, plotly_data

from monitoring.adapters.evidently.frames import BEST, CARRYING, TOPIC, X, Y

REFERENCE, RECENT, LEVEL = "#9aa5b1", "#2f6fb0", "#d64545"
TOPICS = ("#d64545", "#e08a1e", "#7b4fb5", "#1f9d78", "#c2438f", "#8a6d3b", "#3b8ea5", "#6b7280")
"""Colours of topics; a ninth has the first one's again."""

Point = tuple[str, float, float | None, float | None]
"""A moment in ISO format, a figure, and its interval where there is one."""


def scatter(reference: pd.DataFrame, recent: pd.DataFrame, topics: Sequence[str]) -> BaseWidgetInfo:
    """Draw questions on a plane: those of the reference, the newest, and those that carry evidence by their topics."""
    quiet = recent[recent[TOPIC] == 0]
    traces = [_points("reference", reference, REFERENCE, 0.45), _points("recent", quiet, RECENT, 0.6)]
    for number in sorted({int(each) for each in recent[TOPIC]} - {0}):
        name = "carry the evidence" if number == CARRYING else topics[number - 1]
        colour = LEVEL if number == CARRYING else TOPICS[(number - 1) % len(TOPICS)]
        traces.append(_points(name, recent[recent[TOPIC] == number], colour, 0.9))
    return plotly_data(
        title="Questions; near is alike (the two principal components of their vectors)",
        data=traces,
        layout={"xaxis": {"title": {"text": "first"}}, "yaxis": {"title": {"text": "second"}}},
        size=WidgetSize.FULL,
    )


def histogram(reference: pd.DataFrame, recent: pd.DataFrame) -> BaseWidgetInfo:
    """Draw how near the best passages are."""
    scores = {"reference": reference[BEST].dropna(), "recent": recent[BEST].dropna()}
    edges = np.histogram_bin_edges(np.concatenate(list(scores.values())), bins=30)
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": np.round((edges[1:] + edges[:-1]) / 2, 3).tolist(),
            "y": np.round(np.histogram(values, edges)[0] / len(values), 4).tolist(),
            "marker": {"color": colour},
        }
        for (name, values), colour in zip(scores.items(), (REFERENCE, RECENT), strict=True)
    ]
    return plotly_data(
        title="Similarity of each question's best passage (share of questions)",
        data=bars,
        layout={"xaxis": {"title": {"text": "cosine"}}, "yaxis": {"tickformat": ".0%"}},
        size=WidgetSize.FULL,
    )


def over_time(title: str, points: Sequence[Point]) -> BaseWidgetInfo:
    """Draw a share at each check, with its interval where it has one."""
    moments = [moment for moment, *_ in points]
    traces: list[dict[str, Any]] = []
    banded = [point for point in points if point[2] is not None and point[3] is not None]
    if banded:
        there = [moment for moment, *_ in banded]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "95 % interval",
                "x": there + there[::-1],
                "y": [point[3] for point in banded] + [point[2] for point in banded[::-1]],
                "fill": "toself",
                "line": {"width": 0},
                "fillcolor": "rgba(47, 111, 176, 0.18)",
                "hoverinfo": "skip",
            }
        )
    traces.append(_line(title, moments, [value for _, value, _, _ in points], RECENT))
    return plotly_data(
        title=f"{title}, check by check",
        data=traces,
        layout={"yaxis": {"tickformat": ".0%"}},
        size=WidgetSize.FULL,
    )


def evidence(signals: Mapping[str, Sequence[tuple[str, float]]]) -> BaseWidgetInfo:
    """Draw how much of what an alarm takes each signal had at each check: log p / log level; an alarm stands at 1."""
    traces = [
        _line(
            name, [moment for moment, _ in points], [value for _, value in points], TOPICS[at % len(TOPICS)]
        )
        for at, (name, points) in enumerate(signals.items())
    ]
    moments = sorted({moment for points in signals.values() for moment, _ in points})
    level = _line("an alarm", [moments[0], moments[-1]], [1.0, 1.0], LEVEL)
    traces.append(level | {"mode": "lines", "line": {"color": LEVEL, "dash": "dash"}})
    return plotly_data(
        title="Evidence, of what an alarm takes",
        data=traces,
        layout={"yaxis": {"rangemode": "tozero"}},
        size=WidgetSize.FULL,
    )


def _line(name: str, x: Sequence[str], y: Sequence[float], colour: str) -> dict[str, Any]:
    values = [round(float(each), 4) for each in y]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": list(x),
        "y": values,
        "line": {"color": colour},
    }


def _points(name: str, frame: pd.DataFrame, colour: str, opacity: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": frame[X].round(3).tolist(),
        "y": frame[Y].round(3).tolist(),
        "marker": {"color": colour, "size": 5, "opacity": opacity},
        "hoverinfo": "name",
    }
