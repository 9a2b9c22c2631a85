"""Approval: a person's signed decision, bound to exactly what was decided on."""

import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

from rag.domain import AuditEntry, new_id, utcnow
from rag.errors import ApprovalInvalid, Conflict, InvalidInput
from rag.ports import AuditLog, ReleaseStore
from rag.releases.deployed import alike
from retrain.domain import Approval, Candidate, CandidateStatus, Decision, Outcome
from retrain.ports import ApprovalStore, CandidateStore

MAX_COMMENT = 2_000
"""Longest comment, characters."""

_UNSIGNED = frozenset({"signature", "used_at"})  # the one is the result, the other is set after signing


def sign(approval: Approval, key: bytes) -> Approval:
    """Return the approval with its signature: HMAC-SHA-256 over the canonical JSON of its other fields.

    Left out is `used_at`, which the switch sets later.
    """
    return replace(approval, signature=_signature(approval, key))


def check(
    approval: Approval | None,
    candidate: Candidate,
    *,
    live: str | None,
    key: bytes,
    now: datetime,
) -> Approval:
    """Return the approval where it allows to make the candidate live now.

    This is the one rule of what may be promoted. It is asked before a promotion starts and in the transaction that
    switches. `approval` is the newest decision on the candidate, `live` the digest of the release it replaces: the
    candidate's incumbent's where the live release differs from that one by its calibration alone.

    Raises:
        ApprovalInvalid: there is none, or it is a rejection, expired, used, not signed with the key, for
            anything but this candidate, or what it replaces is no longer live; the message says which.
    """
    if approval is None:
        raise ApprovalInvalid(f"Candidate {candidate.id} has not been approved; ask an approver to do so.")
    # First, because nothing else it says can be relied on.
    if not hmac.compare_digest(approval.signature.encode(), _signature(approval, key).encode()):
        raise ApprovalInvalid(
            f"The signature of approval {approval.id} is wrong: it was changed, or signed with another key. "
            "Approve again."
        )
    if approval.candidate != candidate.id:
        raise ApprovalInvalid(
            f"Approval {approval.id} is for candidate {approval.candidate}, not for {candidate.id}."
        )
    if approval.decision is not Decision.APPROVE:
        raise ApprovalInvalid(
            f"Candidate {candidate.id} was rejected by {approval.principal} at {_when(approval.decided_at)}."
        )
    if approval.used_at is not None:
        raise ApprovalInvalid(
            f"Approval {approval.id} was used already, at {_when(approval.used_at)}; "
            "each switch takes a new one."
        )
    if now >= approval.expires_at:
        raise ApprovalInvalid(
            f"Approval {approval.id} expired at {_when(approval.expires_at)}; approve again."
        )
    _check_bound(approval, candidate)
    if approval.incumbent != live:
        raise ApprovalInvalid(
            f"Approval {approval.id} replaces release {approval.incumbent[:12]}, but live is "
            f"{live[:12] if live else 'none'}; evaluate the candidate against that one first."
        )
    return approval


def check_not_live(candidate: Candidate, live: Collection[str]) -> None:
    """Raise Conflict where the candidate's release is the live one, in whichever of its calibrations `live`."""
    if candidate.release in live:
        raise Conflict(f"Release {candidate.release[:12]} of candidate {candidate.id} is live already.")


def _check_bound(approval: Approval, candidate: Candidate) -> None:
    bound = {
        "encoder": (approval.encoder, candidate.encoder),
        "release": (approval.release, candidate.release),
        "dataset": (approval.dataset, candidate.dataset),
        # Derived anew, so that figures changed after the approval show.
        "scorecard": (approval.scorecard, replace(candidate.scorecard, digest="").digest),
        "incumbent": (approval.incumbent, candidate.incumbent),
    }
    for name, (approved, actual) in bound.items():
        if approved != actual:
            raise ApprovalInvalid(
                f"Approval {approval.id} is bound to the {name} {approved[:12]}, "
                f"but candidate {candidate.id} has {actual[:12]}; look again and approve anew."
            )


