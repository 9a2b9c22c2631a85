"""The gate's rules, one by one, and what holds whatever the figures are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SettingInvalid
from retrain.domain import (
    Concentration,
    Costs,
    Difference,
    Estimate,
    MetricRow,
    Outcome,
    Scorecard,
    Slice,
)
from retrain.verdict.gate import HEADLINE, Policy, decide

POLICY = Policy(metric="recall@10", alpha=0.05, min_questions=50, margin=0.02)
BETTER = Difference(value=0.05, low=0.03, high=0.07, p_value=0.001)
LEVEL = Difference(value=0.0, low=-0.01, high=0.01, p_value=0.9)
WORSE = Difference(value=-0.05, low=-0.07, high=-0.03, p_value=0.001)
UNSURE = Difference(value=0.0, low=-0.05, high=0.05, p_value=0.9)


def row(metric: str, difference: Difference, *, incumbent: float = 0.5) -> MetricRow:
    """Return a row; but for anchors the gate looks at the difference alone."""
    candidate = Estimate(
        value=incumbent + difference.value,
        low=incumbent + difference.low,
        high=incumbent + difference.high,
    )
    before = Estimate(value=incumbent, low=incumbent, high=incumbent)
    return MetricRow(metric=metric, incumbent=before, candidate=candidate, difference=difference)


def scorecard(
    *,
    questions: int = 200,
    candidate: str = "b" * 64,
    slices: tuple[Slice, ...] = (),
    metrics: dict[str, Difference] | None = None,
) -> Scorecard:
    """Return a scorecard on which recall@10 is better and all else level, but for what is said."""
    differences = dict.fromkeys(HEADLINE, LEVEL) | {"recall@10": BETTER} | (metrics or {})
    return Scorecard(
        dataset="d" * 64,
        incumbent="a" * 64,
        candidate=candidate,
        questions=questions,
        passages=1_000,
        overall=tuple(row(metric, difference) for metric, difference in differences.items()),
        slices=slices,
    )


def origin_slice(difference: Difference, *, questions: int = 80, name: str = "origin=log") -> Slice:
    """Return a slice with recall@10 alone."""
    return Slice(name=name, questions=questions, rows=(row("recall@10", difference),))


def test_better_and_nothing_worse_is_promoted() -> None:
    """An interval above 0 with all guards within the margin is promoted, and the reasons hold the figures."""
    verdict = decide(scorecard(), POLICY)

    assert verdict.outcome is Outcome.PROMOTE
    assert verdict.reasons == (
        "recall@10 changed by +5.0 percent points (95 % interval +3.0 to +7.0): better, p = 0.0010, "
        "200 questions.",
        "None of 5 guarded figures is worse by more than its margin.",
        "No general-domain set was measured, so what was forgotten outside these documents is not known.",
    )


def test_the_same_encoder_is_rejected() -> None:
    """An encoder compared with itself is rejected, because nothing changed."""
    verdict = decide(scorecard(candidate="a" * 64), POLICY)

    assert verdict.outcome is Outcome.REJECT
    assert "Nothing changed" in verdict.reasons[0]


@pytest.mark.parametrize("difference", [BETTER, WORSE])
def test_too_few_questions_are_inconclusive(difference: Difference) -> None:
    """Below the least number of questions there is no verdict, good or bad; at it there is one."""
    few = decide(scorecard(questions=49, metrics={"recall@10": difference}), POLICY)
    enough = decide(scorecard(questions=50, metrics={"recall@10": difference}), POLICY)

    assert few.outcome is Outcome.INCONCLUSIVE
    assert few.reasons[0].startswith("Only 49 held-back questions; a verdict takes at least 50.")
    assert enough.outcome is not Outcome.INCONCLUSIVE


def test_worse_is_rejected() -> None:
    """An interval of the metric below 0 is rejected."""
    verdict = decide(scorecard(metrics={"recall@10": WORSE}), POLICY)

    assert verdict.outcome is Outcome.REJECT
    assert verdict.reasons == (
        "recall@10 changed by -5.0 percent points (95 % interval -7.0 to -3.0): worse.",
    )


def test_an_interval_that_holds_zero_is_inconclusive() -> None:
    """No difference shown means no verdict."""
    verdict = decide(scorecard(metrics={"recall@10": LEVEL}), POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "does not lie above 0" in verdict.reasons[0]


def test_a_large_p_value_is_inconclusive() -> None:
    """An interval above 0 is not enough where the test does not agree."""
    verdict = decide(scorecard(metrics={"recall@10": replace(BETTER, p_value=0.04)}), POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "p = 0.0400 is not below 0.0304" in verdict.reasons[0]


@pytest.mark.parametrize("metric", [name for name in HEADLINE if name != "recall@10"])
def test_a_guard_that_may_be_worse_is_inconclusive(metric: str) -> None:
    """Each headline metric has to be shown to be no worse than the margin; an open question does not promote."""
    verdict = decide(scorecard(metrics={metric: UNSURE}), POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == (
        f"{metric} changed by +0.0 percent points (95 % interval -5.0 to +5.0): may be worse by more than the "
        "margin of 2.0 percent points.",
    )


@pytest.mark.parametrize("metric", [name for name in HEADLINE if name != "recall@10"])
def test_a_guard_that_is_provably_worse_is_rejected(metric: str) -> None:
    """A headline metric worse by more than the margin rejects, however good the gate's metric is."""
    verdict = decide(scorecard(metrics={metric: WORSE}), POLICY)

    assert verdict.outcome is Outcome.REJECT
    assert metric in verdict.reasons[0]


