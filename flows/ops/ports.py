"""What the operators' routes call, as Protocols: no more than that. Errors are those of `rag.errors`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from monitoring.domain import DriftReport
from rag.domain import AuditEntry, Replica
from retrain.domain import Approval, Candidate, Promotion


class Candidates(Protocol):
    """The candidates there are."""

    def get(self, candidate_id: str) -> Candidate:
        """Return one by its id or a prefix that fits it alone; NotFound where there is none."""
        ...

    def newest(self, limit: int = 50) -> list[Candidate]:
        """Return the newest first."""
        ...


class Approvals(Protocol):
    """What was decided."""

    def newest_for(self, candidate_id: str) -> Approval | None:
        """Return the newest decision on a candidate."""
        ...


class Approver(Protocol):
    """Writes down what people decide; InvalidInput and Conflict say why a decision cannot be made."""

    def approve(
        self, candidate_id: str, *, principal: str, comment: str = "", override: bool = False
    ) -> Approval:
        """Approve a candidate; `override` approves against the gate's verdict and takes a comment."""
        ...

    def reject(self, candidate_id: str, *, principal: str, comment: str = "") -> Approval:
        """Reject a candidate."""
        ...


class Switches(Protocol):
    """Takes in what is to be switched and returns its ticket at once; Conflict and ApprovalInvalid refuse it."""

    def promote(self, candidate_id: str, *, principal: str) -> Promotion:
        """Ask for the promotion of an approved candidate."""
        ...

    def rollback(self, *, principal: str, reason: str = "") -> Promotion:
        """Ask for the way back to the previous release."""
        ...


class Promotions(Protocol):
    """Promotions and rollbacks: those under way, and those that were."""

    def get(self, promotion_id: str) -> Promotion:
        """Return one by its id; NotFound where there is none."""
        ...

    def newest(self, limit: int = 20) -> list[Promotion]:
        """Return the newest first."""
        ...


class Replicas(Protocol):
    """The services that answer questions."""

    def alive(self, *, since: datetime) -> list[Replica]:
        """Return those heard of since then."""
        ...


class AuditTrail(Protocol):
    """Who did what."""

    def newest(self, limit: int = 100) -> list[AuditEntry]:
        """Return the newest first."""
        ...


class Reports(Protocol):
    """The drift reports there are."""

    def get(self, report_id: str) -> DriftReport:
        """Return one by its id or a prefix that fits it alone; NotFound where there is none."""
        ...

    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[DriftReport]:
        """Return the newest first."""
        ...


class Checks(Protocol):
    """Drift checks in the background."""

    def start(self) -> None:
        """Start one; LeaseHeld where one is under way."""
        ...

    def status(self) -> Mapping[str, object]:
        """Return whether one is ``running``, and the ``error`` with which the last one failed."""
        ...
