"""Tickets: the light half of a switch, which needs neither encoder nor index.

A ticket is a `Promotion` that shows at once; `retrain.promotion.promoting.Promoter` does the work, as a rule in a
process of its own.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from rag.domain import new_id, utcnow
from rag.errors import Conflict
from rag.ports import Permit, ReleaseStore
from rag.releases.deployed import alike, deployed
from retrain.domain import ENDED, Candidate, Promotion, PromotionKind, PromotionPhase
from retrain.ports import ApprovalStore, CandidateStore, PromotionStore
from retrain.promotion import approval

_RESUME_WITHIN = timedelta(minutes=10)  # a rollback asked for again later than this is meant as a new one


@dataclass(frozen=True)
class SwitchRequests:
    """Takes in what people ask to be switched, and refuses at once what cannot be done."""

    releases: ReleaseStore
    candidates: CandidateStore
    approvals: ApprovalStore
    promotions: PromotionStore
    key: bytes = field(repr=False)  # checks approvals' signatures

    def promote(self, candidate_id: str, *, principal: str) -> Promotion:
        """Write the ticket for promoting a candidate, or return the one that is still open for it.

        Raises:
            NotFound: there is no such candidate.
            Conflict, NotReady, ApprovalInvalid: as for `admit`.
        """
        candidate = self.candidates.get(candidate_id)
        self.admit(candidate)
        return self.open_promotion(candidate) or self._write(
            PromotionKind.PROMOTE, release=candidate.release, candidate=candidate.id, principal=principal
        )

    def rollback(self, *, principal: str, reason: str = "") -> Promotion:
        """Write the ticket for going back to the previous release; the reason becomes its message.

        Raises:
            Conflict: there is no previous release.
            NotReady: nothing is live yet.
        """
        previous = deployed(self.releases).previous
        if previous is None:
            raise Conflict("There is no earlier release to go back to: nothing has been switched yet.")
        return self._write(
            PromotionKind.ROLLBACK,
            release=previous,
            candidate=None,
            principal=principal,
            message=reason,
        )

    def admit(self, candidate: Candidate) -> str:
        """Return the id of the approval that allows to promote the candidate now.

        Raises:
            Conflict: its release is live already.
            NotReady: nothing is live yet.
            ApprovalInvalid: there is no valid approval for exactly this.
        """
        live = deployed(self.releases).release
        approval.check_not_live(candidate, alike(self.releases, live))
        if live in alike(self.releases, candidate.incumbent):
            live = candidate.incumbent
        newest = self.approvals.newest_for(candidate.id)
        return approval.check(newest, candidate, live=live, key=self.key, now=utcnow()).id

    def permit(self, approval_id: str, candidate: Candidate) -> Permit:
        """Return what uses the admitted approval up, in the transaction that switches."""
        incumbents = alike(self.releases, candidate.incumbent)
        return self.approvals.permit(approval_id, candidate, key=self.key, incumbents=incumbents)

    def switched(self, candidate: Candidate) -> bool:
        """Return whether the newest approval was used up by the switch that made the candidate live."""
        newest = self.approvals.newest_for(candidate.id)
        live = deployed(self.releases).release
        return (
            live in alike(self.releases, candidate.release)
            and newest is not None
            and newest.used_at is not None
        )

    def open_promotion(self, candidate: Candidate) -> Promotion | None:
        """Return the newest promotion of the candidate that has not ended."""
        mine = (ticket for ticket in self.promotions.open() if ticket.candidate == candidate.id)
        return next(mine, None)

    def open_rollback(self) -> Promotion | None:
        """Return the newest rollback that has not ended, where somebody was at it just now."""
        rollbacks = (ticket for ticket in self.promotions.open() if ticket.kind is PromotionKind.ROLLBACK)
        return next((one for one in rollbacks if utcnow() - one.updated_at < _RESUME_WITHIN), None)

    def promotion(self, promotion_id: str, candidate: Candidate) -> Promotion:
        """Return the candidate's ticket of that id; Conflict where it is another candidate's, or a rollback."""
        ticket = self.promotions.get(promotion_id)
        if ticket.candidate != candidate.id:
            raise Conflict(
                f"Ticket {ticket.id} is for {ticket.candidate or 'a rollback'}, not for candidate {candidate.id}."
            )
        return ticket

    def rollback_ticket(self, promotion_id: str) -> Promotion:
        """Return the rollback of that id; Conflict where it is a promotion."""
        ticket = self.promotions.get(promotion_id)
        if ticket.kind is not PromotionKind.ROLLBACK:
            raise Conflict(f"Ticket {ticket.id} promotes candidate {ticket.candidate}; it is no rollback.")
        return ticket

    def refuse(self, promotion_id: str, reason: str) -> None:
        """End a ticket that nobody has begun to work on; one that is begun belongs to another runner."""
        ticket = self.promotions.get(promotion_id)
        if ticket.phase not in ENDED and not _begun(ticket):
            self._fail(ticket, reason)

    def fail_abandoned(self, ticket: Promotion) -> None:
        """End all begun promotions but this one: they were killed. Call it with the lease held."""
        for other in self.promotions.open():
            if other.kind is PromotionKind.PROMOTE and other.id != ticket.id and _begun(other):
                self._fail(other, "It was broken off, and another promotion took its place.")

    def _fail(self, ticket: Promotion, message: str) -> None:
        failed = replace(ticket, phase=PromotionPhase.FAILED, message=message, updated_at=utcnow())
        self.promotions.put(failed)

    def _write(
        self, kind: PromotionKind, *, release: str, candidate: str | None, principal: str, message: str = ""
    ) -> Promotion:
        now = utcnow()
        ticket = Promotion(
            id=new_id(),
            kind=kind,
            release=release,
            candidate=candidate,
            principal=principal,
            phase=PromotionPhase.BACKFILL,
            message=message,
            started_at=now,
            updated_at=now,
        )
        self.promotions.put(ticket)
        return ticket


def _begun(ticket: Promotion) -> bool:
    return ticket.updated_at > ticket.started_at
