"""A switch that is asked for becomes a ticket and a command."""

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flows.ops.started import StartedSwitches
from retrain.domain import PromotionKind
from retrain.promotion.requesting import SwitchRequests


def test_each_switch_is_a_command_with_its_own_log(
    world: Any, two_encoders: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command gets the ticket and who asked; what it prints is kept beside the others' lines."""
    script = tmp_path / "python"
    script.write_text('#!/bin/sh\necho "$@"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    world.found(two_encoders.first)
    candidate = world.candidate(two_encoders.second)
    world.approver().approve(candidate.id, principal="ann")
    kept = world.retrain
    requests = SwitchRequests(
        world.stores.releases, kept.candidates, kept.approvals, kept.promotions, key=b"k" * 32
    )

    ticket = StartedSwitches(requests, tmp_path / "logs").promote(candidate.id, principal="ann")

    assert (ticket.kind, ticket.candidate) == (PromotionKind.PROMOTE, candidate.id)
    log = tmp_path / "logs" / f"promote-{ticket.id}.log"
    deadline = time.monotonic() + 10
    while not log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert log.read_text().split() == [
        *("-m", "flows.cli", "promote", candidate.id),
        *("--ticket", ticket.id, "--principal", "ann"),
    ]
