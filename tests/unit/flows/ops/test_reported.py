"""How reports and alarms are told: rows, and JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from doubles.drift_report import DIAGNOSIS, FINDING, TOPIC, alarm, drift_report

from flows.ops.reported import (
    alarm_json,
    alarm_rows,
    examples,
    finding_rows,
    history_json,
    history_rows,
    report_json,
    topic_rows,
)
from monitoring.domain import AlarmEnd, DriftVerdict

LIVE = replace(
    FINDING,
    name="live_recall@10",
    statistic=None,
    threshold=None,
    p_value=None,
    level=None,
    current=0.81,
    low=0.72,
    high=0.9,
    verdict=DriftVerdict.CALM,
)
TEXTS = {"i10": "Does parental\nleave count when I work from Lisbon?"}


def test_findings_as_rows() -> None:
    """Small probabilities by their size, an interval where there is one, nothing where there is nothing."""
    columns, rows = finding_rows(drift_report(findings=(FINDING, LIVE)))

    assert [dict(zip(columns, row, strict=True)) for row in rows] == [
        {
            "signal": "topics",
            "verdict": "drift",
            "before": "-",
            "now": "-",
            "95 % interval": "-",
            "questions": "500 / 200",
            "p": "1e-05",
            "alarm at": "4e-04",
            "statistic": "0.300",
            "beyond": "0.050",
        },
        {
            "signal": "live_recall@10",
            "verdict": "calm",
            "before": "-",
            "now": "0.810",
            "95 % interval": "0.720 to 0.900",
            "questions": "500 / 200",
            "p": "-",
            "alarm at": "-",
            "statistic": "-",
            "beyond": "-",
        },
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [(1523.0, "1,523"), (-4.0, "-4.000"), (361.5972, "361.6"), (0.0, "0.000")]
)
def test_large_figures_lose_their_decimals(value: float, shown: str) -> None:
    """Counts and large statistics are read as such."""
    columns, rows = finding_rows(drift_report(findings=(replace(LIVE, current=value, low=None),)))

    assert rows[0][columns.index("now")] == shown


def test_topics_as_rows() -> None:
    """An example where its text may be seen, on one line."""
    _, seen = topic_rows(drift_report(), TEXTS)
    _, unseen = topic_rows(drift_report(), {})

    assert seen == [
        (
            "parental, leave, abroad, lisbon",
            "documents missing",
            64,
            "80 %",
            "-",
            "“Does parental leave count when I work from Lisbon?”",
        )
    ]
    assert unseen[0][-1] == "-"


def test_history_as_rows() -> None:
    """Golden and live recall beside the verdict, whatever their k."""
    golden = replace(LIVE, name="golden_recall@5", current=0.4)
    _, ((*_, golden_said, live_said, cause),) = history_rows([drift_report(findings=(LIVE, golden))])

    assert (golden_said, live_said, cause) == ("40 %", "81 %", "documents missing")


def test_alarms_as_rows() -> None:
    """Who knows of it, and whether it stands or what ended it."""
    ended = alarm(
        acknowledged_by="ann",
        retraining="0123456789",
        ended_at=datetime(2026, 3, 5, tzinfo=UTC),
        ended_by=AlarmEnd.PROMOTION,
    )
    _, (first, second) = alarm_rows([alarm(), ended])

    assert first[-3:] == ("nobody yet", "-", "stands")
    assert second[-3:] == ("ann", "01234567", "2026-03-05 00:00 by promotion")


def test_examples_of_reports_and_alarms() -> None:
    """Each question once."""
    other = replace(TOPIC, examples=("i11", "i12"))
    of_alarm = alarm(diagnosis=replace(DIAGNOSIS, topics=(other,)))

    assert examples([drift_report()], [of_alarm]) == ["i10", "i11", "i12"]


def test_a_report_as_json() -> None:
    """What people read and what machines do; texts of examples that may be seen, and links to all; no snapshot."""
    content = json.loads(json.dumps(report_json(drift_report(), TEXTS, [alarm()]), default=str))

    assert content["sentence"] == "Drift: documents are missing (parental, leave, abroad)."
    assert content["to_do"] == [DIAGNOSIS.action]
    assert content["alarms"] == [alarm().id]
    assert content["report"] == f"/v1/ops/drift/{content['id']}/report"
    assert "snapshot" not in content
    assert content["findings"][0]["carrying"] == 3
    (topic,) = content["diagnoses"][0]["topics"]
    assert "interactions" not in topic
    assert topic["examples"] == [
        {"id": "i10", "question": TEXTS["i10"], "url": "/v1/ops/questions/i10"},
        {"id": "i11", "question": None, "url": "/v1/ops/questions/i11"},
    ]


def test_an_alarm_as_json() -> None:
    """Whether it stands is said; its topics are as a report's."""
    content = alarm_json(alarm(), TEXTS)

    assert content["standing"] is True
    assert content["diagnosis"]["topics"][0]["examples"][0]["question"] == TEXTS["i10"]
    assert alarm_json(alarm(ended_at=datetime(2026, 3, 5, tzinfo=UTC)), {})["standing"] is False


def test_history_as_json() -> None:
    """Figures by signal; of alarms, those that stood since the moment asked for."""
    since = datetime(2026, 3, 10, tzinfo=UTC)
    before, after = (
        alarm(id=name, ended_at=since + timedelta(days=days)) for name, days in (("b", -1), ("a", 1))
    )
    content = history_json([drift_report(findings=(LIVE,))], [before, after, alarm(id="s")], since=since)

    assert content["reports"][0]["signals"] == {
        "live_recall@10": {
            "verdict": "calm",
            "current": 0.81,
            "low": 0.72,
            "high": 0.9,
            "statistic": None,
            "threshold": None,
            "p_value": None,
            "level": None,
        }
    }
    assert [each["id"] for each in content["alarms"]] == ["a", "s"]
