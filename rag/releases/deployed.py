"""What the deployment row says is live."""

from rag.domain import Deployment, Release
from rag.errors import NotReady
from rag.ports import ReleaseStore


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
