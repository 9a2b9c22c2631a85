"""The gate: may a candidate be offered for promotion? A pure function of scorecard and policy.

It is an intersection-union test (Berger, 1982): one metric has to be better, and every guarded one has to be
shown to be no worse than a margin. All must hold together, so asking about many metrics makes a promotion by
luck rarer, not likelier, and no correction for multiple comparisons is needed. What is corrected for is looking at
the same gate questions again (`retrain.verdict.power.level`), and refusing over any of many slices (Bonferroni).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

from rag.errors import SettingInvalid
from retrain.domain import Difference, MetricRow, Outcome, Scorecard, Slice, Verdict
from retrain.verdict.power import level, smallest_effect
from retrain.verdict.slices import ANCHORS, GUARD

HEADLINE = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10")
"""The metrics that must not get worse, whichever one has to get better."""

_INTERVAL = 2 * NormalDist().inv_cdf(0.975)
"""Width of a 95 % interval in standard errors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a candidate has to show."""

    metric: str = "recall@10"  # the one that has to be better
    alpha: float = 0.05  # two-sided level of the paired test on it, over all looks at a gate set together
    min_questions: int = 50  # fewest questions a verdict, or a slice's word in it, rests on
    margin: float = 0.02  # how much worse a guarded metric may be, 0 to 1; 0.02 is 2 percent points
    # Of every slice without a margin of its own below, other wordings of the questions (robustness) among them.
    # A slice is a part of all questions: a loss of 5 points in an eighth of them is 0.6 points overall, within
    # what the headline margin accepts, and more than that one would notice as a topic that has got bad.
    slice_margin: float = 0.05
    # Anchors were picked for being found, so chance alone can only lose some of them, however good the candidate
    # is: two points would refuse whatever exchanges a few ranks. Being within the margin need not be shown, as the
    # expected loss of a candidate that is no worse is not 0; what every metric must not lose is guarded above.
    anchor_metric: str = "accuracy@5"  # the hit rate by which they were picked
    anchor_margin: float = (
        0.1  # share of them that may be lost, by a candidate or by all since they were frozen
    )
    guard_margin: float = 0.02  # as `margin`: general knowledge counts like today's questions
    latency_ratio: float = 1.5  # most that embedding a question may take beside the incumbent
    size_ratio: float = 2.0  # most that the artefact may weigh beside the incumbent's
    most_looks: int = 20  # looks at a gate set before it has to be replaced
    # A passage may well come first more often once questions are understood better; what is asked is that a person
    # looks where it does for more than this share of all questions, and by more than chance.
    concentration: float = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class _Guard:
    """One metric, overall or in a slice, that must not get worse."""

    name: str  # as it stands in a reason
    difference: Difference
    margin: float  # what is worse by more than this for certain is refused
    proven: bool = True  # whether being within the margin has to be shown, or only the contrary not to be
    level: float = 1.0  # p-value that harm has to be below, beside its interval


def decide(scorecard: Scorecard, policy: Policy) -> Verdict:
    """Return the verdict on a candidate by its scorecard.

    Promote: the interval of the metric's difference lies above 0, its p-value is below the level of this look, every
    headline metric is worse by no more than the margin at its interval's low end, and so is the policy's metric in
    every slice whose own minimum detectable effect is within the slice's margin. A slice too small for that can hardly
    prove that it is within a margin: asked to, nearly nothing would ever be promoted. What it can show is harm, and
    must not.

    Reject: both encoders are the same, the metric's interval lies below 0, a headline metric is worse by more than the
    margin even at its interval's high end, a slice that can prove its margin, or the anchors, are beyond theirs for
    certain, a smaller one is worse for certain (interval below 0 and p-value no larger than alpha over the number of
    slices), it adds to a loss of anchors that is beyond their margin since they were frozen, or the encoder is slower
    or larger than its limits.

    Otherwise, and whenever there are too few questions, the gate set was looked at too often, or one passage gained too
    many first places, inconclusive.

    Differences are candidate minus incumbent with 95 % intervals, whatever alpha says. A figure that is not a number
    proves nothing, so it never promotes and never rejects.

    Raises:
        SettingInvalid: the policy's metric is not on the scorecard.
    """
    if scorecard.candidate == scorecard.incumbent:
        reason = f"Nothing changed: both sides are the encoder {scorecard.candidate[:12]}."
        return Verdict(outcome=Outcome.REJECT, reasons=(reason,))

    main = _main_row(scorecard, policy).difference
    if scorecard.questions < policy.min_questions:
        reason = (
            f"Only {scorecard.questions} held-back questions; a verdict takes at least "
            f"{policy.min_questions}. Seen so far: {_change(policy.metric, main)}."
        )
        return Verdict(outcome=Outcome.INCONCLUSIVE, reasons=(reason,))

    guards = list(_guards(scorecard, policy))
    if losses := [*_losses(main, guards, policy), *_costs(scorecard, policy)]:
        return Verdict(outcome=Outcome.REJECT, reasons=tuple(losses))
    doubts = [
        *_doubts(main, guards, scorecard, policy),
        *_worn(scorecard, policy),
        *_planted(scorecard, policy),
    ]
    if doubts:
        return Verdict(outcome=Outcome.INCONCLUSIVE, reasons=tuple(doubts))
    return Verdict(
        outcome=Outcome.PROMOTE,
        reasons=(
            f"{_change(policy.metric, main)}: better, p = {main.p_value:.4f}, "
            f"{scorecard.questions} questions.",
            f"None of {len(guards)} guarded figures is worse by more than its margin.",
            *_unguarded(scorecard),
        ),
    )


def _main_row(scorecard: Scorecard, policy: Policy) -> MetricRow:
    try:
        return scorecard.row(policy.metric)
    except KeyError:
        measured = ", ".join(row.metric for row in scorecard.overall) or "none"
        raise SettingInvalid(
            f"The gate's metric {policy.metric!r} is not on the scorecard; measured are: {measured}. "
            "Set WHETSTONE_RETRAIN_GATE_METRIC to one of them."
        ) from None


def _guards(scorecard: Scorecard, policy: Policy) -> Iterator[_Guard]:
    for row in scorecard.overall:
        if row.metric in HEADLINE and row.metric != policy.metric:
            yield _Guard(name=row.metric, difference=row.difference, margin=policy.margin)
    parts = [part for part in scorecard.slices if part.questions >= policy.min_questions]
    for part in parts:
        yield from _slice_guard(part, policy, policy.alpha / len(parts))


def _slice_guard(part: Slice, policy: Policy, harm_level: float) -> Iterator[_Guard]:
    metric, margin = policy.metric, policy.slice_margin
    if part.name == ANCHORS:
        metric, margin = policy.anchor_metric, policy.anchor_margin
    elif part.name == GUARD:
        margin = policy.guard_margin
    for row in part.rows:
        if row.metric != metric:
            continue
        name = f"{row.metric} in {part.name} ({part.questions} questions)"
        error = (row.difference.high - row.difference.low) / _INTERVAL
        provable = smallest_effect(error, 0.05) <= margin
        if part.name == ANCHORS:
            yield _Guard(name=name, difference=row.difference, margin=margin, proven=False)
            # What earlier promotions lost is held against a candidate that loses more, and against no other.
            if row.incumbent.value < 1 and row.difference.high < 0:
                whole = f"{name}, since they were frozen"
                yield _Guard(name=whole, difference=_since(row), margin=margin, proven=False)
        elif provable:
            yield _Guard(name=name, difference=row.difference, margin=margin)
        else:
            yield _Guard(name=name, difference=row.difference, margin=0.0, proven=False, level=harm_level)


def _since(row: MetricRow) -> Difference:
    """Return the anchors' hit rate less what it was when they were frozen, which is 1 by what anchors are."""
    now = row.candidate
    return Difference(value=now.value - 1, low=now.low - 1, high=now.high - 1, p_value=row.difference.p_value)


