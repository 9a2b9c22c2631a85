"""The release that there is before any promotion."""

from dataclasses import replace

from rag.domain import Chunking, Deployment, Release, Retrieval
from rag.ports import ReleaseStore
from rag.releases.models import Models


def ensure_first_release(
    releases: ReleaseStore,
    models: Models,
    *,
    encoder: str,
    reranker: str | None = None,
    chunking: Chunking,
    retrieval: Retrieval,
    principal: str,
) -> Deployment:
    """Return the deployment; where there is none yet, make the first release and deploy it at epoch 1.

    Encoder and retrieval of a release that is live are what they are: they change by a promotion only. Encoder and
    cross-encoder are given by their names.

    Raises:
        NotFound: there is no such model.
    """
    deployment = releases.deployment()
    if deployment is not None:
        return deployment
    digest = models.encoders.resolve(encoder)
    if reranker is not None:
        retrieval = replace(retrieval, reranker=models.rerankers.resolve(reranker))
    dimension = models.encoders.load(digest).dimension
    release = Release.create(encoder=digest, dimension=dimension, chunking=chunking, retrieval=retrieval)
    releases.add(release)
    return releases.deploy_first(release.digest, principal=principal)


def first_encoder(releases: ReleaseStore) -> str:
    """Return the digest of the first release's encoder: one that stays the same whatever is promoted.

    Raises:
        ValueError: there is no release.
    """
    return min(releases.all(), key=lambda release: release.created_at).encoder
