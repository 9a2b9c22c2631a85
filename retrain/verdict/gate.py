"""The gate: may a candidate be offered for promotion? A pure function of scorecard and policy.

It is an intersection-union test (Berger, 1982): more questions have to be answered from a right passage, and every
guarded figure has to be no worse. All must hold together, so asking about many figures makes a promotion by luck rarer,
not likelier, and no correction for multiple comparisons is needed. What is corrected for is looking at the same gate
questions again (`retrain.verdict.power.level`), and refusing over any of many slices (Bonferroni).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rag.errors import SettingInvalid
from retrain.domain import Answers, Difference, MetricRow, Outcome, Received, Scorecard, Slice, Verdict
from retrain.verdict.guards import Guard, changed, overall, provable, received, turned
from retrain.verdict.power import level
from retrain.verdict.slices import ANCHORS, GUARD

HEADLINE = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10")
"""The metrics of ranking that must not get worse."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a candidate has to show, besides that more questions are answered from a right passage."""

    metric: str = "recall@10"  # of ranking, by which slices are guarded; one of those that must not get worse
    alpha: float = (
        0.05  # two-sided level of the paired test on the right answers, over all looks at a gate set
    )
    min_questions: int = 50  # fewest questions a verdict, or a slice's word in it, rests on
    margin: float = 0.02  # how much worse a metric of ranking may be, 0 to 1; 0.02 is 2 percent points
    refused_margin: float = 0.01  # how much more of the answerable questions may be refused
    # Wider: these are the nearest misses there are, every question's own, and people ask few such.
    unanswerable_margin: float = 0.05  # how much less of the unanswerable questions may be refused
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


def decide(scorecard: Scorecard, policy: Policy) -> Verdict:
    """Return the verdict on a candidate by its scorecard.

    Promote: the interval of the difference of questions answered from a right passage lies above 0, its p-value is
    below the level of this look, and no guard is broken. Guarded are the metrics of ranking, the share of the
    answerable questions refused, also of those refused though a right passage was found, that of the unanswerable ones
    refused, and the policy's metric in every slice. A guarded figure has to be within its margin at its interval's
    worse end where its own minimum detectable effect is within the margin. Where so many questions cannot show that,
    nearly nothing would ever be promoted if they had to; what they can show is harm, and must not. Of the answerable
    questions refused the difference itself has to be within the margin all the same.

    Reject: both encoders are the same, the interval of the right answers lies below 0, a guarded figure that can show
    its margin, or the anchors, are beyond theirs for certain, another one is worse for certain (in slices its p-value
    no larger than alpha over their number), it adds to a loss of anchors that is beyond their margin since they were
    frozen, or the encoder is slower or larger than its limits.

    Otherwise, and whenever there are too few questions, what people get was not measured, the gate set was looked at
    too often, or one passage gained too many first places, inconclusive.

    Differences are candidate minus incumbent with 95 % intervals, whatever alpha says. A figure that is not a number
    proves nothing, so it never promotes and never rejects.

    Raises:
        SettingInvalid: the policy's metric is not on the scorecard.
    """
    if scorecard.candidate == scorecard.incumbent:
        reason = f"Nothing changed: both sides are the encoder {scorecard.candidate[:12]}."
        return Verdict(outcome=Outcome.REJECT, reasons=(reason,))

    ranked = _ranked(scorecard, policy)
    main = scorecard.answers.row(Received.RIGHT) if scorecard.answers else None
    if scorecard.questions < policy.min_questions:
        seen = turned(main) if main else changed(policy.metric, ranked.difference)
        reason = (
            f"Only {scorecard.questions} held-back questions; a verdict takes at least "
            f"{policy.min_questions}. Seen so far: {seen}."
        )
        return Verdict(outcome=Outcome.INCONCLUSIVE, reasons=(reason,))

    guards = list(_guards(scorecard, policy))
    losses = [f"{turned(main)}: worse."] if main and main.difference.high < 0 else []
    losses += [guard.harm() for guard in guards if guard.harmed()]
    if losses := [*losses, *_costs(scorecard, policy)]:
        return Verdict(outcome=Outcome.REJECT, reasons=tuple(losses))
    doubts = [
        *_gain(main, scorecard, policy),
        *(guard.doubt() for guard in guards if not guard.held()),
        *_unmeasured(scorecard),
        *_worn(scorecard, policy),
        *_planted(scorecard, policy),
    ]
    if main is None or doubts:
        return Verdict(outcome=Outcome.INCONCLUSIVE, reasons=tuple(doubts))
    return Verdict(
        outcome=Outcome.PROMOTE,
        reasons=(
            f"{turned(main)}: better, p = {main.difference.p_value:.4f}, {scorecard.questions} questions.",
            f"None of {len(guards)} guarded figures is seen to be worse by more than its margin.",
            *_too_few_to_show(guards),
            *_uncalibrated(scorecard.answers),
            *_unguarded(scorecard),
        ),
    )


