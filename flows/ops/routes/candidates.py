"""Candidates over HTTP: see them, decide on them, ask for their promotion."""

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from pydantic import Field

from flows.ops.bounds import Body, Comment, Limit
from flows.ops.ports import Decisions, Switches
from rag.api import principal_of
from rag.api.guards.roles import allow
from rag.domain import Role
from retrain.domain import Approval, Candidate, Promotion
from retrain.ports import ApprovalStore, CandidateStore


class ApproveRequest(Body):
    """An approval."""

    comment: Comment = ""
    override: bool = Field(False, description="Approve against the gate's verdict; takes a comment.")


class RejectRequest(Body):
    """A rejection."""

    comment: Comment = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateView:
    """A candidate and what was decided on it."""

    candidate: Candidate
    approval: Approval | None  # the newest decision, without its signature


def router(
    candidates: CandidateStore, approvals: ApprovalStore, decisions: Decisions, switches: Switches
) -> APIRouter:
    """Return the routes below ``/v1/ops/candidates``; a list is an object with ``data``, newest first."""
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
            decisions.approve(candidate_id, principal=principal, comment=body.comment, override=body.override)
        )

    @routes.post("/candidates/{candidate_id}/reject", dependencies=[approver_only])
    def reject(request: Request, candidate_id: str, body: RejectRequest) -> Approval:
        """Reject a candidate."""
        return _unsigned(
            decisions.reject(candidate_id, principal=principal_of(request).id, comment=body.comment)
        )

    @routes.post("/candidates/{candidate_id}/promote", status_code=202, dependencies=[approver_only])
    def promote(request: Request, candidate_id: str) -> Promotion:
        """Begin to promote an approved candidate; look at the promotion for how far it has come."""
        candidate = candidates.get(candidate_id)
        return switches.promote(candidate.id, principal=principal_of(request).id)

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
