"""The queue for people's labels, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from doubles.live_questions import asked, document, sampled
from fastapi import FastAPI
from fastapi.testclient import TestClient

from flows.ops.routes import labels
from monitoring.adapters.sql import SqlSamples
from monitoring.labels.judging import Sources
from monitoring.labels.labelling import Labelling
from monitoring.settings import DriftSettings
from rag.adapters.sql.stores import Stores
from rag.api.guards.errors import install_error_handlers
from rag.domain import utcnow

LUNCH, LUNCH_PASSAGE = document("lunch.md", "Lunch is served at noon.")


@pytest.fixture
def client(stores: Stores, sent_by: Any) -> Iterator[TestClient]:
    """The routes over two waiting questions of the home tenant and one of another."""
    stores.documents.put(LUNCH, [LUNCH_PASSAGE], chunking="c")
    stores.interactions.add_all(
        [asked("a", [LUNCH_PASSAGE]), asked("b", [LUNCH_PASSAGE]), asked("z", tenant="other")]
    )
    samples, now = SqlSamples(stores.engine), utcnow()
    samples.add(
        [
            sampled("a", queued=True, judged=0.9, judge="m", drawn_at=now),
            sampled("b", 1, queued=True, drawn_at=now),
            sampled("z", queued=True, tenant="other", drawn_at=now),
        ]
    )
    sources = Sources(
        samples=samples,
        interactions=stores.interactions,
        feedback=stores.feedback,
        documents=stores.documents,
    )
    app = FastAPI()
    app.add_middleware(sent_by)
    install_error_handlers(app)
    app.include_router(labels.router(Labelling(sources, stores.audit, DriftSettings(_env_file=None))))
    with TestClient(app) as opened:
        yield opened


def test_the_queue_shows_questions_and_passages_and_nothing_that_sways(client: TestClient) -> None:
    """In its order; neither what a machine says nor the answer nor who asked."""
    waiting = client.get("/v1/ops/labels").json()["data"]

    assert [each["id"] for each in waiting] == ["s-a", "s-b"]
    assert waiting[0]["question"] == "When is lunch served?"
    assert [each["text"] for each in waiting[0]["passages"]] == ["Lunch is served at noon."]
    assert set(waiting[0]) == {"id", "asked_at", "question", "rewritten", "passages"}
    assert set(waiting[0]["passages"][0]) == {"id", "title", "uri", "locator", "text"}
    assert len(client.get("/v1/ops/labels?limit=1").json()["data"]) == 1
    assert client.get("/v1/ops/labels?limit=0").status_code in (400, 422)


def test_a_label_is_kept_with_who_gave_it(client: TestClient, stores: Stores) -> None:
    """It answers with what is kept, and the question leaves the queue."""
    given = client.post("/v1/ops/labels/s-a", json={"found": [LUNCH_PASSAGE.id]})

    assert (given.status_code, given.json()) == (
        201,
        {"id": "s-a", "found": 1.0, "answerable": True, "skipped": False},
    )
    assert [each["id"] for each in client.get("/v1/ops/labels").json()["data"]] == ["s-b"]
    (entry,) = stores.audit.newest()
    assert entry.principal == SqlSamples(stores.engine).get("s-a", tenant="default").labelled_by != ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (201, 0.0, None, False)),
        ({"answerable": False}, (201, 0.0, False, False)),
        ({"skip": True}, (201, None, None, True)),
    ],
)
def test_what_can_be_said(client: TestClient, body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """None of them, no document does, I cannot say."""
    given = client.post("/v1/ops/labels/s-b", json=body)

    said = given.json()
    assert (given.status_code, said["found"], said["answerable"], said["skipped"]) == expected


def test_what_cannot_be_taken_is_refused(client: TestClient) -> None:
    """Another tenant's question, an unknown one, a label against itself, a misspelt field."""
    assert client.post("/v1/ops/labels/s-z", json={}).status_code == 404
    assert client.post("/v1/ops/labels/nothing", json={}).status_code == 404
    assert client.post("/v1/ops/labels/s-a", json={"skip": True, "answerable": False}).status_code == 400
    assert client.post("/v1/ops/labels/s-a", json={"found": ["nothing"]}).status_code == 400
    assert client.post("/v1/ops/labels/s-a", json={"fuond": []}).status_code in (400, 422)
    for empty in ({"right": ""}, {"found": [""]}):
        assert client.post("/v1/ops/labels/s-a", json=empty).status_code == 400
    assert [each["id"] for each in client.get("/v1/ops/labels").json()["data"]] == ["s-a", "s-b"]
