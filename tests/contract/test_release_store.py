"""Releases and the deployment row, on every database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rag.adapters.sql.stores import Stores
from rag.domain import AuditEntry, Calibration, Chunking, Deployment, Release, Retrieval, utcnow
from rag.errors import ApprovalInvalid, EpochMoved, NotFound
from retrain.adapters.sql.stores import open_retrain_stores
from retrain.domain import (
    Approval,
    Candidate,
    Decision,
    Outcome,
    Scorecard,
    TrainingReport,
    Verdict,
)
from retrain.promotion.approval import sign

KEY = b"k" * 32


def make(encoder: str) -> Release:
    """Make a release."""
    return Release.create(
        encoder=encoder,
        dimension=384,
        chunking=Chunking(max_tokens=100, overlap_tokens=7),
        retrieval=Retrieval(top_k=3, threshold=0.1),
    )


OLD, NEW, OTHER = make("old"), make("new"), make("other")


def entry(action: str = "promote") -> AuditEntry:
    """Make an audit entry."""
    return AuditEntry(
        at=utcnow(), principal="ann", action=action, subject=NEW.digest, detail={"why": "better"}
    )


def candidate(**values: object) -> Candidate:
    """Make the candidate that would become NEW in the place of OLD."""
    made = Candidate(
        id="candidate",
        tenant="default",
        encoder=NEW.encoder,
        release=NEW.digest,
        incumbent=OLD.digest,
        dataset="d",
        training=TrainingReport(
            lane="static", pairs=1, steps=1, epochs=1.0, seconds=1.0, best_dev=0.5, history=(), settings={}
        ),
        scorecard=Scorecard(
            dataset="d",
            incumbent=OLD.encoder,
            candidate=NEW.encoder,
            questions=50,
            passages=1000,
            overall=(),
        ),
        verdict=Verdict(outcome=Outcome.PROMOTE, reasons=("Better.",)),
    )
    return replace(made, **values)  # type: ignore[arg-type] # one of the fields above


def approval(**values: object) -> Approval:
    """Make a signed approval of NEW in the place of OLD."""
    made = Approval(
        id="approval-1",
        candidate="candidate",
        decision=Decision.APPROVE,
        principal="ann",
        comment="",
        encoder=NEW.encoder,
        release=NEW.digest,
        dataset="d",
        scorecard=candidate().scorecard.digest,
        incumbent=OLD.digest,
        decided_at=utcnow(),
        expires_at=utcnow() + timedelta(hours=1),
    )
    return sign(replace(made, **values), KEY)  # type: ignore[arg-type] # one of the fields above


@pytest.fixture
def live(any_stores: Stores) -> Stores:
    """Stores with three releases, OLD live at epoch 1, NEW staged."""
    for release in (OLD, NEW, OTHER):
        any_stores.releases.add(release)
    any_stores.releases.deploy_first(OLD.digest, principal="local")
    any_stores.releases.stage(NEW.digest, expected_epoch=1)
    return any_stores


def test_a_release_comes_back_as_it_was_written(any_stores: Stores) -> None:
    """Chunking and retrieval included; written twice it is there once, as it was first."""
    any_stores.releases.add(OLD)
    any_stores.releases.add(replace(OLD, created_at=utcnow() + timedelta(days=1)))
    assert any_stores.releases.get(OLD.digest) == OLD
    with pytest.raises(NotFound, match="nothing-such"):
        any_stores.releases.get("nothing-such")


def test_releases_are_given_newest_first(any_stores: Stores) -> None:
    """In whatever order they were written."""
    aged = [
        replace(release, created_at=utcnow() - timedelta(days=days))
        for days, release in enumerate((OLD, NEW))
    ]
    for release in reversed(aged):
        any_stores.releases.add(release)
    assert any_stores.releases.all() == aged


def test_the_first_deployment(any_stores: Stores) -> None:
    """The first release is live at epoch 1; a second first one changes nothing."""
    releases = any_stores.releases
    assert releases.deployment() is None
    with pytest.raises(NotFound):
        releases.deploy_first(OLD.digest, principal="local")
    releases.add(OLD)
    releases.add(NEW)
    first = releases.deploy_first(OLD.digest, principal="local")
    assert first == Deployment(epoch=1, release=OLD.digest, changed_at=first.changed_at)
    assert releases.deploy_first(NEW.digest, principal="local") == first
    assert releases.deployment() == first
    assert [(e.action, e.subject) for e in any_stores.audit.newest()] == [("deploy_first", OLD.digest)]


def test_only_one_of_many_first_deployments_wins(open_any: Callable[[], Stores]) -> None:
    """Replicas that start together on an empty database agree on one release."""
    opened = [open_any() for _ in range(4)]
    candidates = [make(f"encoder {number}") for number in range(4)]
    together = threading.Barrier(4)

    def deploy(stores: Stores, release: Release) -> Deployment:
        stores.releases.add(release)
        together.wait()
        return stores.releases.deploy_first(release.digest, principal="local")

    with ThreadPoolExecutor(4) as pool:
        deployments = set(pool.map(deploy, opened, candidates))
    assert len(deployments) == 1
    assert len(opened[0].audit.newest()) == 1


def test_staging_and_withdrawing(live: Stores) -> None:
    """Staging keeps the epoch, needs the expected one, and a release that exists."""
    staged = live.releases.deployment()
    assert staged is not None
    assert (staged.epoch, staged.release, staged.staged) == (1, OLD.digest, NEW.digest)
    assert live.releases.stage(None, expected_epoch=1).staged is None
    with pytest.raises(EpochMoved, match="at epoch 7, it is at 1"):
        live.releases.stage(NEW.digest, expected_epoch=7)
    with pytest.raises(NotFound):
        live.releases.stage("nothing-such", expected_epoch=1)


def test_nothing_can_be_staged_or_switched_before_the_first(any_stores: Stores) -> None:
    """The message says that nothing is deployed."""
    any_stores.releases.add(NEW)
    with pytest.raises(EpochMoved, match="nothing is deployed"):
        any_stores.releases.stage(NEW.digest, expected_epoch=1)
    with pytest.raises(EpochMoved, match="nothing is deployed"):
        any_stores.releases.flip(NEW.digest, expected_epoch=1, entry=entry())


def test_a_flip_switches_and_writes_the_audit_entry(live: Stores) -> None:
    """Epoch + 1, the live one becomes the previous, nothing is staged; and the way back is the same."""
    flipped = live.releases.flip(NEW.digest, expected_epoch=1, entry=(written := entry()))
    expected = Deployment(
        epoch=2, release=NEW.digest, previous=OLD.digest, staged=None, changed_at=flipped.changed_at
    )
    assert flipped == expected
    assert live.releases.deployment() == expected
    assert live.audit.newest(1) == [written]
    live.releases.stage(OLD.digest, expected_epoch=2)
    back = live.releases.flip(OLD.digest, expected_epoch=2, entry=entry("rollback"))
    assert (back.epoch, back.release, back.previous) == (3, OLD.digest, NEW.digest)


def test_a_flip_needs_the_expected_epoch_and_the_staged_release(live: Stores) -> None:
    """Otherwise nothing changes, and no audit entry tells of what did not happen."""
    before = live.releases.deployment()
    with pytest.raises(EpochMoved, match="expected the deployment at epoch 2, it is at 1"):
        live.releases.flip(NEW.digest, expected_epoch=2, entry=entry())
    with pytest.raises(EpochMoved, match=f"staged is {NEW.digest}"):
        live.releases.flip(OTHER.digest, expected_epoch=1, entry=entry())
    live.releases.stage(None, expected_epoch=1)
    with pytest.raises(EpochMoved, match="staged is none"):
        live.releases.flip(NEW.digest, expected_epoch=1, entry=entry())
    after = live.releases.deployment()
    assert after is not None
    assert before is not None
    assert (after.epoch, after.release) == (before.epoch, before.release)
    assert [e.action for e in live.audit.newest()] == ["deploy_first"]


def test_only_one_of_many_flips_wins(open_any: Callable[[], Stores], live: Stores) -> None:
    """Two runners that switch at once: one switch, one audit entry, the others learn of the new epoch."""
    opened = [open_any() for _ in range(4)]
    together = threading.Barrier(4)

    def flip(stores: Stores) -> str:
        together.wait()
        try:
            return str(stores.releases.flip(NEW.digest, expected_epoch=1, entry=entry()).epoch)
        except EpochMoved:
            return "moved"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(flip, opened)) == ["2", "moved", "moved", "moved"]
    assert [e.action for e in live.audit.newest()] == ["promote", "deploy_first"]


def test_a_flip_uses_its_approval_up(live: Stores, tmp_path: Path) -> None:
    """An approval is good for one switch."""
    approvals = open_retrain_stores(live, tmp_path).approvals
    given = approval()
    approvals.add(given)
    permit = approvals.permit("approval-1", candidate(), key=KEY)
    live.releases.flip(NEW.digest, expected_epoch=1, entry=entry(), permit=permit)
    used = approvals.newest_for("candidate")
    assert used is not None
    assert used.used_at is not None
    assert used == replace(given, used_at=used.used_at)

    live.releases.stage(OLD.digest, expected_epoch=2)
    live.releases.flip(OLD.digest, expected_epoch=2, entry=entry("rollback"))
    live.releases.stage(NEW.digest, expected_epoch=3)
    with pytest.raises(ApprovalInvalid, match="was used already, at"):
        live.releases.flip(NEW.digest, expected_epoch=3, entry=entry(), permit=permit)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"decision": Decision.REJECT}, "was rejected by ann"),
        ({"release": OTHER.digest}, "bound to the release"),
        ({"incumbent": OTHER.digest}, "bound to the incumbent"),
        ({"expires_at": utcnow() - timedelta(seconds=1)}, "expired at"),
        ({"used_at": utcnow()}, "was used already, at"),
        ({"id": "approval-2"}, "approval-1 does not hold: a newer decision, approval-2"),
        ({"candidate": "another"}, "has not been approved"),
    ],
)
def test_a_flip_refuses_an_approval_that_does_not_hold(
    live: Stores, tmp_path: Path, wrong: dict[str, object], reason: str
) -> None:
    """Nothing is switched, nothing is used up, no audit entry is written, and the message says why."""
    approvals = open_retrain_stores(live, tmp_path).approvals
    approvals.add(given := approval(**wrong))
    before = live.releases.deployment()
    permit = approvals.permit("approval-1", candidate(), key=KEY)
    with pytest.raises(ApprovalInvalid, match=reason):
        live.releases.flip(NEW.digest, expected_epoch=1, entry=entry(), permit=permit)
    assert live.releases.deployment() == before
    assert approvals.newest_for(given.candidate) == given
    assert [e.action for e in live.audit.newest()] == ["deploy_first"]


def test_a_flip_refuses_an_approval_in_the_place_of_another_release(live: Stores, tmp_path: Path) -> None:
    """Candidate and approval agree on what they replace, and that is no longer live when the switch comes."""
    approvals = open_retrain_stores(live, tmp_path).approvals
    approvals.add(approval(incumbent=OTHER.digest))
    permit = approvals.permit("approval-1", candidate(incumbent=OTHER.digest), key=KEY)
    with pytest.raises(
        ApprovalInvalid, match=f"replaces release {OTHER.digest[:12]}, but live is {OLD.digest[:12]}"
    ):
        live.releases.flip(NEW.digest, expected_epoch=1, entry=entry(), permit=permit)
    assert (deployment := live.releases.deployment()) is not None
    assert deployment.release == OLD.digest


def test_a_flip_refuses_an_approval_that_another_key_signed(live: Stores, tmp_path: Path) -> None:
    """A row that somebody wrote into the database after the promotion began is found in the switch."""
    approvals = open_retrain_stores(live, tmp_path).approvals
    approvals.add(approval())
    permit = approvals.permit("approval-1", candidate(), key=b"x" * 32)
    with pytest.raises(ApprovalInvalid, match="signature of approval approval-1 is wrong"):
        live.releases.flip(NEW.digest, expected_epoch=1, entry=entry(), permit=permit)


def test_a_later_decision_withdraws_an_approval(live: Stores, tmp_path: Path) -> None:
    """Even where the later one was made on a machine whose clock is behind."""
    approvals = open_retrain_stores(live, tmp_path).approvals
    approvals.add(approval())
    later = approval(id="approval-2", decision=Decision.REJECT, decided_at=utcnow() - timedelta(days=1))
    approvals.add(later)
    assert approvals.newest_for("candidate") == later
    permit = approvals.permit("approval-1", candidate(), key=KEY)
    with pytest.raises(ApprovalInvalid, match="a newer decision, approval-2"):
        live.releases.flip(NEW.digest, expected_epoch=1, entry=entry(), permit=permit)


def test_a_shared_index_is_remembered(any_stores: Stores) -> None:
    """A release whose encoder adapts another one's questions comes back with both names, the other one with none."""
    adapter = Release.create(
        encoder="adapter",
        dimension=OLD.dimension,
        chunking=OLD.chunking,
        retrieval=replace(OLD.retrieval, threshold=0.2),
        passages=OLD.encoder,
        beside=OLD,
    )
    for release in (OLD, adapter):
        any_stores.releases.add(release)

    assert {OLD.digest: OLD, adapter.digest: adapter} == {
        release.digest: release for release in any_stores.releases.all()
    }
    assert (OLD.encoder, OLD.digest) == (adapter.adapts, adapter.shares)


