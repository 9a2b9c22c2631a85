"""Alarms over HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from doubles.drift_report import alarm
from fastapi import FastAPI
from fastapi.testclient import TestClient

from flows.ops.routes.alarms import router
from monitoring.adapters.sql import SqlAlarms
from monitoring.alarms.alarming import Alarms
from monitoring.domain import AlarmEnd, Cause
from rag.adapters.sql.stores import Stores
from rag.api.guards.errors import install_error_handlers

STANDING = alarm()
LATER = alarm(
    id="bbbb2222-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    cause=Cause.INDEX_BROKEN,
    opened_at=datetime(2026, 3, 2, tzinfo=UTC),
)
ENDED = alarm(
    id="cccc3333-cccc-4ccc-8ccc-cccccccccccc",
    cause=Cause.OLD_TOPIC,
    ended_at=datetime(2026, 3, 3, tzinfo=UTC),
    ended_by=AlarmEnd.REMEDY,
)
FOREIGN = alarm(id="dddd4444-dddd-4ddd-8ddd-dddddddddddd", tenant="other")


@pytest.fixture
def store(stores: Stores) -> SqlAlarms:
    """Four alarms: two stand, one has ended, one is another tenant's."""
    kept = SqlAlarms(stores.engine)
    for each in (STANDING, LATER, ENDED, FOREIGN):
        kept.add(each)
    return kept


@pytest.fixture
def client(store: SqlAlarms, stores: Stores, sent_by: Any) -> TestClient:
    """Serve them."""

    def texts(ids: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(ids, "Leave in Lisbon?")

    app = FastAPI()
    app.add_middleware(sent_by)
    install_error_handlers(app)
    decisions = Alarms(store=store, audit=stores.audit, alike={"r"}.__contains__)
    app.include_router(router(store, decisions, texts=texts, tenant="default"))
    return TestClient(app)


def test_those_that_stand_newest_first(client: TestClient) -> None:
    """Ended ones where they are asked for; another tenant's where it is named."""

    def listed(**params: Any) -> list[str]:
        return [each["id"] for each in client.get("/v1/ops/alarms", params=params).json()["data"]]

    assert listed() == [LATER.id, STANDING.id]
    assert listed(limit=1) == [LATER.id]
    assert set(listed(all=True)) == {LATER.id, STANDING.id, ENDED.id}
    assert listed(tenant="other") == [FOREIGN.id]
    assert listed(tenant="*") == []


def test_one_by_the_start_of_its_id(client: TestClient) -> None:
    """With its topics, and texts of examples that may be seen."""
    told = client.get("/v1/ops/alarms/aaaa1111").json()

    assert (told["id"], told["standing"], told["action"]) == (STANDING.id, True, STANDING.action)
    assert told["diagnosis"]["topics"][0]["examples"][0]["question"] == "Leave in Lisbon?"


@pytest.mark.parametrize("path", [FOREIGN.id, "ffffffff"])
def test_what_is_not_there_or_not_yours_is_not_found(client: TestClient, path: str) -> None:
    """Whatever is asked of it."""
    assert client.get(f"/v1/ops/alarms/{path}").status_code == 404
    assert client.post(f"/v1/ops/alarms/{path}/acknowledge", json={}).status_code == 404
    assert client.post(f"/v1/ops/alarms/{path}/end", json={"comment": "x"}).status_code == 404


def test_acknowledging_leaves_it_standing(client: TestClient, store: SqlAlarms) -> None:
    """It is written who knows of it, since when, and what was said."""
    told = client.post(f"/v1/ops/alarms/{STANDING.id}/acknowledge", json={"comment": "On it."}).json()
    kept = store.get(STANDING.id)

    assert (told["standing"], told["acknowledged_by"], told["comment"]) == (
        True,
        kept.acknowledged_by,
        "On it.",
    )
    assert kept.acknowledged_by
    assert kept.acknowledged_at is not None


def test_a_person_ends_it_once(client: TestClient, store: SqlAlarms) -> None:
    """With a comment; a second time says that it has ended."""
    path = f"/v1/ops/alarms/{STANDING.id}/end"

    assert client.post(path, json={}).status_code == 400
    assert client.post(path, json={"comment": " "}).status_code == 400
    assert client.post(path, json={"comment": "As it should be."}).json()["ended_by"] == "person"
    assert not store.get(STANDING.id).standing
    again = client.post(path, json={"comment": "Again."})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
