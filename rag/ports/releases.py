"""What serves, and who is at work on it."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from rag.domain import AuditEntry, Deployment, Release, Replica


class Permit(Protocol):
    """What allows one switch. It is used up in the transaction that switches."""

    def use(self, connection: Any, *, release: str, replaces: str | None) -> None:
        """Check in the switch's own transaction that it still holds, and mark it as used there.

        Args:
            connection: the store's own; a permit is made for one kind of store.
            release: digest of the release that is live from now on.
            replaces: digest of the one that was live until now.

        Raises:
            ApprovalInvalid: it does not hold, or no longer; nothing is switched.
        """


class ReleaseStore(Protocol):
    """Releases and the one row that says which is live."""

    def add(self, release: Release) -> None:
        """Write one; the same digest again does nothing."""

    def get(self, digest: str) -> Release:
        """Return one; NotFound where there is no such release."""

    def all(self) -> list[Release]:
        """Return all, newest first."""

    def deployment(self) -> Deployment | None:
        """Return the deployment row; None before the first release."""

    def deploy_first(self, release: str, *, principal: str) -> Deployment:
        """Make the first release live at epoch 1, or return what is live already; NotFound where there is none."""

    def stage(self, release: str | None, *, expected_epoch: int) -> Deployment:
        """Ask the replicas to load a release; None withdraws.

        Raises:
            EpochMoved: the deployment is at another epoch.
            NotFound: there is no such release.
        """

    def flip(
        self, release: str, *, expected_epoch: int, entry: AuditEntry, permit: Permit | None = None
    ) -> Deployment:
        """Switch, in one transaction with the audit entry: epoch + 1, the live one becomes the previous.

        The permit is used in the same transaction, where the switch needs one.

        Raises:
            EpochMoved: the deployment is at another epoch, or this release is not the staged one.
            ApprovalInvalid: the permit does not hold, or no longer.
        """

    def renew(self, release: Release, *, expected_epoch: int, entry: AuditEntry) -> Deployment:
        """Write a release and put it in the place of the live one, in one transaction with the audit entry: epoch + 1.

        It is no switch: the previous release stays the one to go back to, and for as long as it would have.

        Raises:
            EpochMoved: the deployment is at another epoch, or a release is staged.
        """


class ReplicaStore(Protocol):
    """Which serving processes live, and what each has loaded."""

    def beat(self, replica: Replica) -> None:
        """Write or renew a replica's row."""

    def leave(self, replica_id: str) -> None:
        """Remove a replica that ends."""

    def alive(self, *, since: datetime) -> list[Replica]:
        """Return those whose heartbeat is not older than `since`."""


class Leases(Protocol):
    """Keeps a second runner out of one piece of work."""

    def hold(self, name: str, *, ttl_s: float = 30.0) -> AbstractContextManager["Lease"]:
        """Hold the lease while in the context, renewing it in the background; LeaseHeld where somebody else has it."""

    def held(self, name: str) -> bool:
        """Tell whether somebody holds it now; asking keeps nobody out."""


class Lease(Protocol):
    """A lease held."""

    token: int  # grows with every new holder

    def check(self) -> None:
        """Raise LeaseHeld where it was lost, because it could not be renewed in time."""
