"""Switches over HTTP: how far they have come, the way back, and what serves."""

from typing import Any

from rag.domain import Replica, utcnow


def test_a_promotion_and_the_way_back(ops: Any, two_encoders: Any) -> None:
    """The ticket shows how far the promotion has come; a rollback gives one of its own; the newest is listed first."""
    ops.world.found(two_encoders.first)
    candidate = ops.world.candidate(two_encoders.second)
    ops.client.post(f"/v1/ops/candidates/{candidate.id}/approve", json={})
    ticket = ops.client.post(f"/v1/ops/candidates/{candidate.id}/promote").json()

    ops.world.promoter().promote(candidate.id, principal="local", promotion_id=ticket["id"])
    shown = ops.client.get(f"/v1/ops/promotions/{ticket['id']}").json()
    assert (shown["phase"], shown["done"], shown["total"]) == ("done", 40, 40)

    back = ops.client.post("/v1/ops/rollback", json={"reason": "slow"})
    assert (back.status_code, back.json()["kind"], back.json()["message"]) == (202, "rollback", "slow")
    assert ops.started[-1] == ("slow", "local")
    assert [each["kind"] for each in ops.client.get("/v1/ops/promotions").json()["data"]] == [
        "rollback",
        "promote",
    ]


def test_the_deployment_with_its_replicas(ops: Any, two_encoders: Any) -> None:
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
    assert shown["support"] == {
        "threshold": first.retrieval.threshold,
        "passages": 0,
        "questions": 0,
        "calibrated_at": None,
        "changed": 0,
        "documents": 40,
    }


def test_refusals(ops: Any, two_encoders: Any) -> None:
    """A promotion that is not there is 404; a way back that is not there is 409 and says why."""
    ops.world.found(two_encoders.first)
    answers = [ops.client.get("/v1/ops/promotions/none"), ops.client.post("/v1/ops/rollback", json={})]

    assert [answer.status_code for answer in answers] == [404, 409]
    assert "no earlier release" in answers[1].json()["error"]["message"]
