"""The alert rules and the dashboard ask for metrics that there are."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from doubles.watched import finding
from prometheus_client.parser import text_string_to_metric_families

from flows.ops.gauges import gauges as gauges_of_monitoring
from monitoring.domain import Cause, DriftVerdict, MonitoringState, Remedy
from monitoring.signals import canaries, index
from rag.adapters.prometheus import Metrics
from rag.running.gauges import Gauge, IndexState, ServiceState, gauges

DEPLOY = Path(__file__).parents[3] / "deploy"
ALERTS: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "whetstone.json").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
RUNBOOKS = DEPLOY.parent / "docs" / "runbooks"


def expressions() -> Iterator[str]:
    """Yield every expression that is asked."""
    yield from (rule["expr"] for rule in RULES)
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])


def of_monitoring() -> dict[str, Gauge]:
    """Return every gauge that monitoring can show."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    findings = tuple(
        replace(finding(name), current=0.8, low=0.7, high=0.9)
        for name in ("live_recall@10", "golden_recall@10")
    )
    state = MonitoringState(checked_at=at, findings=findings)
    return gauges_of_monitoring(state, now=at, began=at, every_s=3600.0)


def known() -> set[str]:
    """Return the name of every series the service shows, with the suffixes of histograms and counters."""
    state = ServiceState(
        epoch=1,
        release="r",
        encoder="e",
        index=IndexState(lag=0, passages=0, calibrated=0),
        breaker_open=False,
        spool_bytes=0,
        spool_limit_bytes=1,
        running=0,
        queued=0,
    )
    metrics = Metrics(lambda: {**gauges(state), **of_monitoring()})
    families = text_string_to_metric_families(metrics.text().decode())
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    return {
        family.name + suffix
        for family in families
        if not family.name.endswith("_created")  # when a counter was made is said as a gauge
        for suffix in suffixes[family.type]
    }


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_metric_that_is_asked_for_is_there(expression: str) -> None:
    """A misspelt name gives an alert that never fires and a panel that stays empty."""
    asked = set(re.findall(r"\bwhetstone_\w+", expression))
    assert asked <= known()
    assert asked or "up{" in expression


def test_every_metric_is_explained_and_every_explained_one_is_there() -> None:
    """docs/observing.md has the name of each series, and no other."""
    page = (DEPLOY.parent / "docs" / "observing.md").read_text()
    explained = set(re.findall(r"`(whetstone_\w+)`", page))
    assert explained == {re.sub("_(bucket|count|sum)$", "", name) for name in known()}


def test_every_alert_says_what_happens_and_what_to_do() -> None:
    """Whoever is woken up reads these two sentences first, and then the page."""
    for rule in RULES:
        assert rule["annotations"].keys() == {"summary", "action", "runbook"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_has_a_runbook_named_after_it(rule: dict[str, Any]) -> None:
    """What an alert names is found without searching, and has the same parts on every page."""
    words = re.findall(r"[A-Z][a-z]*", rule["alert"].removeprefix("Whetstone"))
    name = "-".join(words).lower()
    assert rule["annotations"]["runbook"] == f"docs/runbooks/{name}.md"
    page = (RUNBOOKS / f"{name}.md").read_text()
    assert page.startswith(f"# {rule['alert']}\n\n")
    assert re.findall("^## (.+)$", page, re.MULTILINE) == [
        "What to look at",
        "What to do",
        "When to leave it",
    ]


def test_every_runbook_has_a_rule() -> None:
    """A page that no rule leads to is of a rule that is gone."""
    pages = {f"docs/runbooks/{page.name}" for page in RUNBOOKS.glob("*.md") if page.name != "README.md"}
    assert pages == {rule["annotations"]["runbook"] for rule in RULES}


def test_the_list_of_runbooks_says_how_grave_each_rule_is() -> None:
    """The list and the rules do not part."""
    page = (RUNBOOKS / "README.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\]\(([\w-]+\.md)\) \| (\w+) \|", page, re.MULTILINE)
    expected = [
        (rule["alert"], Path(rule["annotations"]["runbook"]).name, rule["labels"]["severity"])
        for rule in RULES
    ]
    assert sorted(listed) == sorted(expected)


def test_every_cause_of_an_alarm_has_one_rule() -> None:
    """An alarm of a cause that no rule names would stand and page nobody."""
    named = [cause for rule in RULES for cause in re.findall(r'cause="(\w+)"', rule["expr"])]
    assert sorted(named) == sorted(Cause)


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_labels_and_values_that_are_asked_for_are_shown(expression: str) -> None:
    """A rule on a label's value that no check gives never fires."""
    values = {
        "cause": set(Cause),
        "remedy": set(Remedy),
        "verdict": set(DriftVerdict),
        "signal": {index.NAME, canaries.NAME},
        "bound": {"value", "low", "high"},
    }
    asked = re.findall(r'(\w+)=~?"([^"]+)"', expression)
    assert [
        (label, value)
        for label, several in asked
        if label in values
        for value in several.split("|")
        if value not in values[label]
    ] == []


def test_what_every_replica_shows_alike_is_not_added_up() -> None:
    """Two replicas show one alarm twice; adding them up would make two of it."""
    shared = "alarms|alarm_age|drift|live_recall|golden_recall|webhooks"
    assert [each for each in expressions() if re.search(rf"sum[^)]*whetstone_({shared})", each)] == []


def test_panels_do_not_cover_each_other() -> None:
    """Two columns, each panel in a place of its own."""
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)