def test_a_guard_worse_within_the_margin_does_not_matter() -> None:
    """A small loss that is surely within the margin is accepted."""
    small = Difference(value=-0.01, low=-0.02, high=-0.005, p_value=0.001)

    assert decide(scorecard(metrics={"mrr@10": small}), POLICY).outcome is Outcome.PROMOTE


def test_a_headline_metric_that_was_not_measured_is_inconclusive() -> None:
    """What was not looked at was not shown to be no worse."""
    card = scorecard()
    card = replace(card, overall=tuple(each for each in card.overall if each.metric != "mrr@10"))

    verdict = decide(card, POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ("mrr@10 was not measured.",)


def test_other_metrics_only_inform() -> None:
    """A metric that is no headline metric is not guarded."""
    assert decide(scorecard(metrics={"map": WORSE}), POLICY).outcome is Outcome.PROMOTE


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (origin_slice(WORSE), Outcome.INCONCLUSIVE),
        (origin_slice(Difference(value=-0.09, low=-0.11, high=-0.07, p_value=0.001)), Outcome.REJECT),
        (origin_slice(UNSURE), Outcome.PROMOTE),
        (origin_slice(LEVEL), Outcome.PROMOTE),
        (origin_slice(WORSE, questions=49), Outcome.PROMOTE),
        (origin_slice(WORSE, name="length=short"), Outcome.INCONCLUSIVE),
        (origin_slice(WORSE, name="robustness"), Outcome.INCONCLUSIVE),
        (origin_slice(LEVEL, name="robustness"), Outcome.PROMOTE),
        (
            origin_slice(Difference(value=-0.09, low=-0.11, high=-0.07, p_value=0.001), name="robustness"),
            Outcome.REJECT,
        ),
        (origin_slice(replace(WORSE, low=-0.3, high=-0.01)), Outcome.REJECT),
        (origin_slice(replace(WORSE, low=-0.3, high=-0.01, p_value=0.06)), Outcome.PROMOTE),
        (origin_slice(Difference(value=-0.04, low=-0.06, high=-0.02, p_value=0.001)), Outcome.INCONCLUSIVE),
        (origin_slice(Difference(value=-0.02, low=-0.04, high=-0.00, p_value=0.04)), Outcome.PROMOTE),
    ],
)
def test_slices_are_guarded(part: Slice, expected: Outcome) -> None:
    """A slice that can prove its margin has to; a smaller one must not be worse for certain; a tiny one informs."""
    assert decide(scorecard(slices=(part,)), POLICY).outcome is expected


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (Difference(value=-0.03, low=-0.045, high=-0.02, p_value=0.001), Outcome.PROMOTE),
        (Difference(value=-0.09, low=-0.13, high=-0.05, p_value=0.001), Outcome.PROMOTE),
        (Difference(value=-0.15, low=-0.18, high=-0.12, p_value=0.001), Outcome.REJECT),
        (Difference(value=-0.10, low=-0.20, high=-0.02, p_value=0.001), Outcome.PROMOTE),
    ],
)
def test_anchors_may_lose_no_more_than_their_margin(difference: Difference, expected: Outcome) -> None:
    """Lost beyond the margin of 10 points for certain rejects; what may be within it does not."""
    part = Slice(name="anchors", questions=80, rows=(row("accuracy@5", difference, incumbent=1.0),))

    assert decide(scorecard(slices=(part,)), POLICY).outcome is expected