def _ranked(scorecard: Scorecard, policy: Policy) -> MetricRow:
    try:
        return scorecard.row(policy.metric)
    except KeyError:
        measured = ", ".join(row.metric for row in scorecard.overall) or "none"
        raise SettingInvalid(
            f"The gate's metric {policy.metric!r} is not on the scorecard; measured are: {measured}. "
            "Set WHETSTONE_RETRAIN_GATE_METRIC to one of them."
        ) from None


def _guards(scorecard: Scorecard, policy: Policy) -> Iterator[Guard]:
    for row in scorecard.answers.rows if scorecard.answers else ():
        if row.metric == Received.REFUSED:
            # The estimate as well: refusals are few, so that small sets would let a rise pass that can be seen.
            yield received(row, policy.refused_margin, rise=True, estimate=True)
        elif row.metric == Received.REFUSED_THOUGH_FOUND:
            yield received(row, policy.refused_margin, rise=True)
        elif row.metric == Received.REFUSED_RIGHTLY:
            yield received(row, policy.unanswerable_margin, rise=False)
    for row in scorecard.overall:
        if row.metric in HEADLINE or row.metric == policy.metric:
            yield overall(row, policy.margin)
    parts = [part for part in scorecard.slices if part.questions >= policy.min_questions]
    for part in parts:
        yield from _slice_guard(part, policy, policy.alpha / len(parts))


def _slice_guard(part: Slice, policy: Policy, harm_level: float) -> Iterator[Guard]:
    metric, margin = policy.metric, policy.slice_margin
    if part.name == ANCHORS:
        metric, margin = policy.anchor_metric, policy.anchor_margin
    elif part.name == GUARD:
        margin = policy.guard_margin
    for row in part.rows:
        if row.metric != metric:
            continue
        name = f"{row.metric} in {part.name} ({part.questions} questions)"
        change, difference = changed(name, row.difference), row.difference
        if part.name == ANCHORS:
            yield Guard(change=change, difference=difference, margin=margin, bar=margin)
            # What earlier promotions lost is held against a candidate that loses more, and against no other.
            if row.incumbent.value < 1 and difference.high < 0:
                lost = _since(row)
                whole = changed(f"{name}, since they were frozen", lost)
                yield Guard(change=whole, difference=lost, margin=margin, bar=margin)
        elif provable(difference, margin):
            yield Guard(change=change, difference=difference, margin=margin, bar=margin, proven=True)
        else:
            yield Guard(change=change, difference=difference, margin=margin, bar=0.0, level=harm_level)


def _since(row: MetricRow) -> Difference:
    """Return the anchors' hit rate less what it was when they were frozen, which is 1 by what anchors are."""
    now = row.candidate
    return Difference(value=now.value - 1, low=now.low - 1, high=now.high - 1, p_value=row.difference.p_value)


def _gain(main: MetricRow | None, scorecard: Scorecard, policy: Policy) -> Iterator[str]:
    """Yield why it is not shown that more questions are answered from a right passage."""
    # Each condition is what has to be shown, negated: a comparison with nan is false, so nan stays a doubt.
    if main is None:
        yield "What people get was not measured."
    elif not main.difference.low > 0:
        yield f"{turned(main)}: the interval does not lie above 0."
    elif not main.difference.p_value < (allowed := level(policy.alpha, scorecard.look)):
        yield (
            f"{turned(main)}: p = {main.difference.p_value:.4f} is not below {allowed:.4f}, the level of look "
            f"{scorecard.look} at these questions."
        )


def _unmeasured(scorecard: Scorecard) -> list[str]:
    measured = {row.metric for row in scorecard.overall}
    return [f"{metric} was not measured." for metric in HEADLINE if metric not in measured]


def _too_few_to_show(guards: list[Guard]) -> Iterator[str]:
    if few := [guard.change for guard in guards if guard.told]:
        yield f"Too few questions to show margins so small, but no harm is certain: {'; '.join(few)}."


def _uncalibrated(answers: Answers | None) -> Iterator[str]:
    if answers and answers.candidate.questions and not answers.incumbent.questions:
        yield "What is live was never calibrated on its documents, so part of the change may come of that alone."


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
