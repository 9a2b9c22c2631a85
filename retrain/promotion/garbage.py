"""What may be deleted: indexes, encoders and cross-encoders that no release, candidate or promotion needs any more.

The rows in SQL stay: they are small, and they are the history.
"""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rag.domain import Deployment, Release, utcnow
from rag.errors import IndexLocked, IntegrityError
from rag.ports import (
    EmbeddingCache,
    EncoderStore,
    IndexCursors,
    IndexStore,
    Leases,
    ReleaseStore,
    RerankerStore,
)
from retrain.domain import Candidate, CandidateStatus, Promotion
from retrain.ports import CandidateStore, PromotionStore
from retrain.promotion.promoting import PROMOTION_LEASE
from retrain.promotion.requesting import ENDED
from retrain.promotion.staging import ROLLBACK_LEASE

_EVERY = 1_000_000  # "all of them", for stores that give the newest first

MIN_AGE_H = 24.0
"""How long a training run may take until a candidate names its encoder, in hours."""

INDEX_PREFIX = "whetstone-"
"""How the names of our indexes begin; others on the same server are left alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Garbage:
    """What may be deleted, or was."""

    indexes: tuple[str, ...]  # names, sorted
    encoders: tuple[str, ...]  # digests, sorted; their cached embeddings go with them
    rerankers: tuple[str, ...]  # digests of cross-encoders, sorted


def plan(
    *,
    deployment: Deployment | None,
    releases: Iterable[Release],
    candidates: Iterable[Candidate],
    promotions: Iterable[Promotion],
    indexes: Iterable[str],
    encoders: Iterable[str],
    rerankers: Iterable[str],
    keep_encoders: frozenset[str],
    keep_rerankers: frozenset[str],
    rollback_window_h: float,
    now: datetime,
) -> Garbage:
    """Say what may be deleted. Pure.

    Kept are the live and the staged release; the previous one for `rollback_window_h` hours after the switch;
    releases of candidates that wait for a decision or for their promotion, and of switches that are under way.
    Kept with a release are its index, which others may share, its encoder with the one that it adapts, and its
    cross-encoder; kept besides are those in `keep_encoders` and `keep_rerankers`. Before the first release nothing
    may be deleted.
    """
    if deployment is None:
        return Garbage(indexes=(), encoders=(), rerankers=())
    by_digest = {release.digest: release for release in releases}
    needed = {deployment.release, deployment.staged}
    if now - deployment.changed_at < timedelta(hours=rollback_window_h):
        needed.add(deployment.previous)
    open_status = (CandidateStatus.EVALUATED, CandidateStatus.APPROVED)
    candidates = list(candidates)
    needed |= {candidate.release for candidate in candidates if candidate.status in open_status}
    needed |= {promotion.release for promotion in promotions if promotion.phase not in ENDED}
    kept = [by_digest[digest] for digest in needed if digest in by_digest]
    kept_indexes = {release.index_name for release in kept}
    kept_encoders = (
        keep_encoders
        | {release.encoder for release in kept}
        | {release.passages for release in kept}
        | {candidate.encoder for candidate in candidates if candidate.status in open_status}
    )
    kept_rerankers = {release.retrieval.reranker for release in kept}
    return Garbage(
        indexes=tuple(sorted({name for name in indexes if name.startswith(INDEX_PREFIX)} - kept_indexes)),
        encoders=tuple(sorted(set(encoders) - kept_encoders)),
        rerankers=tuple(sorted(set(rerankers) - keep_rerankers - kept_rerankers)),
    )


def collect(
    *,
    releases: ReleaseStore,
    candidates: CandidateStore,
    promotions: PromotionStore,
    indexes: IndexStore,
    cursors: IndexCursors,
    encoders: EncoderStore,
    rerankers: RerankerStore,
    cache: EmbeddingCache,
    leases: Leases,
    keep_encoders: frozenset[str],
    keep_rerankers: frozenset[str],
    rollback_window_h: float,
    min_age_h: float = MIN_AGE_H,
    dry_run: bool = False,
) -> Garbage:
    """Delete what `plan` allows, while nothing is promoted or rolled back; give what was deleted.

    Args:
        releases: and the deployment row.
        candidates: those open keep their encoder and index.
        promotions: those open keep their index.
        indexes: where indexes are deleted; one that a service has not let go of yet stays until the next time.
        cursors: what is known of a deleted index is forgotten.
        encoders: where artefacts are deleted.
        rerankers: the same for cross-encoders.
        cache: where the embeddings of deleted encoders are deleted.
        leases: held meanwhile.
        keep_encoders: digests that must stay whatever happens: named ones, and monitoring's.
        keep_rerankers: the same of cross-encoders.
        rollback_window_h: how long the previous release stays, in hours.
        min_age_h: younger artefacts stay, because training made them and no candidate names them yet, in hours.
        dry_run: delete nothing, only say what would be.

    Raises:
        LeaseHeld: a promotion or a rollback is running.
    """
    with contextlib.ExitStack() as held:
        work = [held.enter_context(leases.hold(name)) for name in (PROMOTION_LEASE, ROLLBACK_LEASE)]
        garbage = plan(
            deployment=releases.deployment(),
            releases=releases.all(),
            candidates=candidates.newest(_EVERY),
            promotions=promotions.newest(_EVERY),
            indexes=indexes.names(),
            encoders=encoders.digests(),
            rerankers=rerankers.digests(),
            keep_encoders=keep_encoders,
            keep_rerankers=keep_rerankers,
            rollback_window_h=rollback_window_h,
            now=utcnow(),
        )
        born_before = utcnow() - timedelta(hours=min_age_h)
        garbage = replace(
            garbage,
            encoders=_born(encoders, garbage.encoders, before=born_before),
            rerankers=_born(rerankers, garbage.rerankers, before=born_before),
        )
        if dry_run:
            return garbage

        def ours(doomed: Iterable[str]) -> Iterator[str]:
            """Yield them as long as nobody else may promote or roll back."""
            for each in doomed:
                for lease in work:
                    lease.check()
                yield each

        dropped = [name for name in ours(garbage.indexes) if _drop(name, indexes, cursors)]
        for digest in ours(garbage.encoders):
            cache.drop(digest)
            encoders.drop(digest)
        for digest in ours(garbage.rerankers):
            rerankers.drop(digest)
        return replace(garbage, indexes=tuple(dropped))


def _born(
    artefacts: EncoderStore | RerankerStore, digests: Iterable[str], *, before: datetime
) -> tuple[str, ...]:
    return tuple(digest for digest in digests if _made_at(artefacts, digest) <= before)


def _made_at(artefacts: EncoderStore | RerankerStore, digest: str) -> datetime:
    try:
        return datetime.fromtimestamp(artefacts.path(digest).stat().st_mtime, tz=UTC)
    except IntegrityError:
        # Nobody needs it, and nobody could load it.
        return datetime.min.replace(tzinfo=UTC)


def _drop(name: str, indexes: IndexStore, cursors: IndexCursors) -> bool:
    # Forgotten first: an index that nothing vouches for is made anew, half a one with a cursor would be trusted.
    seq = cursors.cursor(name)
    cursors.forget(name)
    try:
        indexes.drop(name)
    except IndexLocked:
        if seq is not None:
            cursors.set_cursor(name, seq)
        return False
    return True
