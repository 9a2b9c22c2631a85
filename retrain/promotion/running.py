"""A switch under way, as its steps see it, and how it ends."""

import contextlib
from dataclasses import dataclass, replace
from typing import Any

from rag.domain import AuditEntry, utcnow
from rag.ports import AuditLog, Lease, Leases, Progress
from retrain.domain import Promotion, PromotionPhase
from retrain.ports import PromotionStore


class Run:
    """Writes down each step, after making sure that the lease is still held."""

    def __init__(
        self, promotion: Promotion, promotions: PromotionStore, lease: Lease, progress: Progress | None
    ) -> None:
        """Go on with the ticket `promotion`."""
        self.promotion = promotion
        self._promotions = promotions
        self._lease = lease
        self._progress = progress

    def check(self) -> None:
        """Raise LeaseHeld where another runner took over."""
        self._lease.check()

    def enter(self, phase: PromotionPhase) -> None:
        """Note that a phase begins."""
        self._note(phase=phase)

    def advance(self, done: int, total: int) -> None:
        """Note how many passages are written to the index."""
        self._note(done=done, total=total)

    def fail(self, message: str) -> None:
        """Note why it ended without a switch."""
        self._note(phase=PromotionPhase.FAILED, message=message)

    def finish(self) -> Promotion:
        """Note that the switch has happened, whoever holds the lease now."""
        self._put(phase=PromotionPhase.DONE)
        return self.promotion

    def _note(self, **changes: Any) -> None:
        self.check()
        self._put(**changes)

    def _put(self, **changes: Any) -> None:
        self.promotion = replace(self.promotion, updated_at=utcnow(), **changes)
        self._promotions.put(self.promotion)
        if self._progress:
            self._progress(self.promotion.done, self.promotion.total, self.promotion.phase.value)


@dataclass(frozen=True)
class Runs:
    """Begins runs under a lease, and takes down those that fail."""

    promotions: PromotionStore
    leases: Leases
    audit: AuditLog
    lease_ttl_s: float = 30.0  # so many seconds after a kill another runner may go on

    def hold(self, lease: str) -> contextlib.AbstractContextManager[Lease]:
        """Hold a lease while in the context; LeaseHeld where another runner has it."""
        return self.leases.hold(lease, ttl_s=self.lease_ttl_s)

    def begin(self, ticket: Promotion, lease: Lease, progress: Progress | None) -> Run:
        """Return the run that goes on with a ticket, which from now on counts as begun.

        Before any work: another runner of the same ticket, refused for the lease, must not end it meanwhile.
        """
        begun = replace(ticket, updated_at=utcnow())
        self.promotions.put(begun)
        return Run(begun, self.promotions, lease, progress)

    def note_failure(self, run: Run, error: Exception) -> None:
        """Write down why a run ended without a switch, in its ticket and the audit trail."""
        reason = str(error) or type(error).__name__
        run.fail(reason)
        self.audit.add(
            AuditEntry(
                at=utcnow(),
                principal=run.promotion.principal,
                action=f"{run.promotion.kind.value}-failed",
                subject=run.promotion.release,
                detail={"promotion": run.promotion.id, "reason": reason},
            )
        )
