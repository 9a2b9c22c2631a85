"""The alert rules and the dashboard ask for metrics that there are, and each rule has a runbook."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from doubles.drift_report import FINDING
from prometheus_client.parser import text_string_to_metric_families

from flows.ops.gauges import CachedGauges
from monitoring.domain import Cause, DriftVerdict, MonitoringState, Remedy
from monitoring.signals import canaries, index
from rag.adapters.prometheus import Metrics
from rag.running.gauges import IndexState, ServiceState, gauges

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
RUNBOOKS = ROOT / "docs" / "runbooks"
ALERTS: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "whetstone.json").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]


def expressions() -> Iterator[str]:
    """Yield every expression that is asked."""
    yield from (rule["expr"] for rule in RULES)
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])


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
    findings = (
        replace(FINDING, name="live_recall@10", current=0.7, low=0.6, high=0.8),
        replace(FINDING, name="golden_recall@10", current=0.7),
    )
    metrics = Metrics(lambda: gauges(state))
    metrics.add(CachedGauges(lambda: MonitoringState(findings=findings), every_s=3600))
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
    """Whoever is woken up reads these two sentences first, and then the runbook."""
    for rule in RULES:
        assert rule["annotations"].keys() == {"summary", "action", "runbook"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_every_rule_has_a_runbook_and_every_runbook_a_rule() -> None:
    """A page of its own, whose title is the rule's name; the list leads to each."""
    named = {rule["annotations"]["runbook"]: rule["alert"] for rule in RULES}
    assert len(named) == len(RULES)
    pages = {page.relative_to(ROOT).as_posix(): page.read_text() for page in RUNBOOKS.glob("*.md")}
    overview = pages.pop("docs/runbooks/README.md")
    assert {path: text.partition("\n")[0] for path, text in pages.items()} == {
        path: f"# {name}" for path, name in named.items()
    }
    listed = re.findall(r"^\| \[(\w+)\]\(([\w-]+\.md)\)", overview, re.MULTILINE)
    assert {f"docs/runbooks/{page}": name for name, page in listed} == named


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("[!R]*.md")), ids=lambda page: page.stem)
def test_a_runbook_says_what_somebody_who_is_woken_up_asks(page: Path) -> None:
    """Four questions, each with an answer, and on one screen."""
    text = page.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "What it means",
        "What to look at",
        "What to do",
        "When it can wait",
    ]
    assert all(part.strip() for part in re.split(r"^#.*$", text, flags=re.MULTILINE)[2:])
    assert len(text.splitlines()) <= 45


def test_a_rule_is_as_grave_as_its_runbook_is_listed() -> None:
    """The list of runbooks says which rules wake somebody."""
    overview = (RUNBOOKS / "README.md").read_text()
    listed = dict(re.findall(r"^\| \[(\w+)\]\([^)]+\) \| (\w+) \|", overview, re.MULTILINE))
    assert listed == {rule["alert"]: rule["labels"]["severity"] for rule in RULES}


def test_every_cause_of_an_alarm_has_one_rule() -> None:
    """An alarm of a cause that no rule names would stand and tell nobody."""
    named = [cause for rule in RULES for cause in re.findall(r'cause="(\w+)"', rule["expr"])]
    assert sorted(Cause) == sorted(named)


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_values_of_labels_that_are_asked_for_are_shown(expression: str) -> None:
    """A rule on a value that no check gives never fires."""
    shown: dict[str, Collection[str]] = {
        "cause": set(Cause),
        "remedy": set(Remedy),
        "verdict": set(DriftVerdict),
        "signal": {index.NAME, canaries.NAME},
        "bound": {"value", "low", "high"},
    }
    asked = re.findall(r'(\w+)=~?"([^"]+)"', expression)
    values = [(label, value) for label, several in asked for value in several.split("|") if label in shown]
    assert [] == [(label, value) for label, value in values if value not in shown[label]]


def test_what_every_replica_shows_alike_is_not_added_up() -> None:
    """Two replicas show one alarm twice; adding them up would make two of it."""
    shared = "alarm|drift|live_recall|golden_recall|webhooks"
    assert [] == [each for each in expressions() if re.search(rf"sum[^)]*whetstone_({shared})", each)]


def test_panels_do_not_cover_each_other() -> None:
    """Two columns, each panel in a place of its own."""
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)
