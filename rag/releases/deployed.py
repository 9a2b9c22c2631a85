"""What the deployment row says is live."""

from rag.domain import Deployment, Release
from rag.errors import NotReady
from rag.ports import ReleaseStore

PROMOTION_LEASE = "promotion"
"""Held while a release is built and made live, and while anything is deleted."""

ROLLBACK_LEASE = "rollback"
"""Held by a rollback from its start to its end, and by a promotion for the moment in which it stages."""


def deployed(releases: ReleaseStore) -> Deployment:
    """Return the deployment row.

    Raises:
        NotReady: nothing is live yet.
    """
    deployment = releases.deployment()
    if deployment is None:
        raise NotReady("Nothing is live yet: start `whetstone serve` once, which makes the first release.")
    return deployment


def live_release(releases: ReleaseStore) -> Release:
    """Return the release that is live.

    Raises:
        NotReady: nothing is live yet.
    """
    return releases.get(deployed(releases).release)


def alike(releases: ReleaseStore, digest: str) -> frozenset[str]:
    """Return the digests of the releases that differ from one by their calibrations alone; its own is among them.

    A calibration is fitted anew as documents change. What was decided on a release, and what is compared with it, holds
    for all of these.
    """
    known = releases.all()
    one = next((each for each in known if each.digest == digest), None)
    return frozenset({digest, *(each.digest for each in known if one is not None and each.is_as(one))})
