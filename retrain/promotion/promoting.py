"""Promotion and rollback: makes another release live, so that no question fails and no way back is lost.

Build the index and verify it (`retrain.promotion.building`), hand it over and wait until every live replica has
loaded it (`retrain.promotion.staging`), flip. Every step can be repeated and can be killed anywhere; a lease keeps a
second runner out.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.domain import AuditEntry, Release, utcnow
from rag.errors import EpochMoved, IndexLocked, IntegrityError, LeaseHeld
from rag.ports import Lease, Permit, Progress, ReleaseStore
from rag.releases.deployed import PROMOTION_LEASE, ROLLBACK_LEASE, alike, deployed
from retrain.domain import Candidate, CandidateStatus, EvalQuestion, Promotion, PromotionPhase
from retrain.ports import CandidateStore, DatasetStore
from retrain.promotion.building import IndexBuilder
from retrain.promotion.requesting import SwitchRequests
from retrain.promotion.running import Run, Runs
from retrain.promotion.staging import Staging, alive


@dataclass(frozen=True, kw_only=True)
class Promoter:
    """Carries out switches of the live release."""

    requests: SwitchRequests
    builder: IndexBuilder
    staging: Staging
    runs: Runs
    releases: ReleaseStore
    datasets: DatasetStore
    candidates: CandidateStore

    def promote(
        self,
        candidate_id: str,
        *,
        principal: str,
        promotion_id: str | None = None,
        progress: Progress | None = None,
    ) -> Promotion:
        """Make an approved candidate's release live, going on where an earlier call was broken off; return it done.

        The ticket is the one that `SwitchRequests.promote` wrote, else the open one, or a new one. Progress is called
        with (passages done, total, phase).

        Raises:
            Conflict: the release is live already, or a rollback is under way.
            ApprovalInvalid: there is no valid approval for exactly this, now or at the switch.
            LeaseHeld: another promotion is running.
            VerificationFailed: the new index does not hold what it should; nothing was switched.
            NotReady: a replica did not load the release in time; nothing was switched.
            EpochMoved: another switch came first; nothing was switched.
        """
        candidate = self.candidates.get(candidate_id)
        with self._work(PROMOTION_LEASE, promotion_id) as lease:
            if promotion_id:
                ticket = self.requests.promotion(promotion_id, candidate)
            else:
                ticket = self.requests.open_promotion(candidate) or self.requests.promote(
                    candidate.id, principal=principal
                )
            if ticket.phase is PromotionPhase.DONE:
                return ticket
            run = self.runs.begin(ticket, lease, progress)
            if self.requests.switched(candidate):
                return self._finish(run, candidate)
            epoch = deployed(self.releases).epoch
            with self._recording(run, epoch):
                self.requests.admit(candidate)
                self.requests.fail_abandoned(ticket)
                release = self._release_of(candidate)
                questions = self.datasets.get(candidate.dataset).gate
                self._prepare(run, release, epoch, questions, tenant=candidate.tenant)
                run.enter(PromotionPhase.FLIP)
                # Once more: it may have been withdrawn, or have expired, while the index was built.
                candidate = self.candidates.get(candidate.id)
                approval = self.requests.admit(candidate)
                permit = self.requests.permit(approval, candidate)
                self._flip(run, epoch, permit, {"approval": approval, "candidate": candidate.id})
            return self._finish(run, candidate)

    def rollback(
        self,
        *,
        principal: str,
        reason: str = "",
        promotion_id: str | None = None,
        progress: Progress | None = None,
    ) -> Promotion:
        """Make the previous release live again, the one that was live the previous; return the rollback, done.

        So a second rollback goes forward again. It needs no approval, and it does not wait for a promotion that is
        still being built: that one then ends with an error and switches nothing. Ticket and progress are as for
        `promote`; the reason is kept in the audit trail.

        Raises:
            Conflict: there is no previous release.
            LeaseHeld: another rollback is running.
            VerificationFailed: no service is running, and the index of that release does not hold what it should.
            NotReady: a replica did not load the release in time; nothing was switched.
            EpochMoved: another switch came first; nothing was switched.
        """
        with self._work(ROLLBACK_LEASE, promotion_id) as lease:
            if promotion_id:
                ticket = self.requests.rollback_ticket(promotion_id)
            else:
                ticket = self.requests.open_rollback() or self.requests.rollback(
                    principal=principal, reason=reason
                )
            if ticket.phase is PromotionPhase.DONE:
                return ticket
            run = self.runs.begin(ticket, lease, progress)
            deployment = deployed(self.releases)
            flipping = ticket.phase is PromotionPhase.FLIP
            if flipping and deployment.release in alike(self.releases, ticket.release):
                return run.finish()
            with self._recording(run, deployment.epoch):
                if ticket.release != deployment.previous:
                    raise EpochMoved(
                        f"Release {ticket.release[:12]} is no longer the previous one; ask for a rollback again."
                    )
                self._prepare(run, self.releases.get(ticket.release), deployment.epoch, (), tenant="")
                run.enter(PromotionPhase.FLIP)
                # A failed ticket's message tells why it failed, not why it was asked for.
                asked = ticket.message if ticket.phase is not PromotionPhase.FAILED else ""
                self._flip(run, deployment.epoch, None, {"approval": None, "reason": reason or asked})
            return run.finish()

    def _prepare(
        self, run: Run, release: Release, epoch: int, questions: Sequence[EvalQuestion], *, tenant: str
    ) -> None:
        """Make the index ready, and let every live replica load the release."""
        self.builder.need_encoder(release)
        deployment = deployed(self.releases)
        live = self.releases.get(deployment.release)
        if release.index_name == live.index_name and self.builder.filled(release):
            # It was verified when it was built, and is the live release's to keep up to date, not ours to open.
            self.builder.check_models(release)
            run.enter(PromotionPhase.PRELOAD)
            self.staging.preload(run, release, epoch)
            return
        # A service keeps these two open and up to date by itself; opening them here would fail, or steal them.
        cared_for = [each for each in (deployment.previous, deployment.staged) if each is not None]
        kept = self.builder.exists(release) and any(
            self.releases.get(each).index_name == release.index_name for each in cared_for
        )

        def served() -> bool:
            return kept and bool(alive(self.staging.replicas))

        if served():
            run.enter(PromotionPhase.PRELOAD)
            if self.staging.preload(run, release, epoch):
                return
        # No service has it: there never was one, or it died meanwhile. One that starts now must not open it.
        self.staging.withdraw(release.digest, epoch)
        try:
            self.builder.build(release, questions, tenant=tenant, run=run, served=served)
        except IndexLocked:
            # A service that was still starting was faster, and looks after the index from now on.
            if not served():
                raise
        run.enter(PromotionPhase.PRELOAD)
        self.staging.preload(run, release, epoch)

    def _flip(self, run: Run, epoch: int, permit: Permit | None, detail: Mapping[str, str | None]) -> None:
        run.check()
        promotion = run.promotion
        entry = AuditEntry(
            at=utcnow(),
            principal=promotion.principal,
            action=promotion.kind.value,
            subject=promotion.release,
            detail={"promotion": promotion.id, "replaces": deployed(self.releases).release, **detail},
        )
        self.releases.flip(promotion.release, expected_epoch=epoch, entry=entry, permit=permit)

    def _finish(self, run: Run, candidate: Candidate) -> Promotion:
        """Write down a promotion that has happened."""
        self.candidates.set_status(candidate.id, CandidateStatus.PROMOTED)
        return run.finish()

    def _release_of(self, candidate: Candidate) -> Release:
        release = self.releases.get(candidate.release)
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
                lease = stack.enter_context(self.runs.hold(lease_name))
            except LeaseHeld as error:
                if promotion_id:
                    self.requests.refuse(promotion_id, str(error))
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
            self.staging.withdraw(run.promotion.release, epoch)
            self.runs.note_failure(run, error)
            raise
