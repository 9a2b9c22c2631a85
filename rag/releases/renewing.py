"""The live release gets another calibration or threshold: over the same index, and the way back stays."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from rag.domain import AuditEntry, Deployment, Release, utcnow
from rag.errors import Conflict, EpochMoved, InvalidInput, LeaseHeld
from rag.ports import Leases, ReleaseStore
from rag.releases.deployed import PROMOTION_LEASE, ROLLBACK_LEASE, deployed, live_release

logger = logging.getLogger(__name__)


def check_calm(releases: ReleaseStore, leases: Leases) -> None:
    """Raise where a switch is under way, which nothing may disturb.

    Raises:
        LeaseHeld: a promotion or a rollback is running.
        Conflict: a release is staged.
    """
    with ExitStack() as held:
        _enter(held, releases, leases)


def renew(
    releases: ReleaseStore,
    leases: Leases,
    made: Release,
    *,
    replaces: Release,
    principal: str,
    action: str,
    detail: Mapping[str, Any],
) -> Deployment:
    """Put `made` in the place of the live release `replaces`, whose index it has; write why into the audit trail.

    The previous release stays the one to go back to. Where it is killed nothing has happened, or all of it.

    Raises:
        LeaseHeld, Conflict: as for `check_calm`.
        EpochMoved: something else is live.
    """
    with ExitStack() as held:
        deployment = _enter(held, releases, leases)
        if deployment.release != replaces.digest:
            raise EpochMoved(
                f"Live is release {deployment.release[:12]}, no longer {replaces.digest[:12]}; look again and repeat."
            )
        entry = AuditEntry(
            at=utcnow(),
            principal=principal,
            action=action,
            subject=made.digest,
            detail={"replaces": replaces.digest, **detail},
        )
        return releases.renew(made, expected_epoch=deployment.epoch, entry=entry)


def renew_if_calm(
    releases: ReleaseStore,
    leases: Leases,
    made: Release,
    live: Release,
    *,
    principal: str,
    action: str,
    detail: Mapping[str, Any],
) -> Release:
    """Put `made` in the place of the live release and return it; `live` where a switch is under way, or was.

    As `renew`, but that it is no error where it cannot be done now.
    """
    try:
        renew(releases, leases, made, replaces=live, principal=principal, action=action, detail=detail)
    except (LeaseHeld, Conflict, EpochMoved) as error:
        logger.warning("release %s stays as it is: %s", live.digest[:16], error)
        return live
    return made


def answer_from(releases: ReleaseStore, leases: Leases, threshold: float, *, principal: str) -> Release:
    """Have questions answered from that support on; return the release that is live with it.

    Raises:
        InvalidInput: it is no probability.
        NotReady: nothing is live yet.
        LeaseHeld, Conflict, EpochMoved: as for `renew`.
    """
    if not 0 <= threshold <= 1:
        raise InvalidInput(
            f"A threshold is a probability from 0 to 1, 0 refuses nothing; {threshold:g} is none."
        )
    live = live_release(releases)
    made = live.answering_from(threshold)
    if made is not live:
        detail = {"from": live.retrieval.threshold, "to": threshold}
        renew(releases, leases, made, replaces=live, principal=principal, action="threshold", detail=detail)
    return made


def _enter(held: ExitStack, releases: ReleaseStore, leases: Leases) -> Deployment:
    """Keep promotions and rollbacks out for a moment: they count on the epoch they began with."""
    for name in (PROMOTION_LEASE, ROLLBACK_LEASE):
        held.enter_context(leases.hold(name))
    deployment = deployed(releases)
    if deployment.staged is not None:
        raise Conflict(
            f"Release {deployment.staged[:12]} is staged, so a switch is under way; repeat when it is through."
        )
    return deployment
