"""What may be deleted: indexes, encoders and cross-encoders that no release, candidate or promotion needs any more.

The rows in SQL stay: they are small, and they are the history.
"""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rag.domain import Deployment, Release, utcnow
from rag.errors import IndexLocked, IntegrityError
from rag.ports import EncoderStore, IndexCursors, IndexStore, Leases, ReleaseStore, RerankerStore
from rag.releases.deployed import PROMOTION_LEASE, ROLLBACK_LEASE
from rag.releases.first import first_encoder
from rag.releases.models import Models
from retrain.domain import ENDED, Candidate, CandidateStatus, Promotion
from retrain.ports import CandidateStore, PromotionStore

_WAITING = (CandidateStatus.EVALUATED, CandidateStatus.APPROVED)
"""Of candidates that wait for a decision or for their promotion."""

MIN_AGE_H = 24.0
"""How long a training run may take until a candidate names its encoder, in hours."""

INDEX_PREFIX = "whetstone-"
"""How the names of our indexes begin; others on the same server are left alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefacts:
    """Indexes and models by name: those that are there, that have to stay, or that go."""

    indexes: frozenset[str] = frozenset()  # names
    encoders: frozenset[str] = frozenset()  # digests; their cached embeddings go with them
    rerankers: frozenset[str] = frozenset()  # digests of cross-encoders

    def lines(self) -> list[str]:
        """Return a line for each of them, for people to read."""
        kinds = (("index", self.indexes), ("encoder", self.encoders), ("cross-encoder", self.rerankers))
        return [f"{kind} {name}" for kind, names in kinds for name in sorted(names)]


def plan(
    there: Artefacts,
    keep: Artefacts,
    *,
    deployment: Deployment | None,
    releases: Iterable[Release],
    candidates: Iterable[Candidate],
    promotions: Iterable[Promotion],
    rollback_window_h: float,
    now: datetime,
) -> Artefacts:
    """Return what of the artefacts that are `there` may be deleted. Pure.

    Kept are the live and the staged release; the previous one for `rollback_window_h` hours after the switch;
    releases of candidates that wait for a decision or for their promotion, and of switches that are under way.
    Kept with a release are its index, which others may share, its encoder with the one that it adapts, and its
    cross-encoder; what is in `keep` stays besides. Before the first release nothing may be deleted.
    """
    if deployment is None:
        return Artefacts()
    waiting = [candidate for candidate in candidates if candidate.status in _WAITING]
    needed = {deployment.release, deployment.staged}
    if now - deployment.changed_at < timedelta(hours=rollback_window_h):
        needed.add(deployment.previous)
    needed |= {candidate.release for candidate in waiting}
    needed |= {promotion.release for promotion in promotions if promotion.phase not in ENDED}
    kept = [release for release in releases if release.digest in needed]
    ours = frozenset(name for name in there.indexes if name.startswith(INDEX_PREFIX))
    encoders = {digest for release in kept for digest in (release.encoder, release.passages)}
    return Artefacts(
        indexes=ours - keep.indexes - {release.index_name for release in kept},
        encoders=there.encoders - keep.encoders - encoders - {candidate.encoder for candidate in waiting},
        rerankers=there.rerankers - keep.rerankers - {release.retrieval.reranker for release in kept},
    )


def kept_always(releases: ReleaseStore, models: Models, *, reranker: str | None) -> Artefacts:
    """Return what stays though no release needs it, since it would only be made or fetched again.

    Questions of all times are compared in the first release's encoder; encoders that settings may name stay, and so
    does the cross-encoder that they name for a first release.
    """
    first = {first_encoder(releases)} if releases.all() else set()
    named = models.rerankers.known(reranker) if reranker else None
    return Artefacts(
        encoders=models.encoders.aliases() | first,
        rerankers=frozenset({named} if named else ()),
    )


@dataclass(frozen=True, kw_only=True)
class GarbageCollector:
    """Deletes what `plan` allows, while nothing is promoted or rolled back."""

    releases: ReleaseStore
    candidates: CandidateStore
    promotions: PromotionStore
    indexes: IndexStore
    cursors: IndexCursors
    models: Models
    leases: Leases
    rollback_window_h: float
    min_age_h: float = MIN_AGE_H  # younger artefacts stay: no candidate may name them yet

    def collect(self, keep: Artefacts, *, dry_run: bool = False) -> Artefacts:
        """Delete what nothing needs and `keep` does not name; return what was deleted, with `dry_run` what would be.

        An index that a service has not let go of yet stays until the next time. LeaseHeld where a promotion or a
        rollback is running.
        """
        encoders, rerankers = self.models.encoders, self.models.rerankers
        with contextlib.ExitStack() as held:
            work = [held.enter_context(self.leases.hold(name)) for name in (PROMOTION_LEASE, ROLLBACK_LEASE)]
            garbage = plan(
                Artefacts(
                    indexes=frozenset(self.indexes.names()),
                    encoders=encoders.digests(),
                    rerankers=rerankers.digests(),
                ),
                keep,
                deployment=self.releases.deployment(),
                releases=self.releases.all(),
                candidates=self.candidates.having(*_WAITING),
                promotions=self.promotions.open(),
                rollback_window_h=self.rollback_window_h,
                now=utcnow(),
            )
            garbage = replace(
                garbage,
                encoders=self._old_enough(encoders, garbage.encoders),
                rerankers=self._old_enough(rerankers, garbage.rerankers),
            )
            if dry_run:
                return garbage

            def ours(doomed: Iterable[str]) -> Iterator[str]:
                """Yield them as long as nobody else may promote or roll back."""
                for each in sorted(doomed):
                    for lease in work:
                        lease.check()
                    yield each

            dropped = frozenset(name for name in ours(garbage.indexes) if self._drop(name))
            for digest in ours(garbage.encoders):
                self.models.cache.drop(digest)
                encoders.drop(digest)
            for digest in ours(garbage.rerankers):
                rerankers.drop(digest)
            return replace(garbage, indexes=dropped)

    def _old_enough(self, artefacts: EncoderStore | RerankerStore, digests: Iterable[str]) -> frozenset[str]:
        born_before = utcnow() - timedelta(hours=self.min_age_h)
        return frozenset(digest for digest in digests if _made_at(artefacts, digest) <= born_before)

    def _drop(self, name: str) -> bool:
        # Forgotten first: an index that nothing vouches for is made anew, half a one with a cursor would be trusted.
        seq = self.cursors.cursor(name)
        self.cursors.forget(name)
        try:
            self.indexes.drop(name)
        except IndexLocked:
            if seq is not None:
                self.cursors.set_cursor(name, seq)
            return False
        return True


def _made_at(artefacts: EncoderStore | RerankerStore, digest: str) -> datetime:
    try:
        return datetime.fromtimestamp(artefacts.path(digest).stat().st_mtime, tz=UTC)
    except IntegrityError:
        # Nobody needs it, and nobody could load it.
        return datetime.min.replace(tzinfo=UTC)
