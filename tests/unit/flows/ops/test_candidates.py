"""Operations over HTTP: what they answer, and that they only ask for a switch."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from doubles.promotion_world import TwoEncoders, World
from fastapi import FastAPI
from fastapi.testclient import TestClient

from flows.ops.routes.candidates import router
from rag.api.guards.errors import install_error_handlers
from rag.domain import Replica, utcnow
from retrain.domain import Outcome
from retrain.promotion.requesting import SwitchRequests


@dataclass
class Ops:
    """The routes over a small company, with the work done when it is asked for, not in the background."""

    world: World
    client: TestClient
    started: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def ops(world: World, sent_by: Any) -> Iterator[Ops]:
    """The routes as the service has them; starting a switch writes its ticket and notes it."""
    requests = SwitchRequests(
        world.stores.releases,
        world.retrain.candidates,
        world.retrain.approvals,
        world.retrain.promotions,
        key=b"k" * 32,
    )
    started: list[tuple[str, str]] = []

    def start_promotion(candidate_id: str, principal: str) -> str:
        started.append((candidate_id, principal))
        return requests.promote(candidate_id, principal=principal).id

    def start_rollback(reason: str, principal: str) -> str:
        started.append((reason, principal))
        return requests.rollback(principal=principal, reason=reason).id

    app = FastAPI()
    app.add_middleware(sent_by)
    install_error_handlers(app)
    app.include_router(
        router(
            candidates=world.retrain.candidates,
            approvals=world.retrain.approvals,
            approver=world.approver(),
            promotions=world.retrain.promotions,
            releases=world.stores.releases,
            replicas=world.stores.replicas,
            audit=world.stores.audit,
            start_promotion=start_promotion,
            start_rollback=start_rollback,
        )
    )
    with TestClient(app) as client:
        yield Ops(world=world, client=client, started=started)


def test_from_candidate_to_promotion(ops: Ops, two_encoders: TwoEncoders) -> None:
    """A candidate is listed, looked at, approved and promoted; the ticket shows how far it has come."""
    ops.world.found(two_encoders.first)
    candidate = ops.world.candidate(two_encoders.second)

    listed = ops.client.get("/v1/ops/candidates").json()["data"]
    assert [each["id"] for each in listed] == [candidate.id]
    assert listed[0]["training"]["history"] == []
    whole = ops.client.get(f"/v1/ops/candidates/{candidate.id[:8]}").json()
    assert whole["approval"] is None
    assert whole["candidate"]["training"]["history"] == [{"step": 1.0, "loss": 0.1}]
    assert whole["candidate"]["scorecard"]["overall"][0]["difference"]["low"] == 0.03
    assert whole["candidate"]["verdict"] == {"outcome": "promote", "reasons": ["Because."]}

    early = ops.client.post(f"/v1/ops/candidates/{candidate.id}/promote")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "approval_invalid")
    approved = ops.client.post(f"/v1/ops/candidates/{candidate.id}/approve", json={"comment": "good"})
    assert approved.status_code == 200
    assert approved.json()["decision"] == "approve"
    assert (approved.json()["principal"], approved.json()["signature"]) == ("local", "")
    assert ops.client.get(f"/v1/ops/candidates/{candidate.id}").json()["approval"]["comment"] == "good"

    begun = ops.client.post(f"/v1/ops/candidates/{candidate.id[:8]}/promote")
    assert begun.status_code == 202
    ticket = begun.json()
    assert (ticket["kind"], ticket["phase"], ticket["done"]) == ("promote", "backfill", 0)
    assert ops.started[-1] == (candidate.id, "local")
    ops.world.promoter().promote(candidate.id, principal="local", promotion_id=ticket["id"])
    shown = ops.client.get(f"/v1/ops/promotions/{ticket['id']}").json()
    assert (shown["phase"], shown["done"], shown["total"]) == ("done", 40, 40)

    back = ops.client.post("/v1/ops/rollback", json={"reason": "slow"})
    assert (back.status_code, back.json()["kind"], back.json()["message"]) == (202, "rollback", "slow")
    assert [each["kind"] for each in ops.client.get("/v1/ops/promotions").json()["data"]] == [
        "rollback",
        "promote",
    ]
    actions = [each["action"] for each in ops.client.get("/v1/ops/audit?limit=2").json()["data"]]
    assert actions == ["promote", "approve"]


def test_the_deployment_with_its_replicas(ops: Ops, two_encoders: TwoEncoders) -> None:
    """What serves is shown with epoch, releases and who serves it; before the first release it is 503."""
    assert ops.client.get("/v1/ops/deployment").status_code == 503
    first = ops.world.found(two_encoders.first)
    ops.world.stores.replicas.beat(
        Replica(id="one", heartbeat_at=utcnow(), epoch=1, ready=frozenset({first.digest}))
    )

    shown = ops.client.get("/v1/ops/deployment").json()

    assert (shown["epoch"], shown["live"], shown["previous"], shown["staged"]) == (
        1,
        first.digest,
        None,
        None,
    )
    assert [(each["id"], each["ready"]) for each in shown["replicas"]] == [("one", [first.digest])]


def test_against_the_verdict(ops: Ops, two_encoders: TwoEncoders) -> None:
    """Approving against the gate is 400 until override and a comment are given; a misspelt field is no approval."""
    ops.world.found(two_encoders.first)
    candidate = ops.world.candidate(two_encoders.second, Outcome.REJECT)
    path = f"/v1/ops/candidates/{candidate.id}/approve"

    assert ops.client.post(path, json={}).status_code == 400
    assert ops.client.post(path, json={"override": True}).status_code == 400
    assert ops.client.post(path, json={"comment": "x", "overide": True}).status_code == 400
    assert ops.client.post(path, json={"override": True, "comment": "x" * 2_001}).status_code == 400
    assert ops.client.post(path, json={"override": True, "comment": "must go out"}).status_code == 200


def test_refusals(ops: Ops, two_encoders: TwoEncoders) -> None:
    """What is not there is 404, what cannot be done now is 409, and each says why in the one shape."""
    first = ops.world.found(two_encoders.first)
    assert first.digest
    rejected = ops.world.candidate(two_encoders.second)
    answers = [
        ops.client.get("/v1/ops/candidates/nobody"),
        ops.client.post("/v1/ops/candidates/nobody/promote"),
        ops.client.get("/v1/ops/promotions/none"),
        ops.client.post("/v1/ops/rollback", json={}),
        ops.client.post(f"/v1/ops/candidates/{rejected.id}/reject", json={"comment": "no"}),
        ops.client.post(f"/v1/ops/candidates/{rejected.id}/promote"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 409, 200, 409]
    assert "no earlier release" in answers[3].json()["error"]["message"]
    assert "was rejected by local" in answers[5].json()["error"]["message"]