FITTED = OLD.calibrated(
    Calibration(
        signs=("nearest", "words"), weights=(9.0, 0.5), bias=-3.0, passages=100, questions=60, change=7
    )
)


def test_a_renewal_is_no_switch(live: Stores) -> None:
    """The live release makes place, at the next epoch, with its audit entry; way back and time of it stay."""
    live.releases.flip(NEW.digest, expected_epoch=1, entry=entry())
    before = live.releases.deployment()
    assert before is not None
    fitted = NEW.calibrated(FITTED.support)

    renewed = live.releases.renew(fitted, expected_epoch=2, entry=(written := entry("calibrate")))

    assert renewed == replace(before, epoch=3, release=fitted.digest)
    assert live.releases.deployment() == renewed
    assert live.releases.get(fitted.digest) == fitted
    assert live.audit.newest()[0] == written


def test_a_renewal_waits_for_what_is_staged_and_needs_the_expected_epoch(live: Stores) -> None:
    """Anything else changes nothing, writes no release, and no audit entry."""
    before, audited = live.releases.deployment(), live.audit.newest()
    with pytest.raises(EpochMoved, match="staged"):
        live.releases.renew(FITTED, expected_epoch=1, entry=entry("calibrate"))
    live.releases.stage(None, expected_epoch=1)
    with pytest.raises(EpochMoved, match="expected the deployment at epoch 4, it is at 1"):
        live.releases.renew(FITTED, expected_epoch=4, entry=entry("calibrate"))
    assert before is not None
    assert live.releases.deployment() == replace(before, staged=None)
    assert live.audit.newest() == audited
    with pytest.raises(NotFound):
        live.releases.get(FITTED.digest)


