"""Causes that findings, golden questions and documents tell, whatever is asked."""

from collections.abc import Mapping, Sequence

from monitoring.attribution.advising import REMEDIES, action_for, joined
from monitoring.attribution.evidence import GoldenLoss
from monitoring.domain import Cause, Diagnosis, DriftFinding, DriftVerdict
from monitoring.signals.documents import DocumentChanges

BROKEN = {"index": Cause.INDEX_BROKEN, "canaries": Cause.ENCODER_BROKEN}
"""Finding -> the cause that it tells by itself. All else follows from these, so that nothing else is looked for."""
DOCUMENTS = "documents"
GOLDEN, LIVE = "golden_recall", "live_recall"
"""How the names of both recalls begin; then comes @k."""

_MOST_OF = 0.5  # of the lost golden questions, from which on one reason stands for the loss


def broken(findings: Mapping[str, DriftFinding]) -> list[Diagnosis]:
    """Return what is broken: the encoder before the index, which is made with it."""
    return [
        _diagnosis(BROKEN[name], 0.95, findings[name].reason)
        for name in ("canaries", "index")
        if drifted(findings, name)
    ]


def lost(
    findings: Mapping[str, DriftFinding], golden: GoldenLoss | None, changes: DocumentChanges | None
) -> list[Diagnosis]:
    """Return why golden questions were lost: by documents, or by the release; and that documents went in a mass."""
    fell = drifted(findings, GOLDEN)
    found: list[Diagnosis] = []
    by_documents = golden.changed + golden.gone if golden else 0
    if fell and golden is not None and golden.lost and by_documents >= _MOST_OF * golden.lost:
        happened = {"are gone": golden.gone, "were changed": golden.changed}
        what = joined([f"of {count} {how}" for how, count in happened.items() if count])
        reason = (
            f"Of {golden.lost} golden questions that are found worse, the documents {what} since the recall they are "
            "compared with."
        )
        found.append(
            _diagnosis(Cause.DOCUMENTS_CHANGED, 0.6 + 0.35 * min(by_documents / golden.lost, 1.0), reason)
        )
    elif drifted(findings, DOCUMENTS):
        found.append(_diagnosis(Cause.DOCUMENTS_CHANGED, 0.85, findings[DOCUMENTS].reason))
    if fell and golden is not None and golden.at_switch and by_documents < golden.lost:
        rest = golden.lost - by_documents
        reason = (
            f"{rest} of {golden.asked} golden questions are found worse than under the release before, and "
            "their documents are as they were."
        )
        found.append(_diagnosis(Cause.RELEASE_WORSE, 0.5 + 0.45 * rest / golden.lost, reason))
    if fell and not found:
        found.append(
            _diagnosis(Cause.UNKNOWN, 0.5, _unexplained(findings[_named(findings, GOLDEN)], golden, changes))
        )
    return sorted(found, key=lambda each: -each.sureness)


def unexplained(findings: Sequence[DriftFinding], *, promoted: bool) -> Diagnosis:
    """Return what findings on questions tell where no question is new: the release, or nothing that can be named.

    `promoted`: the reference began with a promotion.
    """
    said = [each for each in findings if each.verdict is DriftVerdict.DRIFT]
    reason = " ".join(each.reason for each in said) or "Something changed."
    if promoted and any(each.name.startswith(LIVE) for each in said):
        reason = f"{reason} The questions are as they were, and another release serves since the promotion."
        return _diagnosis(Cause.RELEASE_WORSE, 0.6, reason)
    return _diagnosis(Cause.UNKNOWN, 0.5, f"{reason} No question tells why: they are as those before.")


def drifted(findings: Mapping[str, DriftFinding], name: str) -> bool:
    """Tell whether a finding, by its name or how its name begins, says drift."""
    named = _named(findings, name)
    return bool(named) and findings[named].verdict is DriftVerdict.DRIFT


def _named(findings: Mapping[str, DriftFinding], name: str) -> str:
    fit = [each for each in findings if each == name or each.startswith(f"{name}@")]
    return min(fit, key=lambda each: findings[each].verdict is not DriftVerdict.DRIFT, default="")


def _unexplained(finding: DriftFinding, golden: GoldenLoss | None, changes: DocumentChanges | None) -> str:
    seen = []
    if golden is not None:
        seen.append(
            f"documents of {golden.changed + golden.gone} of the {golden.lost} lost ones were changed or are gone"
        )
        if not golden.at_switch:
            seen.append("the same release serves as before")
    if changes is not None and changes.written:
        seen.append(
            f"{changes.written:,} documents came or were changed, and may stand before the right ones"
        )
    return f"{finding.reason.rstrip('.')}. {'; '.join(seen).capitalize() + '.' if seen else ''}".strip()


def _diagnosis(cause: Cause, sureness: float, reason: str) -> Diagnosis:
    remedy = REMEDIES[cause]
    return Diagnosis(
        cause=cause, remedy=remedy, sureness=round(sureness, 2), reason=reason, action=action_for(remedy)
    )
