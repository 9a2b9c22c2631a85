"""The gate: may a candidate be offered for promotion? A pure function of scorecard and policy.

It is an intersection-union test (Berger, 1982): one metric has to be better, and every guarded one has to be
shown to be no worse than a margin. All must hold together, so asking about many metrics makes a promotion by
luck rarer, not likelier, and no correction for multiple comparisons is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rag.errors import SettingInvalid
from retrain.domain import Difference, MetricRow, Outcome, Scorecard, Slice, Verdict

HEADLINE = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10")
"""The metrics that must not get worse, whichever one has to get better."""

ORIGIN_SLICE = "origin="
"""How the names of the guarded slices begin; other slices only inform."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a candidate has to show."""

    metric: str = "recall@10"  # the one that has to be better
    alpha: float = 0.05  # two-sided level of the paired test on it
    min_questions: int = 50  # fewest questions a verdict, or a slice's word in it, rests on
    margin: float = 0.02  # how much worse a guarded metric may be, 0 to 1; 0.02 is 2 percent points


@dataclass(frozen=True, kw_only=True, slots=True)
class _Guard:
    """One metric, overall or in a slice, that must not get worse."""

    name: str  # as it stands in a reason
    difference: Difference
    margin: float  # what is worse by more than this for certain is refused
    proven: bool = True  # whether being within the margin has to be shown, or only the contrary not to be


def decide(scorecard: Scorecard, policy: Policy) -> Verdict:
    """Judge a candidate by its scorecard.

    Promote: the interval of the metric's difference lies above 0, its p-value is below alpha, every headline
    metric is worse by no more than the margin at its interval's low end, and the policy's metric is not worse
    for certain (its interval below 0) in any origin slice that is large enough. Reject: both encoders are the
    same, the metric's interval lies below 0, a headline metric is worse by more than the margin even at its
    interval's high end, or such a slice is worse for certain. Otherwise, and whenever there are too few
    questions, inconclusive.

    Differences are candidate minus incumbent with 95 % intervals, whatever alpha says. A figure that is not a
    number proves nothing, so it never promotes and never rejects.

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
    if losses := _losses(main, guards, policy):
        return Verdict(outcome=Outcome.REJECT, reasons=tuple(losses))
    if doubts := _doubts(main, guards, scorecard, policy):
        return Verdict(outcome=Outcome.INCONCLUSIVE, reasons=tuple(doubts))
    return Verdict(
        outcome=Outcome.PROMOTE,
        reasons=(
            f"{_change(policy.metric, main)}: better, p = {main.p_value:.4f}, "
            f"{scorecard.questions} questions.",
            f"None of {len(guards)} guarded figures is worse by more than {_points(policy.margin)}.",
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
    for part in scorecard.slices:
        if not _guarded(part, policy):
            continue
        for row in part.rows:
            if row.metric == policy.metric:
                name = f"{row.metric} in {part.name} ({part.questions} questions)"
                # A slice of some fifty questions can hardly prove that it is within a margin: asked to, nearly
                # nothing would ever be promoted. What it can show is harm, and then there is no margin.
                yield _Guard(name=name, difference=row.difference, margin=0.0, proven=False)


def _guarded(part: Slice, policy: Policy) -> bool:
    return part.name.startswith(ORIGIN_SLICE) and part.questions >= policy.min_questions


def _losses(main: Difference, guards: list[_Guard], policy: Policy) -> list[str]:
    losses = []
    if main.high < 0:
        losses.append(f"{_change(policy.metric, main)}: worse.")
    losses += [
        f"{_change(guard.name, guard.difference)}: worse by more than the margin of {_points(guard.margin)}."
        for guard in guards
        if guard.difference.high < -guard.margin
    ]
    return losses


def _doubts(main: Difference, guards: list[_Guard], scorecard: Scorecard, policy: Policy) -> list[str]:
    doubts = []
    # Each condition is what has to be shown, negated: a comparison with nan is false, so nan stays a doubt.
    if not main.low > 0:
        doubts.append(f"{_change(policy.metric, main)}: the interval does not lie above 0.")
    elif not main.p_value < policy.alpha:
        doubts.append(
            f"{_change(policy.metric, main)}: p = {main.p_value:.4f} is not below {policy.alpha:g}."
        )
    doubts += [
        f"{_change(guard.name, guard.difference)}: may be worse by more than the margin of "
        f"{_points(policy.margin)}."
        for guard in guards
        if not (
            guard.difference.low >= -guard.margin if guard.proven else guard.difference.high >= -guard.margin
        )
    ]
    measured = {row.metric for row in scorecard.overall}
    doubts += [f"{metric} was not measured." for metric in HEADLINE if metric not in measured]
    return doubts


def _change(name: str, difference: Difference) -> str:
    return (
        f"{name} changed by {difference.value * 100:+.1f} percent points "
        f"(95 % interval {difference.low * 100:+.1f} to {difference.high * 100:+.1f})"
    )


def _points(share: float) -> str:
    return f"{share * 100:.1f} percent points"
