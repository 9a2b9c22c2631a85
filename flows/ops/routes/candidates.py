"""Operations over HTTP: look at candidates, decide on them, switch, go back.

A switch is only asked for here; the work runs in a process of its own, so that questions are answered undisturbed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from rag.api import principal_of
from rag.api.guards.roles import allow
from rag.domain import AuditEntry, Replica, Role, utcnow
from rag.errors import NotReady
from rag.ports import AuditLog, ReleaseStore, ReplicaStore
from retrain.domain import Approval, Candidate, Promotion
from retrain.ports import ApprovalStore, CandidateStore, PromotionStore
from retrain.promotion.approval import MAX_COMMENT, Approver
from retrain.promotion.staging import ALIVE_S

Limit = Annotated[int, Query(ge=1, le=500)]
Comment = Annotated[str, Field(max_length=MAX_COMMENT, description="Kept with the decision.")]


class _Body(BaseModel):
    # A misspelt "override" must not pass for a plain approval.
    model_config = ConfigDict(extra="forbid")


class ApproveRequest(_Body):
    """An approval."""

    comment: Comment = ""
    override: bool = Field(False, description="Approve against the gate's verdict; takes a comment.")


class RejectRequest(_Body):
    """A rejection."""

    comment: Comment = ""


class RollbackRequest(_Body):
    """A way back."""

    reason: Annotated[str, Field(max_length=MAX_COMMENT, description="Kept in the audit trail.")] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateView:
    """A candidate and what was decided on it."""

    candidate: Candidate
    approval: Approval | None  # the newest decision, without its signature


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentView:
    """What serves."""

    epoch: int
    live: str  # digest of a release, as the next two
    previous: str | None
    staged: str | None
    changed_at: datetime
    replicas: list[Replica]  # those heard of lately


def router(
    *,
    candidates: CandidateStore,
    approvals: ApprovalStore,
    approver: Approver,
    promotions: PromotionStore,
    releases: ReleaseStore,
    replicas: ReplicaStore,
    audit: AuditLog,
    start_promotion: Callable[[str, str], str],
    start_rollback: Callable[[str, str], str],
) -> APIRouter:
    """Make the routes below ``/v1/ops``; a list is an object with ``data``, newest first.

    Args:
        candidates: what is looked at and decided on.
        approvals: shown with a candidate.
        approver: takes the decisions down.
        promotions: what is under way, and what was.
        releases: the deployment row.
        replicas: who serves it.
        audit: who did what.
        start_promotion: called with (candidate id, principal); begins the work elsewhere and gives its ticket's id.
        start_rollback: the same with (reason, principal).
    """
    routes = APIRouter(prefix="/v1/ops", tags=["operations"])
    # Whoever decides has to see what on, so an approver may read what an operator does.
    watching, approver_only = allow(Role.OPERATOR, Role.APPROVER), allow(Role.APPROVER)

    @routes.get("/candidates", dependencies=[watching])
    def list_candidates(limit: Limit = 50) -> dict[str, list[Candidate]]:
        """Return the newest candidates; curves of training and single questions are left out."""
        return {"data": [_without_history(candidate) for candidate in candidates.newest(limit)]}

    @routes.get("/candidates/{candidate_id}", dependencies=[watching])
    def get_candidate(candidate_id: str) -> CandidateView:
        """Return a candidate, by its id or a prefix that fits it alone, and the newest decision on it."""
        candidate = candidates.get(candidate_id)
        decided = approvals.newest_for(candidate.id)
        return CandidateView(candidate=candidate, approval=decided and _unsigned(decided))

    @routes.post("/candidates/{candidate_id}/approve", dependencies=[approver_only])
    def approve(request: Request, candidate_id: str, body: ApproveRequest) -> Approval:
        """Approve a candidate."""
        principal = principal_of(request).id
        return _unsigned(
            approver.approve(candidate_id, principal=principal, comment=body.comment, override=body.override)
        )

    @routes.post("/candidates/{candidate_id}/reject", dependencies=[approver_only])
    def reject(request: Request, candidate_id: str, body: RejectRequest) -> Approval:
        """Reject a candidate."""
        return _unsigned(
            approver.reject(candidate_id, principal=principal_of(request).id, comment=body.comment)
        )

    @routes.post("/candidates/{candidate_id}/promote", status_code=202, dependencies=[approver_only])
    def promote(request: Request, candidate_id: str) -> Promotion:
        """Begin to promote an approved candidate; look at the promotion for how far it has come."""
        candidate = candidates.get(candidate_id)
        return promotions.get(start_promotion(candidate.id, principal_of(request).id))

    @routes.post("/rollback", status_code=202, dependencies=[approver_only])
    def rollback(request: Request, body: RollbackRequest) -> Promotion:
        """Begin to go back to the previous release; a second time goes forward again."""
        return promotions.get(start_rollback(body.reason.strip(), principal_of(request).id))

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
        deployment = releases.deployment()
        if deployment is None:
            raise NotReady("Nothing is live yet.")
        return DeploymentView(
            epoch=deployment.epoch,
            live=deployment.release,
            previous=deployment.previous,
            staged=deployment.staged,
            changed_at=deployment.changed_at,
            replicas=replicas.alive(since=utcnow() - timedelta(seconds=ALIVE_S)),
        )

    @routes.get("/audit", dependencies=[watching])
    def list_audit(limit: Limit = 100) -> dict[str, list[AuditEntry]]:
        """Return the newest entries of the audit trail."""
        return {"data": audit.newest(limit)}

    return routes


def _unsigned(approval: Approval) -> Approval:
    # The signature is of no use to a reader, and what is not sent cannot leak.
    return replace(approval, signature="")


def _without_history(candidate: Candidate) -> Candidate:
    # Twenty result lists a candidate would make a list of candidates long; one candidate's route gives them.
    return replace(
        candidate,
        training=replace(candidate.training, history=()),
        scorecard=replace(candidate.scorecard, worst=(), best=()),
    )
