"""`whetstone up`: service, Prefect server and flow runner start together, work together, and stop together."""

import subprocess
import sys
import time
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(400)]

FLOWS = {"sync_documents", "check_drift", "retrain_encoder", "promote_release", "collect_garbage"}


def test_up_runs_everything_and_a_drift_event_starts_retraining(
    installation: Any, free_port_number: int, tmp_path: Any
) -> None:
    """All five deployments are there, the event makes a run, a folder is synced, and SIGTERM ends it all."""
    handbook = tmp_path / "handbook"
    handbook.mkdir()
    (handbook / "badges.md").write_text(
        "# Badges\n\nAsk the front desk for a new badge when yours is lost.\n"
    )
    installation.settings |= {
        "WHETSTONE_FLOWS_PREFECT_PORT": str(free_port_number),
        "WHETSTONE_FLOWS_SYNC_PATHS": f'["{handbook}"]',
        "WHETSTONE_FLOWS_SYNC_EVERY_MIN": "0.2",
        "WHETSTONE_FLOWS_DRIFT_EVERY_MIN": "0",
    }
    log = (installation.home / "up.log").open("ab")
    up = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "up"], env=installation.environment, stdout=log, stderr=log
    )
    log.close()
    installation.processes.append(up)
    api = f"http://127.0.0.1:{free_port_number}/api"

    def deployments() -> dict[str, str]:
        assert up.poll() is None, (installation.home / "up.log").read_text()[-3000:]
        try:
            found = httpx.post(f"{api}/deployments/filter", json={}, timeout=10)
        except httpx.TransportError:
            return {}
        return {d["entrypoint"].rpartition(":")[2]: d["id"] for d in found.json()} if found.is_success else {}

    installation.wait(lambda: deployments().keys() == FLOWS, 180, "the five deployments")
    emit_drift_event(api, "other questions than before")

    def runs_of(flow: str) -> list[dict[str, Any]]:
        of_it = {"deployments": {"id": {"any_": [deployments()[flow]]}}}
        return list(httpx.post(f"{api}/flow_runs/filter", json=of_it, timeout=10).json())

    installation.wait(lambda: bool(runs_of("retrain_encoder")), 60, "a retraining started by the event")
    assert runs_of("retrain_encoder")[0]["parameters"]["reason"] == "other questions than before"

    def answer() -> str:
        body = {"messages": [{"role": "user", "content": "Where do I get a new badge?"}]}
        response = httpx.post(f"{installation.url}/v1/chat/completions", json=body, timeout=30)
        return str(response.json()["choices"][0]["message"]["content"])

    installation.wait(lambda: "front desk" in answer(), 90, "the synced folder to be answered from")

    children = child_processes(up.pid)
    up.terminate()
    assert up.wait(60) == 0
    assert not [pid for pid in children if alive(pid)]


@pytest.fixture
def free_port_number() -> int:
    """A port that nothing listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def emit_drift_event(api: str, reason: str) -> None:
    """Send what the drift flow sends on an alarm, over the server's own API."""
    event = {
        "occurred": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "event": "whetstone.drift.detected",
        "resource": {"prefect.resource.id": "whetstone.tenant.default"},
        "payload": {"report": "none", "reason": reason},
        "id": "00000000-0000-4000-8000-000000000001",
    }
    httpx.post(f"{api}/events", json=[event], timeout=10).raise_for_status()


def child_processes(pid: int) -> list[int]:
    """Return all descendants of a process."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = {int(child): int(parent) for child, parent in map(str.split, listed.splitlines())}
    found, frontier = [], {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier}
        found += sorted(frontier)
    return found


def alive(pid: int) -> bool:
    """Tell whether a process still runs (a zombie does not)."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")