def _losses(main: Difference, guards: list[_Guard], policy: Policy) -> list[str]:
    losses = []
    if main.high < 0:
        losses.append(f"{_change(policy.metric, main)}: worse.")
    losses += [
        f"{_change(guard.name, guard.difference)}: worse by more than the margin of {_points(guard.margin)}."
        for guard in guards
        if guard.difference.high < -guard.margin and guard.difference.p_value <= guard.level
    ]
    return losses


def _doubts(main: Difference, guards: list[_Guard], scorecard: Scorecard, policy: Policy) -> list[str]:
    doubts = []
    # Each condition is what has to be shown, negated: a comparison with nan is false, so nan stays a doubt.
    if not main.low > 0:
        doubts.append(f"{_change(policy.metric, main)}: the interval does not lie above 0.")
    elif not main.p_value < level(policy.alpha, scorecard.look):
        doubts.append(
            f"{_change(policy.metric, main)}: p = {main.p_value:.4f} is not below "
            f"{level(policy.alpha, scorecard.look):.4f}, the level of look {scorecard.look} at these questions."
        )
    doubts += [
        f"{_change(guard.name, guard.difference)}: may be worse by more than the margin of "
        f"{_points(guard.margin)}."
        for guard in guards
        if not _within(guard)
    ]
    measured = {row.metric for row in scorecard.overall}
    doubts += [f"{metric} was not measured." for metric in HEADLINE if metric not in measured]
    return doubts


