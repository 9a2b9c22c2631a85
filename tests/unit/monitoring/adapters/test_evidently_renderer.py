"""Drift reports as Evidently snapshots."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from doubles.drift_report import DIAGNOSIS, FINDING, TOPIC, drift_report, look

from monitoring.adapters.evidently import EvidentlyRenderer
from monitoring.domain import DriftReport, DriftVerdict
from rag.errors import IntegrityError

CALM = replace(FINDING, verdict=DriftVerdict.CALM, p_value=0.4, carrying=())
FIT = replace(CALM, name="fit", statistic=0.04321, reason="The documents fit as before.")
LIVE = replace(
    CALM,
    name="live_recall@10",
    statistic=None,
    threshold=None,
    p_value=None,
    current=0.81,
    low=0.72,
    high=0.9,
)
GOLDEN = replace(
    LIVE, name="golden_recall@10", current=0.7, low=None, high=None, statistic=0.2, threshold=0.15
)
SILENT = replace(
    LIVE, name="ratings", current=None, verdict=DriftVerdict.NOT_ENOUGH_DATA, reason="Nobody rated an answer."
)
REPORT = drift_report(findings=(FINDING, FIT, LIVE, GOLDEN, SILENT), snapshot="")


def past(count: int) -> list[DriftReport]:
    """Return as many earlier reports, the newest first."""
    return [
        replace(
            REPORT,
            id=f"{hours}",
            created_at=REPORT.created_at - timedelta(hours=hours),
            findings=(CALM, FIT, replace(LIVE, current=0.8 - hours / 1000), GOLDEN),
        )
        for hours in range(1, count + 1)
    ]


@pytest.fixture(scope="module")
def snapshot() -> str:
    """A snapshot of all findings, with plots."""
    return EvidentlyRenderer().snapshot(REPORT, look(), past=past(3))


def traces(snapshot: str) -> dict[str, list[dict[str, Any]]]:
    """Return plot's title -> what is drawn in it."""
    return {
        widget["title"]: widget["params"]["data"]
        for widget in json.loads(snapshot)["widgets"]
        if widget["type"] == "big_graph" and "data" in (widget["params"] or {})
    }


def test_the_page_begins_with_the_verdict(snapshot: str) -> None:
    """Then comes why, what to do, and what the check was held to; then the tables."""
    first, *others = json.loads(snapshot)["widgets"]
    text = first["params"]["text"]

    assert text.startswith("## Drift: documents are missing (parental, leave, abroad).")
    positions = [
        text.index(part) for part in ("**Why**", DIAGNOSIS.reason, "**What to do**", DIAGNOSIS.action)
    ]
    assert positions == sorted(positions)
    assert "one false alarm in 50,000 distinct questions" in text
    assert [widget["title"] for widget in others[:2]] == ["Topics", "Signals"]


def test_the_page_shows_every_signal(snapshot: str) -> None:
    """A snapshot kept as text renders with names, figures and reasons, and with why there is no figure."""
    html = EvidentlyRenderer().html(snapshot)

    for shown in ("topics", "fit", "0.04321", "live_recall@10", "0.72 to 0.9", "Nobody rated an answer."):
        assert shown in html


def test_questions_are_drawn_by_what_they_carry(snapshot: str) -> None:
    """The reference, the newest, and apart from these the questions of each topic."""
    drawn = traces(snapshot)["Questions; near is alike (the two principal components of their vectors)"]

    assert {each["name"]: len(each["x"]) for each in drawn} == {
        "reference": 10,
        "recent": 197,
        "parental, leave, abroad": 3,
    }


def test_evidence_without_a_topic_is_drawn_too() -> None:
    """Questions that carry evidence and are in no topic have a colour of their own."""
    report = replace(REPORT, diagnoses=())
    drawn = traces(EvidentlyRenderer().snapshot(report, look()))

    (plane,) = (data for title, data in drawn.items() if title.startswith("Questions"))
    assert {each["name"]: len(each["x"]) for each in plane}["carry the evidence"] == 3


def test_best_scores_are_drawn(snapshot: str) -> None:
    """As shares of each side's questions."""
    (bars,) = (data for title, data in traces(snapshot).items() if title.startswith("Similarity"))

    assert [each["name"] for each in bars] == ["reference", "recent"]
    assert [round(sum(each["y"]), 2) for each in bars] == [1.0, 1.0]


def test_recall_is_drawn_over_the_checks(snapshot: str) -> None:
    """Oldest first, this one included; an interval where there is one."""
    drawn = traces(snapshot)
    band, live = drawn["live_recall@10, check by check"]
    (golden,) = drawn["golden_recall@10, check by check"]

    assert live["y"] == [0.797, 0.798, 0.799, 0.81]
    assert live["x"] == sorted(live["x"])
    assert (band["name"], len(band["x"])) == ("95 % interval", 8)
    assert golden["y"] == [0.7] * 4


