"""A promotion under way, as its steps see it."""

from dataclasses import replace

from rag.domain import utcnow
from rag.ports import Lease, Progress
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
        """Do nothing while no other runner took over.

        Raises:
            LeaseHeld: one did.
        """
        self._lease.check()

    def enter(self, phase: PromotionPhase) -> None:
        """Note that a phase begins."""
        self._write(replace(self.promotion, phase=phase, updated_at=utcnow()))

    def advance(self, done: int, total: int) -> None:
        """Note how many passages are written to the index."""
        self._write(replace(self.promotion, done=done, total=total, updated_at=utcnow()))

    def fail(self, message: str) -> None:
        """Note why it ended without a switch."""
        self._write(
            replace(self.promotion, phase=PromotionPhase.FAILED, message=message, updated_at=utcnow())
        )

    def _write(self, promotion: Promotion) -> None:
        self.check()
        self.promotion = promotion
        self._promotions.put(promotion)
        if self._progress:
            self._progress(promotion.done, promotion.total, promotion.phase.value)