def _within(guard: _Guard) -> bool:
    if guard.proven:
        return guard.difference.low >= -guard.margin
    # Harm that would have been certain was refused before; what is left to doubt is a figure that is no number.
    return guard.difference.high >= -guard.margin or guard.difference.p_value > guard.level


def _costs(scorecard: Scorecard, policy: Policy) -> Iterator[str]:
    costs = scorecard.costs
    if costs is None:
        return
    if costs.candidate_ms > policy.latency_ratio * costs.incumbent_ms:
        yield (
            f"Embedding a question takes {costs.candidate_ms:.2f} ms, the incumbent {costs.incumbent_ms:.2f} ms: more "
            f"than {policy.latency_ratio:g} times as long."
        )
    if costs.candidate_bytes > policy.size_ratio * costs.incumbent_bytes:
        yield (
            f"The encoder has {costs.candidate_bytes / 1e6:.1f} MB, the incumbent {costs.incumbent_bytes / 1e6:.1f} "
            f"MB: more than {policy.size_ratio:g} times as much."
        )


def _worn(scorecard: Scorecard, policy: Policy) -> Iterator[str]:
    if scorecard.look > policy.most_looks:
        yield (
            f"This is look {scorecard.look} at these gate questions, and {policy.most_looks} are allowed: "
            "what was chosen by them often enough fits them by luck. Import or log new questions, so that the next "
            "dataset has other ones."
        )


def _planted(scorecard: Scorecard, policy: Policy) -> Iterator[str]:
    seen = scorecard.concentration
    if seen is None or not seen.p_value < policy.alpha:
        return
    if seen.after - seen.before > policy.concentration * seen.questions:
        yield (
            f"Passage {seen.passage} comes first for {seen.after} of {seen.questions} questions, before for "
            f"{seen.before} (p = {seen.p_value:.2g}): more than {policy.concentration:.1%} more. See who taught that "
            "before anybody approves."
        )


def _unguarded(scorecard: Scorecard) -> Iterator[str]:
    if all(part.name != GUARD for part in scorecard.slices):
        yield "No general-domain set was measured, so what was forgotten outside these documents is not known."


def _change(name: str, difference: Difference) -> str:
    return (
        f"{name} changed by {difference.value * 100:+.1f} percent points "
        f"(95 % interval {difference.low * 100:+.1f} to {difference.high * 100:+.1f})"
    )


def _points(share: float) -> str:
    return f"{share * 100:.1f} percent points"
