"""What the operators' routes call beside the stores, whose ports are those of rag, retrain and monitoring."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from monitoring.domain import Alarm
from retrain.domain import Approval, Promotion


class Decisions(Protocol):
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


class AlarmDecisions(Protocol):
    """Writes down what people say of alarms; NotFound, and Conflict where one has ended already."""

    def acknowledge(self, alarm_id: str, *, tenant: str, principal: str, comment: str = "") -> Alarm:
        """Write that somebody knows of it; return it as it is then."""
        ...

    def end(self, alarm_id: str, *, tenant: str, principal: str, comment: str) -> Alarm:
        """End it by a person's word; return it as it is then."""
        ...


class Accepts(Protocol):
    """Takes a person's word that what people ask and find now is as it should be."""

    def accept(self, *, tenant: str, principal: str, comment: str) -> Sequence[Alarm]:
        """Begin the reference anew; return the alarms that this ends."""
        ...


class Checks(Protocol):
    """Drift checks in the background."""

    def start(self, tenant: str) -> None:
        """Start one of a tenant's questions; LeaseHeld where one is under way."""
        ...

    def status(self) -> Mapping[str, object]:
        """Return whether one is ``running``, and the ``error`` with which the last one failed."""
        ...