def test_only_one_of_many_renewals_wins(any_stores: Stores, open_any: Callable[[], Stores]) -> None:
    """Replicas that fitted at once: one release, one audit entry, the others learn of the new epoch."""
    any_stores.releases.add(OLD)
    any_stores.releases.deploy_first(OLD.digest, principal="local")
    opened = [open_any() for _ in range(4)]
    together = threading.Barrier(4)

    def renew(number: int) -> str:
        fitted = OLD.calibrated(replace(FITTED.support, change=number))  # type: ignore[type-var] # it has one
        together.wait()
        try:
            return str(
                opened[number].releases.renew(fitted, expected_epoch=1, entry=entry("calibrate")).epoch
            )
        except EpochMoved:
            return "moved"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(renew, range(4)))

    assert outcomes == ["2", "moved", "moved", "moved"]
    assert [each.action for each in any_stores.audit.newest()].count("calibrate") == 1


def test_a_permit_holds_for_the_incumbent_in_all_its_calibrations(any_stores: Stores, tmp_path: Path) -> None:
    """What was approved to replace a release may replace it as it was calibrated since, and nothing else."""
    for release in (OLD, NEW, OTHER):
        any_stores.releases.add(release)
    any_stores.releases.deploy_first(OLD.digest, principal="local")
    any_stores.releases.renew(FITTED, expected_epoch=1, entry=entry("calibrate"))
    any_stores.releases.stage(NEW.digest, expected_epoch=2)
    approvals = open_retrain_stores(any_stores, tmp_path).approvals
    approvals.add(approval())

    strict = approvals.permit("approval-1", candidate(), key=KEY, incumbents={OLD.digest, OTHER.digest})
    with pytest.raises(ApprovalInvalid, match="but live is"):
        any_stores.releases.flip(NEW.digest, expected_epoch=2, entry=entry(), permit=strict)
    permit = approvals.permit("approval-1", candidate(), key=KEY, incumbents={OLD.digest, FITTED.digest})

    assert any_stores.releases.flip(NEW.digest, expected_epoch=2, entry=entry(), permit=permit).epoch == 3