def test_evidence_is_drawn_against_what_an_alarm_takes(snapshot: str) -> None:
    """One line a signal; where drift was found it is above 1, and before that below."""
    drawn = {each["name"]: each["y"] for each in traces(snapshot)["Evidence, of what an alarm takes"]}

    assert drawn["an alarm"] == [1.0, 1.0]
    assert [value > 1 for value in drawn["topics"]] == [False, False, False, True]
    assert all(value < 1 for value in drawn["fit"])


def test_evidentlys_tests_hold_our_levels(snapshot: str) -> None:
    """Evidently's own tests fail exactly where a p-value is at the level or below, or a statistic beyond its bound."""
    results = json.loads(snapshot)["metric_results"].values()
    outcome = {r["display_name"]: [t["status"] for t in r["tests"]] for r in results}

    assert outcome == {
        "Signals that say drift": ["FAIL"],
        "topics": ["FAIL"],
        "fit": ["SUCCESS"],
        "live_recall@10": [],
        "golden_recall@10": ["FAIL"],
    }


def test_a_p_value_at_the_level_is_an_alarm() -> None:
    """As the signals have it: at the level or below."""
    at = replace(FINDING, p_value=0.0004, level=0.0004)
    results = json.loads(EvidentlyRenderer().snapshot(replace(REPORT, findings=(at,)), look()))[
        "metric_results"
    ]

    (topics,) = (each for each in results.values() if each["display_name"] == "topics")
    assert [test["status"] for test in topics["tests"]] == ["FAIL"]


def test_a_page_with_few_questions_says_what_is_missing() -> None:
    """Without a look, without questions, and with two of them, there is a page; it draws what there is."""
    report = drift_report(verdict=DriftVerdict.NOT_ENOUGH_DATA, findings=(SILENT,), diagnoses=(), snapshot="")
    for seen in (None, look(0, 0), look(1, 1), look(2, 1)):
        html = EvidentlyRenderer().html(EvidentlyRenderer().snapshot(report, seen))

        assert "Not enough questions for a verdict" in html
        assert "Nobody rated an answer." in html


def test_without_passages_there_are_no_scores_to_draw() -> None:
    """An empty corpus leaves the rest of the page as it is."""
    drawn = traces(EvidentlyRenderer().snapshot(REPORT, look(20, 10, scores=False)))

    assert not any(title.startswith("Similarity") for title in drawn)
    assert any(title.startswith("Questions") for title in drawn)


def test_the_page_loads_nothing_from_elsewhere(snapshot: str) -> None:
    """Scripts, styles and fonts are inline."""
    html = EvidentlyRenderer().html(snapshot)
    head = html.partition("</style>")[0]

    assert "<script src=" not in html
    assert "<link" not in html.partition("<script>")[0]
    assert "url(data:" in head


@pytest.mark.parametrize(
    "text",
    [
        *("</script><b>out</b>", "<img src=x onerror=alert(1)>", "<!--<script>", "<<!--!--<script>"),
        *("![](http://elsewhere/x.png)", "[read on](http://elsewhere)", "[a][b]\n\n[b]: http://elsewhere"),
    ],
)
def test_text_cannot_leave_its_place(text: str) -> None:
    """A reason, an action or a topic's word that ends a script element or begins a tag does neither."""
    topic = replace(TOPIC, words=(text,))
    diagnosis = replace(DIAGNOSIS, reason=text, action=text, topics=(topic,))
    report = replace(REPORT, findings=(replace(FINDING, reason=text),), diagnoses=(diagnosis,))
    snapshot = EvidentlyRenderer().snapshot(report, look())

    page = EvidentlyRenderer().html(snapshot)
    assert "</script><b>out" not in page
    # An element with both in it is not closed by its end tag, so that the page stays blank.
    assert "<!--<script>" not in page
    markdown = json.loads(snapshot)["widgets"][0]["params"]["text"]
    assert not {"<", "["}.intersection(markdown)


def test_it_takes_about_a_second(snapshot: str) -> None:
    """Once Evidently is imported, a snapshot and its page take about a second, and the snapshot stays small."""
    began = time.thread_time()
    large = EvidentlyRenderer().snapshot(REPORT, look(1_000, 600), past=past(50))
    EvidentlyRenderer().html(large)

    # Processor time, because the machine may be busy; a t-SNE would take half a minute.
    assert time.thread_time() - began < 4
    assert len(large) < 200_000


@pytest.mark.parametrize("text", ["", "no json", "[]", "3", "{}", '{"report": {"items": []}}'])
def test_anything_else_is_no_snapshot(text: str) -> None:
    """Text that is no snapshot is refused, and the error says what was expected."""
    with pytest.raises(IntegrityError, match="Expected an Evidently snapshot"):
        EvidentlyRenderer().html(text)
