"""What a person asks first: what serves, how much there is, what waits for a decision."""

from datetime import timedelta

from flows.bootstrap import Pipelines
from rag.domain import utcnow
from retrain.domain import CandidateStatus
from retrain.promotion.staging import ALIVE_S


def state_of(pipelines: Pipelines) -> dict[str, str]:
    """Say what serves, how much there is, and what waits for a decision."""
    deployment = pipelines.stores.releases.deployment()
    replicas = pipelines.stores.replicas.alive(since=utcnow() - timedelta(seconds=ALIVE_S))
    waiting = [c for c in pipelines.retraining.candidates.newest() if c.status is CandidateStatus.EVALUATED]
    drift = pipelines.reports.newest(1, tenant=pipelines.settings.tenant)
    state = {"home": str(pipelines.settings.home), "documents": str(pipelines.stores.documents.count())}
    if deployment:
        release = pipelines.stores.releases.get(deployment.release)
        state |= {
            "epoch": str(deployment.epoch),
            "live release": release.digest,
            "encoder": f"{release.encoder} ({pipelines.encoders.kind(release.encoder)})",
            "previous release": deployment.previous or "-",
            "staged release": deployment.staged or "-",
        }
    else:
        state["live release"] = "none yet: `whetstone serve` makes the first"
    return state | {
        "services alive": ", ".join(replica.id for replica in replicas) or "none",
        "questions logged": str(pipelines.stores.interactions.count()),
        "last drift report": f"{drift[0].verdict} ({drift[0].created_at:%Y-%m-%d %H:%M})" if drift else "-",
        "candidates waiting": ", ".join(f"{c.id[:8]} ({c.verdict.outcome})" for c in waiting) or "none",
    }
