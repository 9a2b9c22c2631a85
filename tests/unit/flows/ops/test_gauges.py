"""The gauges of monitoring: what they say, and that a scrape never fails for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from doubles.drift_report import FINDING
from prometheus_client.parser import text_string_to_metric_families

from flows.ops.gauges import FORGOTTEN_S, KEPT_S, CachedGauges, gauges
from monitoring.domain import Cause, DriftFinding, DriftVerdict, MonitoringState, Remedy, StandingAlarm
from rag.adapters.prometheus import Metrics
from rag.errors import Unavailable
from rag.running.gauges import Gauge

NOW = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def standing(cause: Cause = Cause.UNKNOWN, remedy: Remedy = Remedy.LOOK, **values: object) -> StandingAlarm:
    """Return an alarm of an hour ago that nobody knows of."""
    made = StandingAlarm(cause=cause, remedy=remedy, opened_at=NOW - HOUR, acknowledged=False)
    return replace(made, **values)  # type: ignore[arg-type] # one of the fields


def shown(**values: object) -> dict[str, Gauge]:
    """Return the gauges of a state."""
    state = replace(MonitoringState(), **values)  # type: ignore[arg-type] # one of the fields
    return gauges(state, now=NOW, began=NOW - 2 * HOUR, every_s=3600)


def value(found: dict[str, Gauge], name: str, **labels: str) -> float:
    """Return one value."""
    return found[name][1][tuple(labels.items())]


def finding(name: str, **values: object) -> DriftFinding:
    """Return a finding of that name."""
    return replace(FINDING, name=name, **values)  # type: ignore[arg-type] # one of the fields


def test_every_cause_is_shown_with_none_standing() -> None:
    """So that a rule sees that an alarm has ended."""
    found = shown()
    assert {dict(labels)["cause"] for labels in found["alarms"][1]} == {each.value for each in Cause}
    assert set(found["alarms"][1].values()) == {0.0}
    assert value(found, "alarm_age_seconds") == 0
    assert value(found, "webhooks_undelivered") == 0


def test_without_a_webhook_none_is_late() -> None:
    """What happened to alarms is kept all the same; nobody waits for it."""
    assert "webhooks_undelivered" not in shown(undelivered=None)


def test_standing_alarms_are_counted_by_cause_and_remedy() -> None:
    """Those of several tenants together; a remedy that the cause seldom has stands beside the usual one."""
    found = shown(
        alarms=(
            standing(Cause.NOT_FOUND, Remedy.RETRAIN),
            standing(Cause.NOT_FOUND, Remedy.RETRAIN),
            standing(Cause.ASKED_OTHERWISE, Remedy.REPLACE_ENCODER),
        )
    )
    assert value(found, "alarms", cause="not_found", remedy="retrain") == 2
    assert value(found, "alarms", cause="asked_otherwise", remedy="replace_encoder") == 1
    assert value(found, "alarms", cause="asked_otherwise", remedy="retrain") == 0


@pytest.mark.parametrize(
    ("alarms", "expected"),
    [
        ((), 0),
        ((standing(),), 3600),
        ((standing(), standing(opened_at=NOW - 2 * HOUR)), 7200),
        ((standing(), standing(opened_at=NOW - 2 * HOUR, acknowledged=True)), 3600),
        ((standing(acknowledged=True),), 0),
        ((standing(opened_at=NOW + HOUR),), 0),
    ],
)
def test_age_of_the_oldest_that_nobody_knows_of(alarms: tuple[StandingAlarm, ...], expected: float) -> None:
    """An acknowledged one wakes nobody; clocks that differ make none younger than new."""
    assert value(shown(alarms=alarms), "alarm_age_seconds") == expected


def test_age_of_the_newest_check() -> None:
    """Where there was none, since the service started, so that a schedule that never began is noticed too."""
    assert value(shown(checked_at=NOW - HOUR), "drift_check_age_seconds") == 3600
    assert value(shown(), "drift_check_age_seconds") == 7200
    assert value(shown(), "drift_check_interval_seconds") == 3600


def test_what_each_signal_said() -> None:
    """One of four verdicts is 1; nothing is shown before the first check."""
    found = shown(findings=(finding("topics"), finding("fit", verdict=DriftVerdict.CALM)))
    assert value(found, "drift_findings", signal="topics", verdict="drift") == 1
    assert value(found, "drift_findings", signal="topics", verdict="calm") == 0
    assert value(found, "drift_findings", signal="fit", verdict="calm") == 1
    assert len(found["drift_findings"][1]) == 8
    assert "drift_findings" not in shown()


@pytest.mark.parametrize("name", ["live_recall@10", "live_recall"])
def test_live_recall_with_its_interval(name: str) -> None:
    """As far as there is one."""
    found = shown(findings=(finding(name, current=0.7, low=0.6, high=0.8),))
    assert {dict(labels)["bound"]: v for labels, v in found["live_recall"][1].items()} == {
        "value": 0.7,
        "low": 0.6,
        "high": 0.8,
    }
    bare = shown(findings=(finding(name, current=0.7),))
    assert {dict(labels)["bound"] for labels in bare["live_recall"][1]} == {"value"}
    assert "live_recall" not in shown(findings=(finding(name, current=None),))


def test_golden_recall() -> None:
    """Left out where no golden question was asked; zero is a value."""
    assert value(shown(findings=(finding("golden_recall@10", current=0.0),)), "golden_recall") == 0
    assert "golden_recall" not in shown(findings=(finding("golden_recall@10"),))
    assert "golden_recall" not in shown(findings=(finding("golden_recalled@10", current=1.0),))


class Clock:
    """A clock that is set by hand, in seconds."""

    seconds = 1_000.0

    def __call__(self) -> float:
        """Return its time."""
        return self.seconds


class Source:
    """A state that is counted how often it is read, and may be away."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.undelivered = 0

    def __call__(self) -> MonitoringState:
        """Return the state, or fail."""
        self.asked += 1
        if self.error is not None:
            raise self.error
        return MonitoringState(undelivered=self.undelivered)


