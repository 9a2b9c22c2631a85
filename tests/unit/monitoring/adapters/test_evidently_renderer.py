"""Drift reports as Evidently snapshots."""

import json
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from monitoring.adapters.evidently import EvidentlyRenderer
from monitoring.domain import DriftFinding, DriftVerdict, Window
from monitoring.ports import WindowSample
from rag.domain import Interaction, InteractionStatus
from rag.errors import IntegrityError

SECRET = "Why is my salary lower than Miriam's?"


def finding(
    name: str, statistic: float | None, threshold: float | None, verdict: DriftVerdict
) -> DriftFinding:
    """Make a finding."""
    return DriftFinding(
        name=name,
        statistic=statistic,
        threshold=threshold,
        p_value=None if statistic is None else 0.0123,
        reference=0.8,
        current=0.6,
        reference_count=500,
        current_count=200,
        verdict=verdict,
        reason=f"{name} is what it is.",
    )


FINDINGS = (
    finding("question_mmd", 0.01234, 0.00567, DriftVerdict.DRIFT),
    finding("top_score_ks", 0.04321, 0.11, DriftVerdict.CALM),
    finding("golden_recall@10", None, None, DriftVerdict.CALM),
    finding("labelled_recall@5", 0.2, 0.15, DriftVerdict.DRIFT),
)


def window(name: str) -> Window:
    """Make a window with one question that must not get out."""
    asked = Interaction(
        id="i",
        tenant="default",
        principal="ann",
        asked_at=datetime(2026, 3, 1, tzinfo=UTC),
        question=SECRET,
        hits=(),
        answer=SECRET,
        cited=(),
        release="r",
        epoch=1,
        generator="",
        status=InteractionStatus.ANSWERED,
    )
    return Window(name=name, since=asked.asked_at, until=None, interactions=(asked,))


def sample(count: int, *, scores: bool = True) -> WindowSample:
    """Make what was measured on so many questions, a third of them labelled."""
    generator = np.random.default_rng(count)
    vectors = generator.normal(size=(count, 256)).astype(np.float32)
    hits = np.where(np.arange(count) % 3, np.nan, np.arange(count) % 2)
    return WindowSample(
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        top_scores=generator.beta(5, 3, count) if scores else None,
        hit_at_k=hits.astype(np.float64),
    )


@pytest.fixture(scope="module")
def snapshot() -> str:
    """A snapshot of all findings, with plots."""
    return EvidentlyRenderer().snapshot(
        FINDINGS,
        window("reference"),
        window("current"),
        reference_sample=sample(500),
        current_sample=sample(200),
    )


def test_the_page_shows_every_finding(snapshot: str) -> None:
    """A snapshot kept as text renders with the names, values, thresholds and reasons of all findings."""
    html = EvidentlyRenderer().html(snapshot)

    for shown in (
        "question_mmd",
        "0.01234",
        "0.00567",
        "top_score_ks",
        "0.04321",
        "golden_recall@10 is what it is.",
        "labelled_recall@5",
        "0.0123",
    ):
        assert shown in html


def test_the_page_has_both_plots(snapshot: str) -> None:
    """Score distributions and the plane of questions are drawn for both windows."""
    kinds = [
        trace["type"]
        for widget in json.loads(snapshot)["widgets"]
        for trace in (widget["params"] or {}).get("data", [])
        if isinstance(trace, dict) and trace.get("name") in ("reference", "current")
    ]

    assert kinds.count("scatter") == 2
    assert kinds.count("bar") >= 2


def test_evidentlys_tests_hold_our_thresholds(snapshot: str) -> None:
    """Evidently's own tests fail exactly where a finding says drift."""
    results = json.loads(snapshot)["metric_results"].values()
    outcome = {r["display_name"]: [t["status"] for t in r["tests"]] for r in results}

    assert outcome == {
        "Findings that say drift": ["FAIL"],
        "question_mmd": ["FAIL"],
        "top_score_ks": ["SUCCESS"],
        "labelled_recall@5": ["FAIL"],
        "Mean value of 'hit_at_k'": ["FAIL"],
    }


def test_no_question_gets_into_it(snapshot: str) -> None:
    """Neither snapshot nor page holds what anybody asked or was answered."""
    html = EvidentlyRenderer().html(snapshot)

    assert SECRET not in snapshot
    assert "Miriam" not in snapshot and "Miriam" not in html


def test_the_page_loads_nothing_from_elsewhere(snapshot: str) -> None:
    """Scripts, styles and fonts are inline."""
    html = EvidentlyRenderer().html(snapshot)
    head = html.partition("</style>")[0]

    assert "<script src=" not in html
    assert "<link" not in html.partition("<script>")[0]
    assert "url(data:" in head


def test_text_cannot_leave_its_script(snapshot: str) -> None:
    """A reason that ends a script element does not end it."""
    reason = "question_mmd is what it is."
    html = EvidentlyRenderer().html(snapshot.replace(reason, "</script><b>out</b>"))

    assert "</script><b>out" not in html


def test_it_takes_about_a_second(snapshot: str) -> None:
    """Once Evidently is imported, a snapshot and its page take about a second, and the snapshot stays small."""
    began = time.thread_time()
    again = EvidentlyRenderer().snapshot(
        FINDINGS,
        window("reference"),
        window("current"),
        reference_sample=sample(500),
        current_sample=sample(200),
    )
    EvidentlyRenderer().html(again)

    # Processor time, because the machine may be busy; a t-SNE would take half a minute.
    assert time.thread_time() - began < 4
    assert len(snapshot) < 200_000


def test_without_samples_there_are_figures_only() -> None:
    """A report on golden questions alone has no windows to plot."""
    golden = (finding("golden_recall@10", 0.1, 0.05, DriftVerdict.DRIFT),)
    snapshot = EvidentlyRenderer().snapshot(golden, window("reference"), window("current"))

    assert "golden_recall@10" in EvidentlyRenderer().html(snapshot)


def test_without_passages_there_are_no_scores_to_plot() -> None:
    """An empty corpus leaves the rest of the report as it is."""
    snapshot = EvidentlyRenderer().snapshot(
        FINDINGS[:1],
        window("reference"),
        window("current"),
        reference_sample=sample(20, scores=False),
        current_sample=sample(10, scores=False),
    )

    assert "question_mmd" in EvidentlyRenderer().html(snapshot)


@pytest.mark.parametrize("text", ["", "no json", "[]", "3", "{}", '{"report": {"items": []}}'])
def test_anything_else_is_no_snapshot(text: str) -> None:
    """Text that is no snapshot is refused, and the error says what was expected."""
    with pytest.raises(IntegrityError, match="Expected an Evidently snapshot"):
        EvidentlyRenderer().html(text)
