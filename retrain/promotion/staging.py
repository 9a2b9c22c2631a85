"""Staging: asks every live replica to load a release, and waits until all have."""

import contextlib
import time
from dataclasses import dataclass
from datetime import timedelta

from rag.domain import Deployment, Release, Replica, utcnow
from rag.errors import Conflict, EpochMoved, LeaseHeld, NotReady
from rag.ports import Leases, ReleaseStore, ReplicaStore
from rag.releases.deployed import ROLLBACK_LEASE
from retrain.domain import PromotionKind
from retrain.promotion.running import Run

_ALIVE_S = 30.0
"""A replica whose last heartbeat is older counts as gone, in seconds. It sends none while it loads an encoder."""


def alive(replicas: ReplicaStore) -> list[Replica]:
    """Return the replicas that have been heard of lately."""
    return replicas.alive(since=utcnow() - timedelta(seconds=_ALIVE_S))


@dataclass(frozen=True)
class Staging:
    """The hand-over to the replicas."""

    releases: ReleaseStore
    replicas: ReplicaStore
    leases: Leases
    timeout_s: float  # longest wait for all of them, in seconds
    poll_s: float = 0.2  # between two checks, in seconds

    def preload(self, run: Run, release: Release, epoch: int) -> bool:
        """Stage the release, and wait until every replica has loaded it; False where none is alive.

        A replica that dies meanwhile stops counting.

        Raises:
            NotReady: one took too long.
            EpochMoved: another switch came first.
            Conflict: a rollback is under way, which a promotion gives way to.
        """
        run.check()
        asked_at = utcnow()
        self._stage(run, release, epoch)
        give_up = time.monotonic() + self.timeout_s
        while True:
            run.check()
            deployment = self.releases.deployment()
            if deployment is None or not _staged(deployment, release.digest, epoch):
                raise EpochMoved("Another switch came first, so this one stopped; look again and repeat.")
            living = alive(self.replicas)
            # A heartbeat from before may speak of an index that has been closed since.
            waiting = [
                replica.id
                for replica in living
                if release.digest not in replica.ready or replica.heartbeat_at < asked_at
            ]
            if not waiting:
                return bool(living)
            if time.monotonic() > give_up:
                raise NotReady(
                    f"{len(waiting)} of {len(living)} replicas did not load release {release.digest[:12]} within "
                    f"{self.timeout_s:g} s: {', '.join(sorted(waiting))}. Nothing was switched; "
                    "see their logs, then repeat."
                )
            time.sleep(self.poll_s)

    def withdraw(self, release: str, epoch: int) -> None:
        """Tell the replicas that the release will not come, where they were told that it would."""
        deployment = self.releases.deployment()
        if deployment is not None and _staged(deployment, release, epoch):
            # Another switch between these two steps has taken the staging away itself.
            with contextlib.suppress(EpochMoved):
                self.releases.stage(None, expected_epoch=epoch)

    def _stage(self, run: Run, release: Release, epoch: int) -> None:
        if run.promotion.kind is PromotionKind.ROLLBACK:
            self.releases.stage(release.digest, expected_epoch=epoch)
            return
        try:
            # A rollback may take the place of a promotion that waits for replicas, never the other way round.
            with self.leases.hold(ROLLBACK_LEASE):
                self.releases.stage(release.digest, expected_epoch=epoch)
        except LeaseHeld as error:
            raise Conflict(
                "A rollback is under way, so this promotion stopped; look again and repeat."
            ) from error


def _staged(deployment: Deployment, release: str, epoch: int) -> bool:
    return deployment.epoch == epoch and deployment.staged == release
