"""From measurements to findings: which test, at what level, and the sentence that says what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict
from monitoring.embedding_drift import ks_test, mmd_test
from monitoring.ports import WindowSample
from monitoring.recall_drift import baseline, hit_rate_drop_test, paired_drop_test
from monitoring.settings import DriftSettings
from monitoring.significance import Comparison, holm


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A finding whose test is done, before the level it is held to is known."""

    name: str
    comparison: Comparison
    reference: float | None  # the value in the reference, for metrics that have one
    current: float | None
    reference_count: int
    current_count: int
    drifted: str  # what to say where it is drift
    calm: str  # what to say where it is not


def judge(tests: Sequence[Measured | DriftFinding], alpha: float) -> tuple[DriftFinding, ...]:
    """Hold all tests together to the level `alpha`; findings that are settled already pass through."""
    decisions = holm({t.name: t.comparison.p_value for t in tests if isinstance(t, Measured)}, alpha)
    return tuple(_decide(t, *decisions[t.name]) if isinstance(t, Measured) else t for t in tests)


def question_findings(
    reference: WindowSample, current: WindowSample, settings: DriftSettings
) -> list[Measured | DriftFinding]:
    """Compare topics, and how near the best passage is."""
    counts = len(reference.vectors), len(current.vectors)
    if min(counts) < settings.min_questions:
        reason = (
            f"There are {counts[0]} questions before and {counts[1]} now; "
            f"{settings.min_questions} in each are needed."
        )
        return [_unsettled(name, reason, counts) for name in ("question_mmd", "top_score_ks")]

    findings: list[Measured | DriftFinding] = [
        Measured(
            name="question_mmd",
            comparison=mmd_test(
                reference.vectors, current.vectors, permutations=settings.permutations, seed=settings.seed
            ),
            reference=None,
            current=None,
            reference_count=counts[0],
            current_count=counts[1],
            drifted="People ask about other things than before",
            calm="People ask about the same things as before",
        )
    ]
    if reference.top_scores is None or current.top_scores is None:
        findings.append(
            _unsettled("top_score_ks", "There are no passages to compare questions with.", counts)
        )
        return findings
    before, now = float(np.median(reference.top_scores)), float(np.median(current.top_scores))
    change = f"the best passage's similarity to the question was {before:.3f} at the median and is {now:.3f}"
    findings.append(
        Measured(
            name="top_score_ks",
            comparison=ks_test(reference.top_scores, current.top_scores),
            reference=before,
            current=now,
            reference_count=counts[0],
            current_count=counts[1],
            drifted=(
                f"The documents fit the questions {'worse' if now < before else 'otherwise'} than before: "
                f"{change}"
            ),
            calm=f"The documents fit the questions as before: {change}",
        )
    )
    return findings


def golden_finding(
    recall: Mapping[str, float],
    *,
    gone: int,
    previous: Sequence[DriftReport],
    release: str,
    settings: DriftSettings,
) -> Measured | DriftFinding:
    """Compare golden questions' recall, question id -> value, with their baseline's.

    `gone` is how many of them ask for documents that are no longer there; they count as not found.
    """
    name = f"golden_recall@{settings.recall_k}"
    if len(recall) < settings.min_labelled:
        reason = f"There are {len(recall)} golden questions; {settings.min_labelled} are needed."
        return _unsettled(name, reason, (0, len(recall)))
    then = baseline(
        previous, metric=name, release=release, asked=recall.keys(), at_least=settings.min_labelled
    )
    if then is None:
        value = float(np.mean(list(recall.values())))
        return DriftFinding(
            name=name,
            statistic=None,
            threshold=None,
            p_value=None,
            reference=None,
            current=value,
            reference_count=0,
            current_count=len(recall),
            verdict=DriftVerdict.CALM,
            reason=f"Recall on {len(recall)} golden questions is {value:.1%}; later checks compare with it.",
        )
    both = sorted(recall.keys() & then.golden_recall.keys())
    before, now = (
        np.array([values[question] for question in both], float) for values in (then.golden_recall, recall)
    )
    change = (
        f"on {len(both)} golden questions it was {before.mean():.1%} on {then.created_at:%Y-%m-%d} "
        f"and is {now.mean():.1%}"
    )
    if gone:
        change += f" ({gone} ask for documents that are gone)"
    return Measured(
        name=name,
        comparison=paired_drop_test(before, now, permutations=settings.permutations, seed=settings.seed),
        reference=float(before.mean()),
        current=float(now.mean()),
        reference_count=len(both),
        current_count=len(both),
        drifted=f"Recall fell: {change}",
        calm=f"Recall did not fall beyond chance: {change}",
    )


def labelled_finding(
    reference: NDArray[np.float64], current: NDArray[np.float64], *, depth: int, settings: DriftSettings
) -> Measured | DriftFinding:
    """Compare hit_at_k of both windows, shapes (m,) and (n,), nan where nobody said what was right."""
    before, now = reference[~np.isnan(reference)], current[~np.isnan(current)]
    name = f"labelled_recall@{depth or settings.recall_k}"
    counts = len(before), len(now)
    if min(counts) < settings.min_labelled:
        reason = (
            f"People named the right passage of {counts[0]} questions before and {counts[1]} now; "
            f"{settings.min_labelled} in each are needed."
        )
        return _unsettled(name, reason, counts)
    change = (
        f"of the questions whose right passage people named, {before.mean():.1%} had it before "
        f"and {now.mean():.1%} now"
    )
    return Measured(
        name=name,
        comparison=hit_rate_drop_test(before, now),
        reference=float(before.mean()),
        current=float(now.mean()),
        reference_count=counts[0],
        current_count=counts[1],
        drifted=f"Right passages are found less often: {change}",
        calm=f"Right passages are not found less often beyond chance: {change}",
    )


def _decide(test: Measured, drift: bool, level: float) -> DriftFinding:
    comparison = test.comparison
    return DriftFinding(
        name=test.name,
        statistic=comparison.statistic,
        threshold=comparison.critical(level),
        p_value=comparison.p_value,
        reference=test.reference,
        current=test.current,
        reference_count=test.reference_count,
        current_count=test.current_count,
        verdict=DriftVerdict.DRIFT if drift else DriftVerdict.CALM,
        reason=(
            f"{test.drifted if drift else test.calm} "
            f"(p = {comparison.p_value:.3g}, drift at {level:.3g} or less; "
            f"{test.current_count} questions against {test.reference_count})."
        ),
    )


def _unsettled(name: str, reason: str, counts: tuple[int, int]) -> DriftFinding:
    return DriftFinding(
        name=name,
        statistic=None,
        threshold=None,
        p_value=None,
        reference=None,
        current=None,
        reference_count=counts[0],
        current_count=counts[1],
        verdict=DriftVerdict.NOT_ENOUGH_DATA,
        reason=reason,
    )
