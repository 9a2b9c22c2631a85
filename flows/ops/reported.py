"""How drift checks and alarms are told: rows for the terminal and Prefect, JSON for HTTP and scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flows.ops.tables import Table
from monitoring.domain import Alarm, DriftFinding, DriftReport, Topic
from monitoring.telling import tell

Texts = Mapping[str, str]
"""Interaction's id -> its question, of those that whoever reads may see."""

FIGURES = ("verdict", "current", "low", "high", "statistic", "threshold", "p_value", "level")
"""What is told of a signal over time."""


def finding_rows(report: DriftReport) -> Table:
    """Return one row a signal."""
    columns = [
        "signal",
        "verdict",
        "before",
        "now",
        "95 % interval",
        "questions",
        "p",
        "alarm at",
        "statistic",
        "beyond",
    ]
    return columns, [
        (
            each.name,
            _plain(each.verdict),
            _number(each.reference),
            _number(each.current),
            f"{_number(each.low)} to {_number(each.high)}" if each.low is not None else "-",
            f"{each.reference_count:,} / {each.current_count:,}",
            _small(each.p_value),
            _small(each.level or None),  # 0: there was nothing to spend
            _number(each.statistic),
            _number(each.threshold),
        )
        for each in report.findings
    ]


def topic_rows(report: DriftReport, texts: Texts) -> Table:
    """Return one row a topic of what is wrong; an example where its text may be seen."""
    columns = ["topic", "cause", "questions", "refused", "rated bad", "example"]
    return columns, [
        (
            ", ".join(topic.words[:5]) or "-",
            _plain(diagnosis.cause),
            topic.count,
            _share(topic.refused),
            _share(topic.bad),
            next((f"“{_short(texts[one])}”" for one in topic.examples if one in texts), "-"),
        )
        for diagnosis in report.diagnoses
        for topic in diagnosis.topics
    ]


def history_rows(reports: Sequence[DriftReport]) -> Table:
    """Return one row a report, newest first: what it said, with golden and live recall."""
    columns = ["id", "made", "verdict", "new", "reference", "golden recall", "live recall", "cause"]
    return columns, [
        (
            each.id[:8],
            f"{each.created_at:%Y-%m-%d %H:%M}",
            _plain(each.verdict),
            each.new,
            each.reference.count,
            _current(each, "golden_recall"),
            _current(each, "live_recall"),
            ", ".join(_plain(one.cause) for one in each.diagnoses) or "-",
        )
        for each in reports
    ]


def alarm_rows(alarms: Sequence[Alarm]) -> Table:
    """Return one row an alarm."""
    columns = ["id", "since", "cause", "what is wrong", "what to do", "known to", "retraining", "ended"]
    return columns, [
        (
            each.id[:8],
            f"{each.since:%Y-%m-%d %H:%M}",
            _plain(each.cause),
            each.sentence,
            each.action,
            each.acknowledged_by or "nobody yet",
            each.retraining[:8] or "-",
            f"{each.ended_at:%Y-%m-%d %H:%M} by {each.ended_by}" if each.ended_at else "stands",
        )
        for each in alarms
    ]


def examples(reports: Sequence[DriftReport], alarms: Sequence[Alarm] = ()) -> list[str]:
    """Return the ids of the questions that reports and alarms name as examples."""
    diagnoses = [one for each in reports for one in each.diagnoses] + [each.diagnosis for each in alarms]
    return list(dict.fromkeys(one for each in diagnoses for topic in each.topics for one in topic.examples))


def report_json(report: DriftReport, texts: Texts, standing: Sequence[Alarm] = ()) -> dict[str, Any]:
    """Return a report for machines, without its snapshot and without ids of questions that nobody is shown."""
    told = tell(report, standing)
    content = asdict(report)
    content.pop("snapshot")
    return content | {
        "sentence": told.verdict,
        "why": told.why,
        "to_do": told.to_do,
        "held_to": told.held_to,
        "findings": [_finding_json(each) for each in report.findings],
        "diagnoses": [_diagnosis_json(asdict(each), each.topics, texts) for each in report.diagnoses],
        "alarms": [each.id for each in standing],
        "report": f"/v1/ops/drift/{report.id}/report",
    }


def alarm_json(alarm: Alarm, texts: Texts) -> dict[str, Any]:
    """Return an alarm for machines."""
    diagnosis = _diagnosis_json(asdict(alarm.diagnosis), alarm.diagnosis.topics, texts)
    return asdict(alarm) | {"standing": alarm.standing, "diagnosis": diagnosis}


def history_json(
    reports: Sequence[DriftReport], alarms: Sequence[Alarm], *, since: datetime | None = None
) -> dict[str, Any]:
    """Return figures over time for machines, the newest first; of alarms, those that stood since then."""
    return {
        "reports": [
            {
                "id": each.id,
                "created_at": each.created_at,
                "verdict": each.verdict,
                "new": each.new,
                "release": each.release,
                "causes": [one.cause for one in each.diagnoses],
                "signals": {
                    one.name: {name: getattr(one, name) for name in FIGURES} for one in each.findings
                },
            }
            for each in reports
        ],
        "alarms": [
            {
                "id": each.id,
                "cause": each.cause,
                "sentence": each.sentence,
                "since": each.since,
                "opened_at": each.opened_at,
                "ended_at": each.ended_at,
                "ended_by": each.ended_by,
            }
            for each in alarms
            if since is None or each.ended_at is None or each.ended_at >= since
        ],
    }


def _finding_json(finding: DriftFinding) -> dict[str, Any]:
    content = asdict(finding)
    return content | {"carrying": len(content["carrying"])}


def _diagnosis_json(content: dict[str, Any], topics: Sequence[Topic], texts: Texts) -> dict[str, Any]:
    return content | {"topics": [_topic_json(topic, texts) for topic in topics]}


def _topic_json(topic: Topic, texts: Texts) -> dict[str, Any]:
    content = asdict(topic)
    content.pop("interactions")
    return content | {
        "examples": [
            {"id": one, "question": texts.get(one), "url": f"/v1/ops/questions/{one}"}
            for one in topic.examples
        ]
    }


def _current(report: DriftReport, name: str) -> str:
    found = next((f for f in report.findings if f.name.startswith(name) and f.current is not None), None)
    return "-" if found is None else _share(found.current)


def _plain(value: str) -> str:
    return str(value).replace("_", " ")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) < 100:
        return f"{value:.3f}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _small(value: float | None) -> str:
    """Write a probability; those that are far below a thousandth by their size."""
    if value is None:
        return "-"
    return f"{value:.4f}" if value >= 0.001 or value == 0 else f"{value:.0e}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"