@dataclass(frozen=True)
class Approver:
    """Takes down what people decide on candidates."""

    candidates: CandidateStore
    approvals: ApprovalStore
    releases: ReleaseStore
    audit: AuditLog
    key: bytes = field(repr=False)  # signs them
    ttl_h: float  # how long an approval holds, hours

    def approve(
        self, candidate_id: str, *, principal: str, comment: str = "", override: bool = False
    ) -> Approval:
        """Approve a candidate, also one that was rejected or approved before: the newest decision counts.

        The id may be a prefix that fits one alone. A verdict that is not "promote" takes `override` and a comment.

        Raises:
            NotFound: there is no such candidate.
            Conflict: its release is live already.
            InvalidInput: `override` or its comment is missing, or the comment is longer than `MAX_COMMENT`.
        """
        comment = _checked(comment)
        candidate = self.candidates.get(candidate_id)
        deployment = self.releases.deployment()
        check_not_live(candidate, alike(self.releases, deployment.release) if deployment else ())
        against = candidate.verdict.outcome is not Outcome.PROMOTE
        if against and not override:
            raise InvalidInput(
                f"The gate's verdict on candidate {candidate.id} is {candidate.verdict.outcome.value!r}: "
                f"{' '.join(candidate.verdict.reasons)} "
                "To approve it all the same, say override and give a comment."
            )
        if against and not comment:
            raise InvalidInput(
                f"An approval against the verdict {candidate.verdict.outcome.value!r} needs a comment "
                "that says why."
            )
        return self._decide(candidate, Decision.APPROVE, principal, comment, override=against)

    def reject(self, candidate_id: str, *, principal: str, comment: str = "") -> Approval:
        """Reject a candidate; an approval given before no longer counts.

        Raises:
            NotFound: there is no such candidate.
            Conflict: it has been promoted.
            InvalidInput: the comment is too long.
        """
        comment = _checked(comment)
        candidate = self.candidates.get(candidate_id)
        if candidate.status is CandidateStatus.PROMOTED:
            raise Conflict(
                f"Candidate {candidate.id} has been promoted; to stop its release from serving, roll back."
            )
        return self._decide(candidate, Decision.REJECT, principal, comment, override=False)

    def _decide(
        self, candidate: Candidate, decision: Decision, principal: str, comment: str, *, override: bool
    ) -> Approval:
        now = utcnow()
        approval = sign(
            Approval(
                id=new_id(),
                candidate=candidate.id,
                decision=decision,
                principal=principal,
                comment=comment,
                encoder=candidate.encoder,
                release=candidate.release,
                dataset=candidate.dataset,
                scorecard=candidate.scorecard.digest,
                incumbent=candidate.incumbent,
                decided_at=now,
                expires_at=now + timedelta(hours=self.ttl_h),
            ),
            self.key,
        )
        approved = decision is Decision.APPROVE
        self.approvals.add(approval)
        self.candidates.set_status(
            candidate.id, CandidateStatus.APPROVED if approved else CandidateStatus.REJECTED
        )
        self.audit.add(
            AuditEntry(
                at=now,
                principal=principal,
                action=decision.value,
                subject=candidate.id,
                detail={
                    "approval": approval.id,
                    "verdict": candidate.verdict.outcome.value,
                    "override": override,
                    "release": candidate.release,
                    "comment": comment,
                },
            )
        )
        return approval


def _signature(approval: Approval, key: bytes) -> str:
    content = {
        field.name: _plain(getattr(approval, field.name))
        for field in fields(approval)
        if field.name not in _UNSIGNED
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()


def _plain(value: str | datetime | Decision) -> str:
    if isinstance(value, datetime):
        # One moment has one text, whatever zone and precision a database returns it in.
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def _checked(comment: str) -> str:
    comment = comment.strip()
    if len(comment) > MAX_COMMENT:
        raise InvalidInput(
            f"The comment has {len(comment)} characters; at most {MAX_COMMENT} are kept. Shorten it."
        )
    return comment


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
