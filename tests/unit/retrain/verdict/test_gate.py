"""The gate's rules, one by one, and what holds whatever the figures are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SettingInvalid
from retrain.domain import (
    Answers,
    Bar,
    Concentration,
    Costs,
    Difference,
    Estimate,
    MetricRow,
    Outcome,
    Received,
    Scorecard,
    Slice,
)
from retrain.verdict.gate import HEADLINE, Policy, decide
from retrain.verdict.guards import overall

POLICY = Policy(metric="recall@10", alpha=0.05, min_questions=50, margin=0.02)
RIGHT = "Questions answered from a right passage rose from 50.0% to 55.0% "
BETTER = Difference(value=0.05, low=0.03, high=0.07, p_value=0.001)
LEVEL = Difference(value=0.0, low=-0.01, high=0.01, p_value=0.9)
SAME = Difference(value=0.0, low=-0.005, high=0.005, p_value=0.9)
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
    shares: dict[Received, Difference] | None = None,
) -> Scorecard:
    """Return a scorecard on which more is answered rightly and all else level, but for what is said."""
    differences = dict.fromkeys(HEADLINE, LEVEL) | (metrics or {})
    got = dict.fromkeys(Received, SAME) | {Received.RIGHT: BETTER} | (shares or {})
    return Scorecard(
        dataset="d" * 64,
        incumbent="a" * 64,
        candidate=candidate,
        questions=questions,
        passages=1_000,
        overall=tuple(row(metric, difference) for metric, difference in differences.items()),
        slices=slices,
        answers=Answers(
            questions=questions,
            unanswerable=questions,
            rows=tuple(row(str(share), difference) for share, difference in got.items()),
            incumbent=Bar(threshold=0.5, questions=100, passages=900),
            candidate=Bar(threshold=0.5, questions=100, passages=1_000),
        ),
    )


def origin_slice(difference: Difference, *, questions: int = 80, name: str = "origin=log") -> Slice:
    """Return a slice with recall@10 alone."""
    return Slice(name=name, questions=questions, rows=(row("recall@10", difference),))


def test_better_and_nothing_worse_is_promoted() -> None:
    """An interval above 0 with all guards within the margin is promoted, and the reasons hold the figures."""
    verdict = decide(scorecard(), POLICY)

    assert verdict.outcome is Outcome.PROMOTE
    assert verdict.reasons == (
        f"{RIGHT}(+5.0 percent points, 95 % interval +3.0 to +7.0): better, p = 0.0010, 200 questions.",
        "None of 9 guarded figures is seen to be worse by more than its margin.",
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
    few = decide(scorecard(questions=49, shares={Received.RIGHT: difference}), POLICY)
    enough = decide(scorecard(questions=50, shares={Received.RIGHT: difference}), POLICY)

    assert few.outcome is Outcome.INCONCLUSIVE
    assert few.reasons[0].startswith("Only 49 held-back questions; a verdict takes at least 50.")
    assert enough.outcome is not Outcome.INCONCLUSIVE


def test_fewer_right_answers_are_rejected() -> None:
    """A candidate that finds more and answers less is rejected, and the reason says so with the numbers."""
    verdict = decide(scorecard(shares={Received.RIGHT: WORSE}, metrics={"recall@10": BETTER}), POLICY)

    assert verdict.outcome is Outcome.REJECT
    assert verdict.reasons == (
        "Questions answered from a right passage fell from 50.0% to 45.0% "
        "(-5.0 percent points, 95 % interval -7.0 to -3.0): worse.",
    )


def test_more_that_is_found_alone_promotes_nothing() -> None:
    """However much more is found, it has to be shown that more is answered rightly."""
    card = scorecard(metrics=dict.fromkeys(HEADLINE, BETTER), shares={Received.RIGHT: LEVEL})
    verdict = decide(card, POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "does not lie above 0" in verdict.reasons[0]


def test_a_large_p_value_is_inconclusive() -> None:
    """An interval above 0 is not enough where the test does not agree."""
    verdict = decide(scorecard(shares={Received.RIGHT: replace(BETTER, p_value=0.04)}), POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "p = 0.0400 is not below 0.0304" in verdict.reasons[0]


def test_what_people_get_has_to_be_measured() -> None:
    """A scorecard of before, without answers, promotes nothing, and can still reject."""
    card = replace(scorecard(metrics={"recall@10": BETTER}), answers=None)
    worse = replace(scorecard(metrics={"recall@1": WORSE}), answers=None)

    assert decide(card, POLICY).reasons == ("What people get was not measured.",)
    assert decide(card, POLICY).outcome is Outcome.INCONCLUSIVE
    assert decide(worse, POLICY).outcome is Outcome.REJECT


@pytest.mark.parametrize(
    ("share", "difference", "expected"),
    [
        # So many questions can show the margin, so it has to be shown.
        (Received.REFUSED, Difference(value=0.0, low=-0.006, high=0.006, p_value=0.9), Outcome.PROMOTE),
        (Received.REFUSED, Difference(value=0.006, low=0.0, high=0.012, p_value=0.04), Outcome.INCONCLUSIVE),
        (Received.REFUSED, Difference(value=0.03, low=0.025, high=0.035, p_value=0.001), Outcome.REJECT),
        # A fall is no harm.
        (Received.REFUSED, Difference(value=-0.03, low=-0.035, high=-0.025, p_value=0.001), Outcome.PROMOTE),
        # They cannot: a certain rise is harm, one that is beyond the margin is a doubt, any other is neither.
        (Received.REFUSED, Difference(value=0.22, low=0.17, high=0.27, p_value=0.001), Outcome.REJECT),
        (Received.REFUSED, Difference(value=0.02, low=-0.01, high=0.05, p_value=0.2), Outcome.INCONCLUSIVE),
        (Received.REFUSED, Difference(value=0.009, low=-0.02, high=0.04, p_value=0.6), Outcome.PROMOTE),
        (
            Received.REFUSED_THOUGH_FOUND,
            Difference(value=0.1, low=0.05, high=0.15, p_value=0.001),
            Outcome.REJECT,
        ),
        (
            Received.REFUSED_THOUGH_FOUND,
            Difference(value=0.02, low=-0.01, high=0.05, p_value=0.2),
            Outcome.PROMOTE,
        ),
        (
            Received.REFUSED_RIGHTLY,
            Difference(value=-0.2, low=-0.27, high=-0.13, p_value=0.001),
            Outcome.REJECT,
        ),
        (
            Received.REFUSED_RIGHTLY,
            Difference(value=-0.04, low=-0.09, high=0.01, p_value=0.1),
            Outcome.PROMOTE,
        ),
        (
            Received.REFUSED_RIGHTLY,
            Difference(value=-0.04, low=-0.07, high=-0.01, p_value=0.01),
            Outcome.INCONCLUSIVE,
        ),
        (Received.REFUSED_RIGHTLY, Difference(value=0.2, low=0.1, high=0.3, p_value=0.001), Outcome.PROMOTE),
        # Shown, and of no word in the verdict.
        (Received.WRONG, Difference(value=0.2, low=0.1, high=0.3, p_value=0.001), Outcome.PROMOTE),
        (
            Received.REFUSED_NOT_FOUND,
            Difference(value=0.2, low=0.1, high=0.3, p_value=0.001),
            Outcome.PROMOTE,
        ),
    ],
)
def test_refusals_are_guarded(share: Received, difference: Difference, expected: Outcome) -> None:
    """Answerable questions are not refused more, unanswerable ones not less, whatever else gets better."""
    assert decide(scorecard(shares={share: difference}), POLICY).outcome is expected


def test_more_refusals_are_said_with_both_figures() -> None:
    """The reason of a rejection says from what to what, how sure, and what was allowed."""
    more = Difference(value=0.215, low=0.17, high=0.26, p_value=0.001)

    verdict = decide(scorecard(shares={Received.REFUSED: more}), POLICY)

    assert verdict.reasons == (
        "Answerable questions refused rose from 50.0% to 71.5% (+21.5 percent points, 95 % interval +17.0 to +26.0): "
        "worse for certain, and the questions are too few to show that it is within the margin of 1.0 percent points.",
    )


def test_a_margin_that_so_few_questions_cannot_show_is_not_demanded() -> None:
    """Better for certain where it counts, and Recall@1 unsure by more than its margin: promoted, and said so."""
    unsure = Difference(value=0.005, low=-0.029, high=0.037, p_value=0.8)

    verdict = decide(scorecard(questions=437, metrics={"recall@1": unsure}), POLICY)

    assert verdict.outcome is Outcome.PROMOTE
    assert (
        "Too few questions to show margins so small, but no harm is certain: recall@1 changed by +0.5 percent points "
        "(95 % interval -2.9 to +3.7)."
    ) in verdict.reasons


def test_a_gain_that_calibration_alone_may_have_made_is_named() -> None:
    """Where what is live was never calibrated, whoever approves learns that the encoder is not all that changed."""
    card = scorecard()
    assert card.answers is not None
    old = replace(card, answers=replace(card.answers, incumbent=Bar(threshold=0.5)))

    assert any("never calibrated" in reason for reason in decide(old, POLICY).reasons)
    assert not any("never calibrated" in reason for reason in decide(card, POLICY).reasons)


@pytest.mark.parametrize("metric", HEADLINE)
def test_a_guard_that_may_be_worse_is_inconclusive(metric: str) -> None:
    """Where it can be shown, each headline metric has to be no worse than the margin; an open question is no yes."""
    small = Difference(value=-0.012, low=-0.024, high=0.0, p_value=0.05)

    verdict = decide(scorecard(metrics={metric: small}), POLICY)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == (
        f"{metric} changed by -1.2 percent points (95 % interval -2.4 to +0.0): may be worse by more than the "
        "margin of 2.0 percent points.",
    )


@pytest.mark.parametrize("metric", HEADLINE)
@pytest.mark.parametrize(
    "difference", [WORSE, Difference(value=-0.05, low=-0.06, high=-0.04, p_value=0.001)], ids=["few", "many"]
)
def test_a_guard_that_is_provably_worse_is_rejected(metric: str, difference: Difference) -> None:
    """A headline metric worse for certain, by more than a margin that can be shown, rejects, whatever is answered."""
    verdict = decide(scorecard(metrics={metric: difference}), POLICY)

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

    verdict = decide(scorecard(slices=(part,), shares={Received.RIGHT: LEVEL}), POLICY)

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
    card = scorecard(shares={Received.RIGHT: replace(BETTER, p_value=0.01)})

    assert decide(card, POLICY).outcome is Outcome.PROMOTE
    assert "look 10" in decide(replace(card, look=10), POLICY).reasons[0]
    worn = decide(replace(scorecard(shares={Received.RIGHT: replace(BETTER, p_value=0)}), look=21), POLICY)
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
    guarded = (Received.RIGHT, Received.REFUSED, Received.REFUSED_THOUGH_FOUND, Received.REFUSED_RIGHTLY)
    for share in guarded:
        assert decide(scorecard(shares={share: nan}), POLICY).outcome is Outcome.INCONCLUSIVE


def test_an_unmeasured_gate_metric_is_a_wrong_setting() -> None:
    """A policy on a metric the scorecard lacks names those that were measured, and the setting."""
    with pytest.raises(SettingInvalid, match=r"'recall@7'.*recall@1, .*WHETSTONE_RETRAIN_GATE_METRIC"):
        decide(scorecard(), replace(POLICY, metric="recall@7"))


def test_another_metric_of_ranking_can_be_the_gates() -> None:
    """It is what slices are guarded by, and is guarded itself, whether it is a headline metric or not."""
    by_map = replace(POLICY, metric="map@100")
    part = Slice(name="origin=log", questions=80, rows=(row("recall@10", WORSE), row("map@100", LEVEL)))

    assert decide(scorecard(slices=(part,), metrics={"map@100": LEVEL}), by_map).outcome is Outcome.PROMOTE
    assert decide(scorecard(metrics={"map@100": WORSE}), by_map).outcome is Outcome.REJECT


amounts = st.floats(-1, 1, allow_nan=False)


@st.composite
def differences(draw: st.DrawFn) -> Difference:
    """Draw a difference with its interval in order."""
    low, value, high = sorted(draw(st.tuples(amounts, amounts, amounts)))
    return Difference(value=value, low=low, high=high, p_value=draw(st.floats(0, 1)))


@st.composite
def scorecards(draw: st.DrawFn) -> Scorecard:
    """Draw a scorecard with up to two slices."""
    parts = draw(st.lists(st.tuples(differences(), st.integers(0, 100)), max_size=2))
    return scorecard(
        questions=draw(st.integers(0, 200)),
        metrics={metric: draw(differences()) for metric in HEADLINE},
        shares={share: draw(differences()) for share in Received},
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

    assert card.answers is not None
    return replace(
        card,
        answers=replace(card.answers, rows=tuple(turned(each) for each in card.answers.rows)),
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
def test_a_wider_margin_rejects_nothing_more(card: Scorecard, policy: Policy, more: float) -> None:
    """What a lenient margin rejects a strict one rejects."""
    if decide(card, replace(policy, margin=policy.margin + more)).outcome is Outcome.REJECT:
        assert decide(card, policy).outcome is Outcome.REJECT


@given(differences(), st.floats(0, 1), st.floats(0, 1))
def test_a_wider_margin_that_can_be_shown_is_easier_to_show(
    difference: Difference, margin: float, more: float
) -> None:
    """Once the questions can show a margin, a wider one never costs a promotion."""
    strict, lenient = (overall(row("recall@1", difference), each) for each in (margin, margin + more))

    if strict.proven and strict.held():
        assert lenient.proven
        assert lenient.held()


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
        assert card.answers is not None
        main = card.answers.row(Received.RIGHT).difference
        assert main.low > 0
        assert main.p_value < policy.alpha
        assert card.questions >= policy.min_questions