def cached(source: Source, clock: Clock) -> CachedGauges:
    """Return gauges over a source, under a clock."""
    return CachedGauges(source, every_s=0, now=lambda: NOW, clock=clock)


def test_the_database_is_asked_now_and_then() -> None:
    """However often the metrics are."""
    source, clock = Source(), Clock()
    read = cached(source, clock)
    for _ in range(5):
        read()
    assert source.asked == 1
    source.undelivered = 3
    assert value(read(), "webhooks_undelivered") == 0
    clock.seconds += KEPT_S
    assert value(read(), "webhooks_undelivered") == 3
    assert source.asked == 2


@pytest.mark.parametrize(
    "error", [Unavailable("away"), ValueError("a cause that this version does not know")]
)
def test_a_scrape_never_fails(error: Exception) -> None:
    """What was known is shown for a while, then nothing, because nobody knows; nor is it read again at each scrape."""
    source, clock = Source(), Clock()
    source.error = error
    read = cached(source, clock)
    assert read() == {}
    assert (read(), source.asked) == ({}, 1)

    source.error = None
    clock.seconds += KEPT_S
    assert "alarms" in read()
    source.error = error
    clock.seconds += FORGOTTEN_S
    assert "alarms" in read()
    clock.seconds += KEPT_S
    assert read() == {}


def test_they_stand_beside_the_service_s_own() -> None:
    """On one page, in Prometheus's format."""
    metrics = Metrics(lambda: {"spool_bytes": ("Kept.", {(): 1.0})})
    metrics.add(cached(Source(), Clock()))
    names = {family.name for family in text_string_to_metric_families(metrics.text().decode())}
    assert {"whetstone_spool_bytes", "whetstone_alarms", "whetstone_webhooks_undelivered"} <= names
