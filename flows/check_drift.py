"""Flow: compare the newest questions with earlier ones; an alarm asks for retraining."""

from dataclasses import replace

from prefect import flow, task
from prefect.events import emit_event
from prefect.logging import get_run_logger

from flows.artifacts import progress_artifact, publish_alarms, publish_drift_report, publish_trigger
from flows.bootstrap import open_doors
from flows.environment import prefect_server_named
from flows.ops.reported import examples
from flows.ops.trigger import retraining_trigger
from flows.retrying import worth_repeating

DRIFT_EVENT = "whetstone.drift.detected"


@task(retries=2, retry_delay_seconds=5, retry_condition_fn=worth_repeating)
def look(tenant: str | None) -> str:
    """Make and store a drift report; return its id."""
    with open_doors() as doors, progress_artifact("check for drift") as progress:
        return doors.monitoring.check(tenant=tenant, progress=progress).id


@task(retries=2, retry_delay_seconds=5, retry_condition_fn=worth_repeating)
def publish(report_id: str) -> None:
    """Show the report among Prefect's artifacts."""
    with open_doors() as doors:
        report = doors.monitoring.reports.get(report_id)
        standing = doors.monitoring.alarms.standing(tenant=report.tenant)
        texts = doors.monitoring.texts(examples([report]))
        publish_drift_report(report, standing, texts)


@task(retries=2, retry_delay_seconds=5, retry_condition_fn=worth_repeating)
def tell_of_alarms(report_id: str) -> None:
    """Tell Prefect's automations and the webhook what the report did to alarms."""
    with open_doors() as doors:
        report = doors.monitoring.reports.get(report_id)
        publish_alarms(report, doors.monitoring.alarms.newest(tenant=report.tenant))
        doors.monitoring.deliveries.deliver()


@task
def ask_for_retraining(report_id: str) -> bool:
    """Emit the drift event where an alarm calls for retraining, once for each alarm; say what follows either way."""
    with open_doors() as doors:
        trigger = retraining_trigger(doors, report_id)
        heard = prefect_server_named()
        if trigger.fire and not heard:
            unheard = "No schedule runs here that would start it; `whetstone retrain` does."
            trigger = replace(trigger, reasons=(*trigger.reasons, unheard))
        if trigger.fire and heard:
            emit_event(
                event=DRIFT_EVENT,
                resource={"prefect.resource.id": f"whetstone.tenant.{doors.rag.settings.tenant}"},
                payload={
                    "report": report_id,
                    "reason": " ".join(trigger.reasons),
                    "alarms": list(trigger.alarms),
                },
            )
            # After the event: one that was not sent is sent by the next check.
            doors.monitoring.retraining(trigger.alarms)
    get_run_logger().info(trigger.sentence)
    publish_trigger(trigger)
    return trigger.fire


@flow(name="check_drift")
def check_drift(tenant: str | None = None) -> str:
    """Check a tenant once, "*": all together, None: the installation's own; return the report's id."""
    report_id = look(tenant)
    publish(report_id)
    tell_of_alarms(report_id)
    ask_for_retraining(report_id)
    return report_id
