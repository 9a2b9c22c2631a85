"""The audit trail over HTTP."""

from typing import Any


def test_newest_first_and_no_more_than_asked_for(ops: Any, two_encoders: Any) -> None:
    """What people did is listed, the last deed first."""
    ops.world.found(two_encoders.first)
    candidate = ops.world.candidate(two_encoders.second)
    ops.client.post(f"/v1/ops/candidates/{candidate.id}/approve", json={})
    ops.world.promoter().promote(candidate.id, principal="local")

    actions = [each["action"] for each in ops.client.get("/v1/ops/audit?limit=2").json()["data"]]
    assert actions == ["promote", "approve"]
