"""The service with everything: the questions' routes of rag, and the operations.

What takes a processor for minutes (drift checks, promotions) runs in processes of its own, so that questions are
answered undisturbed.
"""

from dataclasses import replace
from functools import partial

from flows.bootstrap import Doors, doors_over
from flows.environment import serving_settings
from flows.ops.checks import BackgroundChecks, drift_check
from flows.ops.gauges import CachedGauges
from flows.ops.routes import alarms, audit, candidates, drift, labels, questions, releases
from flows.ops.started import StartedSwitches
from monitoring.alarms.delivering import DeliveryThread
from monitoring.domain import MonitoringState
from rag import bootstrap as serving
from rag.api import Routers
from rag.domain import utcnow
from rag.releases.deployed import deployed
from rag.releases.standing import standing
from rag.running.log_lines import write_log_lines


def operations(doors: Doors) -> Routers:
    """Return the routes below ``/v1/ops``."""
    stores, promotion, settings = doors.rag.stores, doors.promotion, doors.rag.settings
    monitoring = doors.monitoring
    # An operator may see what checks found for other tenants, and read the questions of the own one alone.
    texts = partial(monitoring.texts, tenant=settings.tenant)
    switches = StartedSwitches(promotion.requests, settings.home / "logs")
    return (
        candidates.router(promotion.candidates, promotion.approvals, promotion.approver, switches),
        releases.router(
            partial(deployed, stores.releases),
            partial(standing, stores.releases, stores.documents),
            stores.replicas,
            promotion.promotions,
            switches,
        ),
        drift.router(
            monitoring.reports,
            monitoring.alarms,
            html=monitoring.html,
            checks=BackgroundChecks(drift_check),
            accepts=monitoring,
            texts=texts,
            tenant=settings.tenant,
        ),
        alarms.router(monitoring.alarms, monitoring, texts=texts, tenant=settings.tenant),
        questions.router(stores.interactions, tenant=settings.tenant),
        labels.router(doors.monitoring.labelling),
        audit.router(stores.audit),
    )


def beside(doors: Doors) -> serving.Beside:
    """Return what runs beside questions: the operations, their gauges, and the deliveries of alarms."""
    monitoring = doors.monitoring

    def state() -> MonitoringState:
        found = monitoring.states.state(tenant=doors.rag.settings.tenant, now=utcnow())
        # Without a receiver what happened is kept for a while all the same, and nothing is late.
        return found if monitoring.deliveries.webhook is not None else replace(found, undelivered=None)

    return serving.Beside(
        routers=operations(doors),
        gauges=CachedGauges(state, every_s=doors.schedule.drift_every_min * 60),
        background=(DeliveryThread(monitoring.deliveries),),
    )


def serve_api(*, host: str | None, port: int | None) -> None:
    """Run the service until it is told to stop.

    Raises:
        SettingInvalid: an address or key that is not safe.
        PortInUse: something listens there already.
    """
    settings = serving_settings()
    given = {"host": host, "port": port}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    write_log_lines(level=settings.log_level, form=settings.log_format)
    serving.serve(settings, beside=lambda installation: beside(doors_over(installation)))
