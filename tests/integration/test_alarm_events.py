"""What a check did to alarms is an event in Prefect: for people's automations, and to start a retraining."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doubles.drift_report import drift_report
from doubles.standing_alarm import standing_alarm
from doubles.waiting import until

from monitoring.domain import AlarmEnd, Cause, Remedy
from rag.domain import new_id, utcnow

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]


def events(name: str) -> list[dict[str, Any]]:
    """Return the events of that name that the server has."""
    from prefect.client.orchestration import get_client

    async def read() -> list[dict[str, Any]]:
        async with get_client() as client:
            answer = await client._client.post(
                "/events/filter", json={"filter": {"event": {"name": [name]}}, "limit": 50}
            )
            answer.raise_for_status()
            found: list[dict[str, Any]] = answer.json()["events"]
            return found

    return asyncio.run(read())


def test_opened_and_ended_alarms_are_events(prefect_home: Path) -> None:
    """With what the webhook is told, once each, however often the task is repeated; other alarms are none."""
    from flows.artifacts import publish_alarms

    report = drift_report(id=new_id(), created_at=utcnow())
    opened = standing_alarm(id=new_id(), report=report.id, opened_at=report.created_at)
    ended = standing_alarm(
        id=new_id(), report="earlier", ended_at=report.created_at, ended_by=AlarmEnd.PROMOTION
    )
    for _ in range(2):
        publish_alarms(report, [opened, ended, replace(ended, id=new_id(), ended_by=AlarmEnd.PERSON)])

    until(lambda: events("whetstone.alarm.opened") and events("whetstone.alarm.ended"), "both events")
    (event,) = events("whetstone.alarm.opened")
    assert event["resource"]["prefect.resource.id"] == f"whetstone.alarm.{opened.id}"
    assert event["resource"]["whetstone.remedy"] == "write_documents"
    assert event["payload"]["type"] == "alarm.opened"
    assert event["payload"]["data"]["topics"] == [{"words": ["leave", "parental"], "count": 41}]
    (event,) = events("whetstone.alarm.ended")
    assert event["payload"]["data"]["ended_by"] == "promotion"


def test_an_alarm_asks_for_one_retraining(
    prefect_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event names the alarm, the alarm says when; the next check starts none, and says why."""
    from prefect import flow
    from prefect.settings import PREFECT_API_URL

    from flows.bootstrap import open_doors
    from flows.check_drift import DRIFT_EVENT, ask_for_retraining
    from flows.ops.trigger import retraining_trigger
    from monitoring.alarms.alarming import ASKED_FOR

    monkeypatch.setenv("WHETSTONE_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", str(PREFECT_API_URL.value()))
    report = drift_report(id=new_id(), created_at=utcnow())
    missing = standing_alarm(id=new_id())
    curable = standing_alarm(id=new_id(), cause=Cause.NOT_FOUND, remedy=Remedy.RETRAIN)
    with open_doors() as doors:
        doors.monitoring.reports.add(report)
        for alarm in (missing, curable):
            doors.monitoring.alarms.add(alarm)

    @flow
    def asking() -> list[bool]:
        return [ask_for_retraining(report.id), ask_for_retraining(report.id)]

    assert [True, False] == asking()

    until(lambda: events(DRIFT_EVENT), "the event")
    (event,) = events(DRIFT_EVENT)
    assert [curable.id] == event["payload"]["alarms"]
    with open_doors() as doors:
        known = {each.id: each for each in doors.monitoring.alarms.standing()}
        assert ("", ASKED_FOR) == (known[missing.id].retraining, known[curable.id].retraining)
        said = retraining_trigger(doors, report.id).sentence
    assert said.startswith("No retraining is asked for:")
    assert f"for alarm {curable.id[:8]} (not found)" in said
    assert f"it does not cure alarm {missing.id[:8]} (documents missing)." in said
