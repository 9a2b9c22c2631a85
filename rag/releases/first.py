"""The release that there is before any promotion."""

from rag.domain import Chunking, Deployment, Release, Retrieval
from rag.errors import SettingInvalid
from rag.ports import EncoderStore, ReleaseStore


def ensure_first_release(
    releases: ReleaseStore,
    encoders: EncoderStore,
    *,
    encoder_name: str,
    chunking: Chunking,
    retrieval: Retrieval,
    principal: str,
) -> Deployment:
    """Return the deployment; where there is none yet, make the first release and deploy it at epoch 1.

    Encoder and retrieval of a release that is live are what they are: they change by a promotion only.

    Raises:
        SettingInvalid: the chunking asked for is not that of the live release.
        NotFound: there is no such encoder.
    """
    deployment = releases.deployment()
    if deployment is None:
        digest = encoders.resolve(encoder_name)
        release = Release.create(
            encoder=digest,
            dimension=encoders.load(digest).dimension,
            chunking=chunking,
            retrieval=retrieval,
        )
        releases.add(release)
        deployment = releases.deploy_first(release.digest, principal=principal)
    live = releases.get(deployment.release).chunking
    if live != chunking:
        raise SettingInvalid(
            f"The documents are split into passages of {live.max_tokens} tokens with an overlap of "
            f"{live.overlap_tokens}, but the settings ask for {chunking.max_tokens} and "
            f"{chunking.overlap_tokens}. Set WHETSTONE_CHUNK_TOKENS={live.max_tokens} and "
            f"WHETSTONE_CHUNK_OVERLAP={live.overlap_tokens}, or start over in another WHETSTONE_HOME "
            "and ingest the documents again."
        )
    return deployment


def first_encoder(releases: ReleaseStore) -> str:
    """Return the digest of the first release's encoder: one that stays the same whatever is promoted.

    Raises:
        ValueError: there is no release.
    """
    return min(releases.all(), key=lambda release: release.created_at).encoder
