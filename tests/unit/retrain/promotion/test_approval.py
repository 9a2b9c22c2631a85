"""What an approval is bound to, who may give it, and the key that signs it."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from rag.adapters.sql.stores import Stores
from rag.domain import utcnow
from rag.errors import ApprovalInvalid, Conflict, InvalidInput, NotFound
from retrain.adapters.sql.stores import RetrainStores, open_retrain_stores
from retrain.domain import (
    Approval,
    Candidate,
    CandidateStatus,
    Decision,
    Difference,
    Estimate,
    MetricRow,
    Outcome,
    Scorecard,
    TrainingReport,
    Verdict,
)
from retrain.promotion.approval import MAX_COMMENT, Approver, check, sign

KEY = b"k" * 32
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIVE = "3" * 64


def candidate(outcome: Outcome = Outcome.PROMOTE, *, candidate_id: str = "c1") -> Candidate:
    """Return a candidate that was evaluated against the live release."""
    half = Estimate(value=0.5, low=0.4, high=0.6)
    gain = Difference(value=0.05, low=0.03, high=0.07, p_value=0.001)
    return Candidate(
        id=candidate_id,
        tenant="default",
        encoder="1" * 64,
        release="2" * 64,
        incumbent="3" * 64,
        dataset="4" * 64,
        training=TrainingReport(
            lane="static", pairs=10, steps=5, epochs=1.0, seconds=1.0, best_dev=0.5, history=(), settings={}
        ),
        scorecard=Scorecard(
            dataset="4" * 64,
            incumbent="5" * 64,
            candidate="1" * 64,
            questions=100,
            passages=10,
            overall=(MetricRow(metric="recall@10", incumbent=half, candidate=half, difference=gain),),
        ),
        verdict=Verdict(outcome=outcome, reasons=("Because.",)),
    )


def approval(**changes: object) -> Approval:
    """Return a signed approval of `candidate()`; changes are made before it is signed."""
    of = candidate()
    plain = Approval(
        id="a1",
        candidate=of.id,
        decision=Decision.APPROVE,
        principal="ann",
        comment="fine",
        encoder=of.encoder,
        release=of.release,
        dataset=of.dataset,
        scorecard=of.scorecard.digest,
        incumbent=of.incumbent,
        decided_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
    return sign(replace(plain, **changes), KEY)  # type: ignore[arg-type]  # fields are named by the tests


def test_a_valid_approval_passes() -> None:
    """An approval of exactly this candidate, in time and unused, passes and is given back."""
    given = approval()

    assert check(given, candidate(), live=LIVE, key=KEY, now=NOW) == given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "has not been approved"),
        (approval(decision=Decision.REJECT), "was rejected by ann"),
        (approval(used_at=NOW), "was used already"),
        (approval(expires_at=NOW), "expired at 2026-03-01T12:00:00"),
        (approval(candidate="c2"), "is for candidate c2, not for c1"),
        (approval(encoder="9" * 64), "bound to the encoder 999999999999"),
        (approval(release="9" * 64), "bound to the release 999999999999"),
        (approval(dataset="9" * 64), "bound to the dataset 999999999999"),
        (approval(scorecard="9" * 64), "bound to the scorecard 999999999999"),
        (approval(incumbent="9" * 64), "bound to the incumbent 999999999999"),
        (replace(approval(), signature=""), "signature of approval a1 is wrong"),
        (replace(approval(), signature="ä"), "signature of approval a1 is wrong"),
    ],
)
def test_each_fault_is_refused_with_its_own_sentence(given: Approval | None, message: str) -> None:
    """None, rejected, used, expired, for something else, or badly signed: each is refused and named."""
    with pytest.raises(ApprovalInvalid, match=message):
        check(given, candidate(), live=LIVE, key=KEY, now=NOW)


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Approval) if field.name not in ("signature", "used_at")]
)
def test_every_field_is_signed(name: str) -> None:
    """Whatever is changed after signing, the signature no longer fits."""
    changed: dict[str, object] = {
        "decision": Decision.REJECT,
        "decided_at": NOW + timedelta(microseconds=1),
        "expires_at": NOW + timedelta(days=999),
    }
    tampered = replace(approval(), **{name: changed.get(name, "tampered")})  # type: ignore[arg-type]  # as above

    with pytest.raises(ApprovalInvalid, match="signature"):
        check(tampered, candidate(), live=LIVE, key=KEY, now=NOW)


def test_another_key_does_not_fit() -> None:
    """An approval signed with another key is refused."""
    with pytest.raises(ApprovalInvalid, match="signature"):
        check(approval(), candidate(), live=LIVE, key=b"x" * 32, now=NOW)


def test_the_signature_does_not_depend_on_the_time_zone() -> None:
    """A database may give the same moment back in another zone; the signature still fits."""
    east = timezone(timedelta(hours=2))
    given = approval()
    moved = replace(
        given, decided_at=given.decided_at.astimezone(east), expires_at=given.expires_at.astimezone(east)
    )

    assert check(moved, candidate(), live=LIVE, key=KEY, now=NOW) == moved


@pytest.mark.parametrize("live", [None, "8" * 64])
def test_the_incumbent_must_still_be_live(live: str | None) -> None:
    """An approval to replace a release that is no longer live is refused."""
    with pytest.raises(ApprovalInvalid, match="but live is"):
        check(approval(), candidate(), live=live, key=KEY, now=NOW)


def test_figures_changed_after_the_approval_are_noticed() -> None:
    """A scorecard whose figures no longer fit its digest is refused, though the digest was left as it was."""
    of = candidate()
    better = replace(of, scorecard=replace(of.scorecard, questions=10_000))

    with pytest.raises(ApprovalInvalid, match="bound to the scorecard"):
        check(approval(), better, live=LIVE, key=KEY, now=NOW)


@pytest.fixture
def retrain(stores: Stores, tmp_path: Path) -> RetrainStores:
    """The stores of retraining over a fresh SQLite file."""
    return open_retrain_stores(stores, tmp_path / "home")


@pytest.fixture
def approver(stores: Stores, retrain: RetrainStores) -> Approver:
    """Approvals that hold for a day."""
    return Approver(retrain.candidates, retrain.approvals, stores.releases, stores.audit, key=KEY, ttl_h=24.0)


def test_approving_signs_sets_the_status_and_is_audited(
    stores: Stores, retrain: RetrainStores, approver: Approver
) -> None:
    """What is stored passes the check, the candidate waits for its promotion, and the trail says who did it."""
    retrain.candidates.add(candidate())

    given = approver.approve("c1", principal="ann", comment="  looks good ")

    stored = retrain.approvals.newest_for("c1")
    assert stored == given
    assert check(stored, retrain.candidates.get("c1"), live=LIVE, key=KEY, now=utcnow()) == given
    assert given.comment == "looks good"
    assert given.expires_at - given.decided_at == timedelta(hours=24)
    assert retrain.candidates.get("c1").status is CandidateStatus.APPROVED
    entry = stores.audit.newest(1)[0]
    assert (entry.principal, entry.action, entry.subject) == ("ann", "approve", "c1")
    assert entry.detail["approval"] == given.id
    assert entry.detail["override"] is False


@pytest.mark.parametrize("outcome", [Outcome.REJECT, Outcome.INCONCLUSIVE])
def test_approving_against_the_verdict_takes_override_and_a_comment(
    stores: Stores, retrain: RetrainStores, approver: Approver, outcome: Outcome
) -> None:
    """Against the gate it takes both; then it is allowed, and the trail says that it was an override."""
    retrain.candidates.add(candidate(outcome))

    with pytest.raises(InvalidInput, match=r"verdict .* Because\. .*override"):
        approver.approve("c1", principal="ann", comment="I insist")
    with pytest.raises(InvalidInput, match="needs a comment"):
        approver.approve("c1", principal="ann", comment="  ", override=True)
    assert retrain.approvals.newest_for("c1") is None
    assert retrain.candidates.get("c1").status is CandidateStatus.EVALUATED

    approver.approve("c1", principal="ann", comment="I insist", override=True)
    assert stores.audit.newest(1)[0].detail["override"] is True


def test_rejecting_withdraws_an_approval(retrain: RetrainStores, approver: Approver) -> None:
    """The newest decision counts."""
    retrain.candidates.add(candidate())
    approver.approve("c1", principal="ann")

    approver.reject("c1", principal="bob", comment="on second thoughts")

    assert retrain.candidates.get("c1").status is CandidateStatus.REJECTED
    with pytest.raises(ApprovalInvalid, match="rejected by bob"):
        check(
            retrain.approvals.newest_for("c1"),
            retrain.candidates.get("c1"),
            live=LIVE,
            key=KEY,
            now=utcnow(),
        )


def test_a_promoted_candidate_is_not_rejected(retrain: RetrainStores, approver: Approver) -> None:
    """What serves is taken back by a rollback, not by a rejection."""
    retrain.candidates.add(replace(candidate(), status=CandidateStatus.PROMOTED))

    with pytest.raises(Conflict, match="roll back"):
        approver.reject("c1", principal="ann")


@pytest.mark.parametrize("decide", [Approver.approve, Approver.reject])
def test_comments_are_bounded_and_candidates_must_exist(
    retrain: RetrainStores, approver: Approver, decide: Callable[..., Approval]
) -> None:
    """A comment that is too long and a candidate that is not there are refused."""
    retrain.candidates.add(candidate())

    with pytest.raises(InvalidInput, match="2001 characters"):
        decide(approver, "c1", principal="ann", comment="x" * (MAX_COMMENT + 1))
    with pytest.raises(NotFound):
        decide(approver, "nobody", principal="ann")