@pytest.mark.parametrize(
    ("incumbent", "difference", "expected"),
    [
        # A tenth went with earlier promotions, and this candidate takes more.
        (0.9, Difference(value=-0.05, low=-0.08, high=-0.02, p_value=0.001), Outcome.REJECT),
        # The same loss where little had been lost before.
        (0.98, Difference(value=-0.05, low=-0.08, high=-0.02, p_value=0.001), Outcome.PROMOTE),
        # What was lost before is not this candidate's doing: it takes no more for certain, or gives back.
        (0.8, Difference(value=-0.01, low=-0.03, high=0.01, p_value=0.3), Outcome.PROMOTE),
        (0.8, Difference(value=0.05, low=0.02, high=0.08, p_value=0.001), Outcome.PROMOTE),
    ],
)
def test_losses_of_anchors_add_up(incumbent: float, difference: Difference, expected: Outcome) -> None:
    """Each promotion within the margin, all together beyond it: the one that goes beyond is refused, and says why."""
    part = Slice(name="anchors", questions=80, rows=(row("accuracy@5", difference, incumbent=incumbent),))

    verdict = decide(scorecard(slices=(part,)), POLICY)

    assert verdict.outcome is expected
    assert ("since they were frozen" in " ".join(verdict.reasons)) is (expected is Outcome.REJECT)


def test_a_gain_in_other_words_promotes_nothing() -> None:
    """However much better the other wordings are found, the gate's questions themselves have to show it."""
    part = origin_slice(Difference(value=0.3, low=0.25, high=0.35, p_value=0.001), name="robustness")

    verdict = decide(scorecard(slices=(part,), metrics={"recall@10": LEVEL}), POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "does not lie above 0" in verdict.reasons[0]


def test_what_is_forgotten_elsewhere_counts() -> None:
    """A guard set that proves a loss beyond its margin rejects, and a measured one is not called missing."""
    fine, worse = (
        Slice(name="guard", questions=1_500, rows=(row("recall@10", each),)) for each in (LEVEL, WORSE)
    )

    assert decide(scorecard(slices=(worse,)), POLICY).outcome is Outcome.REJECT
    promoted = decide(scorecard(slices=(fine,)), POLICY)
    assert promoted.outcome is Outcome.PROMOTE
    assert not any("general-domain" in reason for reason in promoted.reasons)


def test_each_look_at_the_same_questions_has_a_smaller_level() -> None:
    """What promotes at the first look no longer does at the tenth, and past the most looks nothing does."""
    gain = {"recall@10": replace(BETTER, p_value=0.01)}
    card = scorecard(metrics=gain)

    assert decide(card, POLICY).outcome is Outcome.PROMOTE
    assert "look 10" in decide(replace(card, look=10), POLICY).reasons[0]
    worn = decide(replace(scorecard(metrics={"recall@10": replace(BETTER, p_value=0)}), look=21), POLICY)
    assert worn.outcome is Outcome.INCONCLUSIVE
    assert "new questions" in worn.reasons[0]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        (Costs(incumbent_ms=2, candidate_ms=3, incumbent_bytes=10, candidate_bytes=20), Outcome.PROMOTE),
        (Costs(incumbent_ms=2, candidate_ms=3.1, incumbent_bytes=10, candidate_bytes=20), Outcome.REJECT),
        (Costs(incumbent_ms=2, candidate_ms=3, incumbent_bytes=10, candidate_bytes=21), Outcome.REJECT),
    ],
)
def test_a_dearer_encoder_is_rejected(costs: Costs, expected: Outcome) -> None:
    """At its limits an encoder may be, beyond them not, however good it is."""
    assert decide(replace(scorecard(), costs=costs), POLICY).outcome is expected


@pytest.mark.parametrize(
    ("after", "p_value", "expected"),
    [(20, 1e-4, Outcome.PROMOTE), (21, 1e-4, Outcome.INCONCLUSIVE), (21, 0.05, Outcome.PROMOTE)],
)
def test_a_passage_that_comes_first_too_often_is_looked_at(
    after: int, p_value: float, expected: Outcome
) -> None:
    """More than 2 % more first places, and by more than chance, is not promoted."""
    seen = Concentration(passage="p7", questions=1_000, before=0, after=after, p_value=p_value)
    verdict = decide(replace(scorecard(), concentration=seen), POLICY)

    assert verdict.outcome is expected
    assert any("p7" in reason for reason in verdict.reasons) is (expected is Outcome.INCONCLUSIVE)


