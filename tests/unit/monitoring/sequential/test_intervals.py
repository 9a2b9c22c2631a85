"""Intervals that hold at any time: closed forms, coverage by simulation, and what a judge is worth."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from monitoring.sequential.intervals import (
    HORIZONS,
    MOST_BET,
    Floats,
    Labelled,
    betting,
    estimate,
    holds,
    interval,
    labels_alone,
    values,
)


def drawn(
    generator: np.random.Generator,
    count: int,
    *,
    mean: float,
    square: float,
    chance: float,
    judge: bool = True,
) -> Labelled:
    """Return questions with a judge whose predictions are true probabilities, of that squared correlation."""
    spread = 1.0 / square - 1.0
    predicted = generator.beta(mean * spread, (1.0 - mean) * spread, count)
    found = (generator.random(count) < predicted).astype(float)
    put = generator.random(count) < chance
    said = np.where(put, found, 0.0)
    return Labelled(
        drawn=put,
        probability=np.full(count, chance),
        least=np.full(count, chance),
        predicted=predicted if judge else np.full(count, np.nan),
        low=said,
        high=said,
    )


def test_the_first_bet_in_closed_form() -> None:
    """One success: the capital against m is the mean over horizons of 1 + bet * (1 - m), as the paper defines it."""
    given = interval(labels_alone(np.array([1.0])), alpha=0.5)
    limit = log(2 / 0.5)

    # The variance before there are labels is 1/4, so that the bets are sqrt(2 log(2/alpha) * 4 / horizon).
    bets = np.sqrt(2 * limit * 4 / np.array(HORIZONS))

    def capital(mean: float) -> float:
        return float(np.mean(1 + np.minimum(bets, MOST_BET / mean) * (1 - mean)))

    assert capital(0.2) < 4.0
    assert holds(labels_alone(np.array([1.0])), 0.2, alpha=0.5).tolist() == [True]
    assert given.low == pytest.approx(0.0, abs=0.2)
    assert given.high == 1.0


def test_without_labels_everything_is_possible() -> None:
    """No question, or none that people saw."""
    nothing = labels_alone(np.array([]))
    unseen = Labelled(
        drawn=np.zeros(50, bool),
        probability=np.full(50, 0.05),
        least=np.full(50, 0.05),
        predicted=np.full(50, np.nan),
        low=np.zeros(50),
        high=np.zeros(50),
    )

    assert (interval(nothing).low, interval(nothing).high, estimate(nothing)) == (0.0, 1.0, 0.5)
    assert interval(unseen).low == 0.0
    assert interval(unseen).high == 1.0


def test_the_ends_are_where_the_capital_reaches_its_limit() -> None:
    """What the interval holds, `holds` says it holds, and a little beyond its ends it does not."""
    labelled = drawn(np.random.default_rng(1), 1_500, mean=0.7, square=0.3, chance=0.1)
    given = interval(labelled)

    assert 0 < given.low < given.value < given.high < 1
    for mean, expected in (
        (given.low + 1e-4, True),
        (given.high - 1e-4, True),
        (given.low - 1e-4, False),
        (given.high + 1e-4, False),
    ):
        assert bool(holds(labelled, mean)[-1]) is expected


def test_the_estimate_is_plain_where_all_are_labelled() -> None:
    """With probability 1 for each it is the mean of the labels, whatever a judge says."""
    outcomes = np.array([1.0, 0.0, 1.0, 1.0])
    liar = Labelled(
        drawn=np.ones(4, bool),
        probability=np.ones(4),
        least=np.ones(4),
        predicted=1 - outcomes,
        low=outcomes,
        high=outcomes,
    )

    assert estimate(labels_alone(outcomes)) == pytest.approx(0.75)
    assert estimate(liar) == pytest.approx(0.75)


def test_questions_drawn_less_often_weigh_more() -> None:
    """Hard questions drawn five times as often do not pull the estimate down."""
    generator = np.random.default_rng(2)
    hard = generator.random(40_000) < 0.5
    found = (generator.random(40_000) < np.where(hard, 0.2, 0.9)).astype(float)
    chance = np.where(hard, 0.25, 0.05)
    put = generator.random(40_000) < chance
    said = np.where(put, found, 0.0)
    labelled = Labelled(
        drawn=put,
        probability=chance,
        least=np.full(40_000, 0.05),
        predicted=np.full(40_000, np.nan),
        low=said,
        high=said,
    )

    assert found[put].mean() < 0.4
    assert estimate(labelled) == pytest.approx(0.55, abs=0.03)
    assert holds(labelled, 0.55).all()
    assert not holds(labelled, 0.4)[-1]


@pytest.mark.parametrize("mean", [0.3, 0.75, 0.95])
@pytest.mark.parametrize("kind", ["alone", "judge", "liar", "uneven"])
def test_the_interval_holds_at_every_look(mean: float, kind: str) -> None:
    """In 95 % of streams at all looks up to 200 labels together; 93 % are asked for of 300 streams.

    Uneven are questions that are put to people the more often the less likely they were found: what a bet on them knew
    of them would falsify it.
    """
    streams, kept = 300, 0
    for run in range(streams):
        generator = np.random.default_rng([11, run])
        labelled = drawn(generator, 2_000, mean=mean, square=0.3, chance=0.1, judge=kind != "alone")
        if kind == "liar":  # the opposite of the truth, where it is sure
            labelled = replace(labelled, predicted=1 - labelled.predicted)
        if kind == "uneven":
            labelled = uneven(labelled, generator)
        kept += bool(holds(labelled, mean).all())
    assert kept / streams >= 0.93


def uneven(labelled: Labelled, generator: np.random.Generator) -> Labelled:
    """Return questions of the same predictions, put to people with 0.05 to 0.25, and no word of the judge."""
    count = len(labelled)
    chance = 0.25 - 0.2 * labelled.predicted
    found = (generator.random(count) < labelled.predicted).astype(float)
    put = generator.random(count) < chance
    said = np.where(put, found, 0.0)
    return Labelled(
        drawn=put,
        probability=chance,
        least=np.full(count, 0.05),
        predicted=np.full(count, np.nan),
        low=said,
        high=said,
    )


def test_width_of_labels_alone() -> None:
    """0.29 or less at 100 labels for a recall of three quarters, and it shrinks."""
    generator = np.random.default_rng(3)
    rows: list[Floats] = [(generator.random(400) < 0.75).astype(float) for _ in range(30)]
    widths = [np.mean([interval(labels_alone(row[:n])).width for row in rows]) for n in (40, 100, 400)]

    assert widths[1] <= 0.29
    assert widths[2] < 0.6 * widths[1] < 0.6 * widths[0]


def test_a_judge_narrows_the_interval() -> None:
    """The better it is, the more; a judge that knows nothing costs next to nothing."""

    def width(square: float, *, judge: bool) -> float:
        made = []
        for run in range(25):
            labelled = drawn(
                np.random.default_rng([5, run]), 4_000, mean=0.7, square=square, chance=0.05, judge=judge
            )
            made.append(interval(labelled).width)
        return float(np.mean(made))

    alone = width(0.5, judge=False)
    assert width(0.5, judge=True) < 0.85 * alone
    assert width(0.25, judge=True) < 0.97 * alone
    assert width(1e-3, judge=True) < 1.03 * alone


def test_what_nobody_can_say_widens_the_interval() -> None:
    """A skipped question may have been found or not: both are in the interval, and it moves no estimate much."""
    outcomes = np.array([1.0, 1.0, 1.0, 0.0] * 50)
    low, high = outcomes.copy(), outcomes.copy()
    low[::10], high[::10] = 0.0, 1.0
    skipped = Labelled(
        drawn=np.ones(200, bool),
        probability=np.ones(200),
        least=np.ones(200),
        predicted=np.full(200, np.nan),
        low=low,
        high=high,
    )
    plain, wide = interval(labels_alone(outcomes)), interval(skipped)

    assert wide.low < plain.low
    assert wide.high > plain.high
    assert skipped.labels == 180


def test_guesses_know_only_what_came_before() -> None:
    """A label changes no bet on its own question or on an earlier one."""
    labelled = drawn(np.random.default_rng(6), 400, mean=0.6, square=0.4, chance=0.3)
    at = int(np.flatnonzero(labelled.drawn)[20])
    low = labelled.low.copy()
    low[at] = 1 - low[at]
    other = Labelled(
        drawn=labelled.drawn,
        probability=labelled.probability,
        least=labelled.least,
        predicted=labelled.predicted,
        low=low,
        high=low,
    )
    one, two = betting(labelled, alpha=0.05), betting(other, alpha=0.05)

    for name in ("least", "most", "bets"):
        assert np.array_equal(getattr(one, name)[: at + 1], getattr(two, name)[: at + 1])
        assert not np.array_equal(getattr(one, name)[at + 1 :], getattr(two, name)[at + 1 :])


def test_values_do_not_depend_on_the_order() -> None:
    """So that, while nothing changes, they are exchangeable."""
    labelled = drawn(np.random.default_rng(7), 300, mean=0.6, square=0.4, chance=0.3)
    order = np.random.default_rng(8).permutation(300)

    assert np.allclose(values(labelled)[order], values(labelled.pick(order)))


def test_every_observation_lies_within_its_bounds() -> None:
    """Which is what the bets rely on, also where chances differ and a judge is wrong."""
    generator = np.random.default_rng(9)
    labelled = drawn(generator, 2_000, mean=0.6, square=0.4, chance=0.1)
    chance = generator.uniform(0.02, 1.0, 2_000)
    labelled = Labelled(
        drawn=labelled.drawn,
        probability=chance,
        least=np.full(2_000, 0.02),
        predicted=generator.random(2_000),
        low=labelled.low,
        high=labelled.high,
    )
    bets = betting(labelled, alpha=0.05)

    for observed in (bets.low, bets.high):
        assert (observed >= bets.least - 1e-9).all()
        assert (observed <= bets.most + 1e-9).all()
