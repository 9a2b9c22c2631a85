"""Serves the flows to a Prefect server: schedules, and the event that starts retraining."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flows.environment import flow_settings, load_flow
from flows.settings import FlowSettings

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment


def schedules(settings: FlowSettings) -> dict[str, timedelta | None]:
    """Return each flow's interval; None where it runs only when asked or triggered."""

    def every(amount: float, unit: timedelta) -> timedelta | None:
        return amount * unit if amount > 0 else None

    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    return {
        "sync_documents": every(settings.sync_every_min if settings.sync_paths else 0, minute),
        "check_drift": every(settings.drift_every_min, minute),
        "retrain_encoder": every(settings.retrain_every_h, hour),
        "promote_release": None,
        "collect_garbage": every(settings.garbage_every_h, hour),
    }


def schedule_table() -> list[tuple[str, str, str]]:
    """Return (flow, when it runs, what it does)."""
    rows = []
    for name, interval in schedules(flow_settings()).items():
        when = f"every {interval}" if interval else "when asked"
        if name == "retrain_encoder":
            when += ", and on drift"
        rows.append((name, when, (load_flow(name).description or "").partition("\n")[0]))
    return rows


def deployments(settings: FlowSettings) -> "list[RunnerDeployment]":
    """Return the five deployments."""
    from prefect.events import DeploymentEventTrigger

    from flows.check_drift import DRIFT_EVENT

    # A template's value arrives as a string unless it is marked as JSON; unmarked, the run is silently never made.
    reason: dict[str, Any] = {
        "__prefect_kind": "json",
        "value": {"__prefect_kind": "jinja", "template": "{{ event.payload.reason | tojson }}"},
    }
    on_drift = DeploymentEventTrigger(
        name="retrain on drift", expect={DRIFT_EVENT}, parameters={"reason": reason}
    )
    made = []
    for name, interval in schedules(settings).items():
        triggers = [on_drift] if name == "retrain_encoder" else []
        made.append(
            load_flow(name).to_deployment(
                name="whetstone", interval=interval, triggers=triggers, concurrency_limit=1
            )
        )
    return made


def serve_deployments() -> None:
    """Register the deployments and run what is scheduled, until stopped."""
    settings = flow_settings()
    load_flow("check_drift")
    from prefect import serve

    serve(*deployments(settings), pause_on_shutdown=False, limit=2)