def test_not_a_number_never_decides() -> None:
    """A figure that is not a number neither promotes nor rejects, wherever it stands."""
    nan = Difference(value=float("nan"), low=float("nan"), high=float("nan"), p_value=float("nan"))

    for metric in HEADLINE:
        assert decide(scorecard(metrics={metric: nan}), POLICY).outcome is Outcome.INCONCLUSIVE


def test_an_unmeasured_gate_metric_is_a_wrong_setting() -> None:
    """A policy on a metric the scorecard lacks names those that were measured, and the setting."""
    with pytest.raises(SettingInvalid, match=r"'recall@7'.*recall@1, .*WHETSTONE_RETRAIN_GATE_METRIC"):
        decide(scorecard(), replace(POLICY, metric="recall@7"))


def test_any_headline_metric_can_be_the_gates() -> None:
    """The metric that has to be better is the policy's; the former one becomes a guard."""
    card = scorecard(metrics={"mrr@10": BETTER, "recall@10": UNSURE})

    verdict = decide(card, replace(POLICY, metric="mrr@10"))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons[0].startswith("recall@10")


shares = st.floats(-1, 1, allow_nan=False)


@st.composite
def differences(draw: st.DrawFn) -> Difference:
    """Draw a difference with its interval in order."""
    low, value, high = sorted(draw(st.tuples(shares, shares, shares)))
    return Difference(value=value, low=low, high=high, p_value=draw(st.floats(0, 1)))


@st.composite
def scorecards(draw: st.DrawFn) -> Scorecard:
    """Draw a scorecard with up to two slices."""
    parts = draw(st.lists(st.tuples(differences(), st.integers(0, 100)), max_size=2))
    return scorecard(
        questions=draw(st.integers(0, 200)),
        metrics={metric: draw(differences()) for metric in HEADLINE},
        slices=tuple(
            origin_slice(difference, questions=questions, name=f"origin={at}")
            for at, (difference, questions) in enumerate(parts)
        ),
    )


policies = st.builds(
    Policy,
    metric=st.sampled_from(HEADLINE),
    alpha=st.floats(0.001, 0.49),
    min_questions=st.integers(1, 200),
    margin=st.floats(0, 1),
)


def swapped(card: Scorecard) -> Scorecard:
    """Return the scorecard with the sides changed."""

    def turned(each: MetricRow) -> MetricRow:
        old = each.difference
        new = Difference(value=-old.value, low=-old.high, high=-old.low, p_value=old.p_value)
        return MetricRow(
            metric=each.metric, incumbent=each.candidate, candidate=each.incumbent, difference=new
        )

    return replace(
        card,
        incumbent=card.candidate,
        candidate=card.incumbent,
        overall=tuple(turned(each) for each in card.overall),
        slices=tuple(replace(part, rows=tuple(turned(each) for each in part.rows)) for part in card.slices),
    )


@given(scorecards(), policies)
def test_two_encoders_cannot_each_replace_the_other(card: Scorecard, policy: Policy) -> None:
    """A pair of which both ways are promoted would swap for ever."""
    outcomes = {decide(card, policy).outcome, decide(swapped(card), policy).outcome}

    assert outcomes != {Outcome.PROMOTE}


@given(scorecards(), policies, st.floats(0, 1))
def test_a_wider_margin_never_costs_a_promotion(card: Scorecard, policy: Policy, more: float) -> None:
    """What passes a strict margin passes a lenient one, and what a lenient one rejects a strict one rejects."""
    strict = decide(card, policy).outcome
    lenient = decide(card, replace(policy, margin=policy.margin + more)).outcome

    if strict is Outcome.PROMOTE:
        assert lenient is Outcome.PROMOTE
    if lenient is Outcome.REJECT:
        assert strict is Outcome.REJECT


@given(scorecards(), policies)
def test_every_verdict_has_reasons(card: Scorecard, policy: Policy) -> None:
    """Whatever the gate says, it says why, in sentences."""
    reasons = decide(card, policy).reasons

    assert reasons
    assert all(reason.endswith(".") for reason in reasons)


@given(scorecards(), policies)
def test_a_promotion_is_always_an_improvement(card: Scorecard, policy: Policy) -> None:
    """No promotion without an interval above 0, a small p-value, and enough questions."""
    if decide(card, policy).outcome is Outcome.PROMOTE:
        main = card.row(policy.metric).difference
        assert main.low > 0
        assert main.p_value < policy.alpha
        assert card.questions >= policy.min_questions
