"""Promotion and rollback: makes another release live, so that no question fails and no way back is lost.

Build the index and verify it (`retrain.promotion.building`), hand it over and wait until every live replica has
loaded it (`retrain.promotion.staging`), flip. Every step can be repeated and can be killed anywhere; a lease keeps a
second runner out.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag.domain import AuditEntry, Release, utcnow
from rag.errors import EpochMoved, IndexLocked, IntegrityError, LeaseHeld, NotFound
from rag.ports import (
    AuditLog,
    DocumentStore,
    EmbeddingCache,
    EncoderStore,
    IndexCursors,
    IndexStore,
    Lease,
    Leases,
    Progress,
    ReleaseStore,
    ReplicaStore,
    RerankerStore,
)
from rag.releases.indexing import Indexing
from rag.releases.trials import Scratch
from retrain.domain import Candidate, CandidateStatus, EvalQuestion, Promotion, PromotionPhase
from retrain.ports import ApprovalStore, CandidateStore, DatasetStore, PromotionStore
from retrain.promotion.building import IndexBuilder
from retrain.promotion.requesting import SwitchRequests
from retrain.promotion.running import Run
from retrain.promotion.staging import ROLLBACK_LEASE, Staging

PROMOTION_LEASE = "promotion"
"""Held while a release is built and made live, and while anything is deleted."""


class Promoter:
    """Carries out switches of the live release."""

    def __init__(
        self,
        *,
        releases: ReleaseStore,
        replicas: ReplicaStore,
        documents: DocumentStore,
        cursors: IndexCursors,
        encoders: EncoderStore,
        indexes: IndexStore,
        indexing: Indexing,
        cache: EmbeddingCache,
        datasets: DatasetStore,
        candidates: CandidateStore,
        approvals: ApprovalStore,
        promotions: PromotionStore,
        leases: Leases,
        audit: AuditLog,
        key: bytes,
        scratch: Scratch,
        verify_sample: int,
        preload_timeout_s: float,
        seed: int,
        rerankers: RerankerStore | None = None,
        lease_ttl_s: float = 30.0,
        poll_s: float = 0.2,
    ) -> None:
        """Take the stores, and what a verification and the wait for the replicas may cost.

        Args:
            releases: the deployment row.
            replicas: who serves, and what each has loaded.
            documents: the corpus.
            cursors: how far each index has come.
            encoders: the artefacts.
            indexes: where indexes live.
            indexing: fills an index.
            cache: embeddings of passages.
            datasets: for the gate questions of a candidate.
            candidates: what may be promoted.
            approvals: what people decided.
            promotions: where progress is shown.
            leases: keep a second runner out.
            audit: failures are written there; a switch is written with the flip.
            key: checks the approvals' signatures.
            scratch: where a release is tried out that does more than compare vectors.
            verify_sample: passages, and gate questions, that are compared before a switch.
            preload_timeout_s: how long the replicas may take to load a release, in seconds.
            seed: of the samples.
            rerankers: the cross-encoders that releases may name.
            lease_ttl_s: how long after a kill another runner may go on, in seconds.
            poll_s: time between two looks at the replicas, in seconds.
        """
        self._builder = IndexBuilder(
            documents=documents,
            cursors=cursors,
            encoders=encoders,
            indexes=indexes,
            indexing=indexing,
            cache=cache,
            scratch=scratch,
            rerankers=rerankers,
            verify_sample=verify_sample,
            seed=seed,
        )
        self._requests = SwitchRequests(releases, candidates, approvals, promotions, key=key)
        self._staging = Staging(releases, replicas, leases, timeout_s=preload_timeout_s, poll_s=poll_s)
        self._releases = releases
        self._encoders = encoders
        self._datasets = datasets
        self._candidates = candidates
        self._promotions = promotions
        self._leases = leases
        self._audit = audit
        self._lease_ttl_s = lease_ttl_s

    def promote(
        self,
        candidate_id: str,
        *,
        principal: str,
        promotion_id: str | None = None,
        progress: Progress | None = None,
    ) -> Promotion:
        """Make an approved candidate's release live; go on with what an earlier, broken-off call began.

        Args:
            candidate_id: its id, or a prefix that fits it alone.
            principal: who asked.
            promotion_id: the ticket `SwitchRequests.promote` wrote; None: the open one, or a new one.
            progress: called with (passages done, total, phase).

        Returns:
            The promotion, done.

        Raises:
            Conflict: the release is live already, or a rollback is under way.
            ApprovalInvalid: there is no valid approval for exactly this, now or at the switch.
            LeaseHeld: another promotion is running.
            VerificationFailed: the new index does not hold what it should; nothing was switched.
            NotReady: a replica did not load the release in time; nothing was switched.
            EpochMoved: another switch came first; nothing was switched.
        """
        candidate = self._candidates.get(candidate_id)
        with self._work(PROMOTION_LEASE, promotion_id) as lease:
            if promotion_id:
                ticket = self._requests.promotion(promotion_id, candidate)
            else:
                ticket = self._requests.open_promotion(candidate) or self._requests.promote(
                    candidate.id, principal=principal
                )
            if ticket.phase is PromotionPhase.DONE:
                return ticket
            if self._requests.switched(candidate):
                return self._finish(ticket, candidate, progress)
            run = Run(ticket, self._promotions, lease, progress)
            epoch = self._requests.deployment().epoch
            with self._recording(run, epoch):
                self._requests.admit(candidate)
                self._requests.fail_abandoned(ticket)
                release = self._release_of(candidate)
                questions = self._datasets.get(candidate.dataset).gate
                self._prepare(run, release, epoch, questions, tenant=candidate.tenant)
                run.enter(PromotionPhase.FLIP)
                # Once more: it may have been withdrawn, or have expired, while the index was built.
                approval = self._requests.admit(self._candidates.get(candidate.id))
                self._flip(run, epoch, approval=approval, detail={"candidate": candidate.id})
            return self._finish(run.promotion, candidate, progress)

    def rollback(
        self,
        *,
        principal: str,
        reason: str = "",
        promotion_id: str | None = None,
        progress: Progress | None = None,
    ) -> Promotion:
        """Make the previous release live again; the one that was live becomes the previous.

        So a second rollback goes forward again. It needs no approval, and it does not wait for a promotion that is
        still being built: that one then ends with an error and switches nothing.

        Args:
            principal: who asked.
            reason: kept in the audit trail.
            promotion_id: the ticket `SwitchRequests.rollback` wrote; None: one that was broken off, or a new one.
            progress: called with (passages done, total, phase).

        Returns:
            The rollback, done.

        Raises:
            Conflict: there is no previous release.
            LeaseHeld: another rollback is running.
            VerificationFailed: no service is running, and the index of that release does not hold what it should.
            NotReady: a replica did not load the release in time; nothing was switched.
            EpochMoved: another switch came first; nothing was switched.
        """
        with self._work(ROLLBACK_LEASE, promotion_id) as lease:
            if promotion_id:
                ticket = self._requests.rollback_ticket(promotion_id)
            else:
                ticket = self._requests.open_rollback() or self._requests.rollback(
                    principal=principal, reason=reason
                )
            if ticket.phase is PromotionPhase.DONE:
                return ticket
            deployment = self._requests.deployment()
            if ticket.phase is PromotionPhase.FLIP and ticket.release == deployment.release:
                return self._finish(ticket, None, progress)
            run = Run(ticket, self._promotions, lease, progress)
            with self._recording(run, deployment.epoch):
                if ticket.release != deployment.previous:
                    raise EpochMoved(
                        f"Release {ticket.release[:12]} is no longer the previous one; ask for a rollback again."
                    )
                self._prepare(run, self._releases.get(ticket.release), deployment.epoch, (), tenant="")
                run.enter(PromotionPhase.FLIP)
                # A failed ticket's message tells why it failed, not why it was asked for.
                asked = ticket.message if ticket.phase is not PromotionPhase.FAILED else ""
                detail = {"reason": reason or asked}
                self._flip(run, deployment.epoch, approval=None, detail=detail)
            return self._finish(run.promotion, None, progress)

    def _prepare(
        self, run: Run, release: Release, epoch: int, questions: Sequence[EvalQuestion], *, tenant: str
    ) -> None:
        """Have the index ready, and the release loaded by every live replica."""
        if release.encoder not in self._encoders.digests():
            raise NotFound(
                f"The encoder {release.encoder[:12]} of release {release.digest[:12]} was deleted; "
                "train and evaluate anew."
            )
        deployment = self._requests.deployment()
        live = self._releases.get(deployment.release)
        if release.index_name == live.index_name and self._builder.filled(release):
            # It was verified when it was built, and is the live release's to keep up to date, not ours to open.
            self._builder.check_models(release)
            run.enter(PromotionPhase.PRELOAD)
            self._staging.preload(run, release, epoch)
            return
        # A service keeps these two open and up to date by itself; opening them here would fail, or steal them.
        kept = release.digest in (deployment.previous, deployment.staged) and self._builder.exists(release)

        def served() -> bool:
            return kept and bool(self._staging.alive())

        if served():
            run.enter(PromotionPhase.PRELOAD)
            if self._staging.preload(run, release, epoch):
                return
        # No service has it: there never was one, or it died meanwhile. One that starts now must not open it.
        self._staging.withdraw(release.digest, epoch)
        try:
            self._builder.build(release, questions, tenant=tenant, run=run, served=served)
        except IndexLocked:
            # A service that was still starting was faster, and looks after the index from now on.
            if not served():
                raise
        run.enter(PromotionPhase.PRELOAD)
        self._staging.preload(run, release, epoch)

    def _flip(self, run: Run, epoch: int, *, approval: str | None, detail: Mapping[str, str]) -> None:
        run.check()
        promotion = run.promotion
        entry = AuditEntry(
            at=utcnow(),
            principal=promotion.principal,
            action=promotion.kind.value,
            subject=promotion.release,
            detail={
                "promotion": promotion.id,
                "replaces": self._requests.deployment().release,
                "approval": approval,
                **detail,
            },
        )
        self._releases.flip(promotion.release, expected_epoch=epoch, entry=entry, approval=approval)

    def _finish(
        self, promotion: Promotion, candidate: Candidate | None, progress: Progress | None
    ) -> Promotion:
        """Write down a switch that has happened."""
        if candidate:
            self._candidates.set_status(candidate.id, CandidateStatus.PROMOTED)
        done = replace(promotion, phase=PromotionPhase.DONE, updated_at=utcnow())
        self._promotions.put(done)
        if progress:
            progress(done.done, done.total, done.phase.value)
        return done

    def _release_of(self, candidate: Candidate) -> Release:
        release = self._releases.get(candidate.release)
        if release.encoder != candidate.encoder:
            raise IntegrityError(
                f"Candidate {candidate.id} has the encoder {candidate.encoder[:12]}, but its release "
                f"{release.digest[:12]} names {release.encoder[:12]}; train and evaluate anew."
            )
        return release

    @contextlib.contextmanager
    def _work(self, lease_name: str, promotion_id: str | None) -> Iterator[Lease]:
        with contextlib.ExitStack() as stack:
            try:
                lease = stack.enter_context(self._leases.hold(lease_name, ttl_s=self._lease_ttl_s))
            except LeaseHeld as error:
                if promotion_id:
                    self._requests.refuse(promotion_id, str(error))
                raise
            yield lease

    @contextlib.contextmanager
    def _recording(self, run: Run, epoch: int) -> Iterator[None]:
        """Leave things in order where the work fails; what is killed is taken up by the next call instead."""
        try:
            yield
        except LeaseHeld:
            raise  # The work, its ticket and the staging are another runner's now.
        except Exception as error:
            self._staging.withdraw(run.promotion.release, epoch)
            reason = str(error) or type(error).__name__
            run.fail(reason)
            self._audit.add(
                AuditEntry(
                    at=utcnow(),
                    principal=run.promotion.principal,
                    action=f"{run.promotion.kind.value}-failed",
                    subject=run.promotion.release,
                    detail={"promotion": run.promotion.id, "reason": reason},
                )
            )
            raise
