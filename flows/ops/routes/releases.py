"""What serves, and what is switched, over HTTP.

A switch is only asked for here; the work runs in a process of its own, so that questions are answered undisturbed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request

from flows.ops.bounds import Body, Limit, Reason
from flows.ops.ports import Switches
from rag.api import principal_of
from rag.api.guards.roles import allow
from rag.domain import Deployment, Replica, Role
from rag.ports import ReplicaStore
from rag.releases.standing import Standing
from retrain.domain import Promotion
from retrain.ports import PromotionStore
from retrain.promotion.staging import alive


class RollbackRequest(Body):
    """A way back."""

    reason: Reason = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentView:
    """What serves."""

    epoch: int
    live: str  # digest of a release, as the next two
    previous: str | None
    staged: str | None
    changed_at: datetime  # of the last switch
    support: Standing  # from which on it answers, and what that rests on
    replicas: list[Replica]  # those heard of lately


def router(
    deployment: Callable[[], Deployment],
    support: Callable[[], Standing],
    replicas: ReplicaStore,
    promotions: PromotionStore,
    switches: Switches,
) -> APIRouter:
    """Return the routes of the deployment, of promotions and of rollbacks; a list is an object with ``data``.

    `deployment` and `support` raise NotReady where nothing is live yet.
    """
    routes = APIRouter(prefix="/v1/ops", tags=["operations"])
    watching = allow(Role.OPERATOR, Role.APPROVER)

    @routes.post("/rollback", status_code=202, dependencies=[allow(Role.APPROVER)])
    def rollback(request: Request, body: RollbackRequest) -> Promotion:
        """Begin to go back to the previous release; a second time goes forward again."""
        return switches.rollback(principal=principal_of(request).id, reason=body.reason.strip())

    @routes.get("/promotions", dependencies=[watching])
    def list_promotions(limit: Limit = 20) -> dict[str, list[Promotion]]:
        """Return the newest promotions and rollbacks."""
        return {"data": promotions.newest(limit)}

    @routes.get("/promotions/{promotion_id}", dependencies=[watching])
    def get_promotion(promotion_id: str) -> Promotion:
        """Return a promotion or rollback."""
        return promotions.get(promotion_id)

    @routes.get("/deployment", dependencies=[watching])
    def get_deployment() -> DeploymentView:
        """Return what serves."""
        row = deployment()
        return DeploymentView(
            epoch=row.epoch,
            live=row.release,
            previous=row.previous,
            staged=row.staged,
            changed_at=row.changed_at,
            support=support(),
            replicas=alive(replicas),
        )

    return routes
