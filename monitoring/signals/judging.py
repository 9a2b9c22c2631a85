"""What every signal hands in, and how all of them together are held to one level."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.domain import DriftFinding, DriftVerdict
from monitoring.significance import Comparison, holm


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A finding whose test is done, before the level it is held to is known."""

    name: str
    comparison: Comparison
    reference: float | None  # the value in the reference, for metrics that have one
    current: float | None
    counts: tuple[int, int]  # questions in the reference and now
    drifted: str  # what to say where it is drift
    calm: str  # what to say where it is not


def judge(tests: Sequence[Measured | DriftFinding], alpha: float) -> tuple[DriftFinding, ...]:
    """Return all findings, tests held together to the level `alpha`; what is settled already stays as it is."""
    decisions = holm({t.name: t.comparison.p_value for t in tests if isinstance(t, Measured)}, alpha)
    return tuple(_decide(t, *decisions[t.name]) if isinstance(t, Measured) else t for t in tests)


def untested(
    name: str,
    verdict: DriftVerdict,
    reason: str,
    *,
    counts: tuple[int, int],
    current: float | None = None,
) -> DriftFinding:
    """Return a finding without a test; `counts` are the questions in the reference and now."""
    return DriftFinding(
        name=name,
        statistic=None,
        threshold=None,
        p_value=None,
        reference=None,
        current=current,
        reference_count=counts[0],
        current_count=counts[1],
        verdict=verdict,
        reason=reason,
    )


def too_few_questions(name: str, counts: tuple[int, int], *, needed: int) -> DriftFinding | None:
    """Return the finding where a window holds fewer questions than needed; None where both hold enough."""
    if min(counts) >= needed:
        return None
    reason = f"There are {counts[0]} questions before and {counts[1]} now; {needed} in each are needed."
    return untested(name, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=counts)


def _decide(test: Measured, drift: bool, level: float) -> DriftFinding:
    comparison = test.comparison
    return DriftFinding(
        name=test.name,
        statistic=comparison.statistic,
        threshold=comparison.critical(level),
        p_value=comparison.p_value,
        reference=test.reference,
        current=test.current,
        reference_count=test.counts[0],
        current_count=test.counts[1],
        verdict=DriftVerdict.DRIFT if drift else DriftVerdict.CALM,
        reason=(
            f"{test.drifted if drift else test.calm} "
            f"(p = {comparison.p_value:.3g}, drift at {level:.3g} or less; "
            f"{test.counts[1]} questions against {test.counts[0]})."
        ),
    )
