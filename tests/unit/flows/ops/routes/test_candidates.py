"""Candidates over HTTP: what is shown, and that a promotion is only asked for."""

from typing import Any

from retrain.domain import Outcome


def test_seen_approved_and_promoted(ops: Any, two_encoders: Any) -> None:
    """A candidate is listed, shown whole, approved, and its promotion begun elsewhere."""
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


def test_against_the_verdict(ops: Any, two_encoders: Any) -> None:
    """Approving against the gate is 400 until override and a comment are given; a misspelt field is no approval."""
    ops.world.found(two_encoders.first)
    candidate = ops.world.candidate(two_encoders.second, Outcome.REJECT)
    path = f"/v1/ops/candidates/{candidate.id}/approve"

    assert ops.client.post(path, json={}).status_code == 400
    assert ops.client.post(path, json={"override": True}).status_code == 400
    assert ops.client.post(path, json={"comment": "x", "overide": True}).status_code == 400
    assert ops.client.post(path, json={"override": True, "comment": "x" * 2_001}).status_code == 400
    assert ops.client.post(path, json={"override": True, "comment": "must go out"}).status_code == 200


def test_refusals(ops: Any, two_encoders: Any) -> None:
    """What is not there is 404, what cannot be done now is 409, and each says why in the one shape."""
    first = ops.world.found(two_encoders.first)
    assert first.digest
    rejected = ops.world.candidate(two_encoders.second)
    answers = [
        ops.client.get("/v1/ops/candidates/nobody"),
        ops.client.post("/v1/ops/candidates/nobody/promote"),
        ops.client.post(f"/v1/ops/candidates/{rejected.id}/reject", json={"comment": "no"}),
        ops.client.post(f"/v1/ops/candidates/{rejected.id}/promote"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 200, 409]
    assert "was rejected by local" in answers[3].json()["error"]["message"]
