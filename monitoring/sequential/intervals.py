"""Intervals for a mean that hold at any time: however often they are looked at, and whenever one stops. Pure.

**Betting.** Were the mean m, nobody could grow rich by betting on the observations at fair odds: the capital
``prod(1 + bet_i * (x_i - m))`` with bets that are set before each observation is a nonnegative martingale, and by
Ville's inequality exceeds 1/alpha with probability alpha at most, at any time. The interval holds all m at which no
capital does (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS-B 2023; hedged:
half of the capital bets on a higher mean, half on a lower one). Bets are spread over several horizons, so that one
need not know how long one will look.

**Prediction-powered.** Of n questions in a row a machine predicts the outcome f_i; people say the outcome y_i of some,
each drawn with a known probability p_i. Then ``x_i = g_i + drawn_i * (y_i - g_i) / p_i`` has the mean of the y,
whatever g_i is, as long as it was set before i was drawn (Angelopoulos, Duchi and Zrnic, "PPI++", 2023; with known
probabilities: Zrnic and Candes, "Active statistical inference", 2024). Here ``g_i = mean + lambda * (f_i - mean of f)``
with the lambda (PPI++'s power tuning) and both means from the labels before i. A machine that is of no use gets a
lambda of 0, and what is left are the labels alone.

A bet must not know the question that it is on. What a question has as its own, its probability above all, tells how
likely it is to be found; so bets and bounds rest on the questions before it, and on the least probability that any
question could have had.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

HORIZONS = (40.0, 150.0, 600.0)
"""Labels after which each part of the capital would be largest, were the mean just outside the interval then."""

MOST_BET = 0.7
"""Largest share of the capital that one observation can cost."""

_PRIOR_LABELS = 10.0
"""What is known of a judge before there are labels counts as much as so many."""
_PRIOR_SLOPE = 0.5
"""Lambda before there are labels."""
_PRIOR_SPREAD = 0.04
"""Variance of a judge's predictions before there are any."""
_REACH = 0.4
"""How far a guess may lie from the mean: the nearer, the larger bets may be."""
_STEPS = 30  # of the bisection

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Labelled:
    """n sampled questions in the order in which they were drawn; shapes are (n,)."""

    drawn: NDArray[np.bool_]  # put to people
    probability: Floats  # with which they were, above 0
    least: Floats  # the least that any question could have had then; known before the question came
    predicted: Floats  # by the machine, 0 to 1; nan: it did not say
    low: Floats  # what people said, 0 to 1, where drawn; the least it can be where nobody could say ...
    high: Floats  # ... and the most; else of no meaning

    def __len__(self) -> int:
        return len(self.drawn)

    @property
    def labels(self) -> int:
        """Number of questions that people gave a word on."""
        return int((self.drawn & (self.low == self.high)).sum())

    def pick(self, at: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Labelled":
        """Return the questions at these places."""
        return Labelled(
            drawn=self.drawn[at],
            probability=self.probability[at],
            least=self.least[at],
            predicted=self.predicted[at],
            low=self.low[at],
            high=self.high[at],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean and what it lies between."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """How far apart the ends are."""
        return self.high - self.low


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bets:
    """n observations, and what was set before each of them came; shapes are (n,), of `bets` (n, horizons)."""

    low: Floats  # the observation, where nobody could say at its least ...
    high: Floats  # ... and at its most
    least: Floats  # bounds of the observation
    most: Floats
    bets: Floats  # before they are capped


def labels_alone(outcomes: Floats) -> Labelled:
    """Return outcomes, 0 to 1, of all of which people gave a word, shape (n,)."""
    count = len(outcomes)
    return Labelled(
        drawn=np.ones(count, bool),
        probability=np.ones(count),
        least=np.ones(count),
        predicted=np.full(count, np.nan),
        low=outcomes,
        high=outcomes,
    )


def interval(labelled: Labelled, *, alpha: float = 0.05, value: float | None = None) -> Interval:
    """Return the mean's interval after all n questions; over all n together it misses with probability `alpha`.

    `value` is the estimate that is named; None: `estimate`'s. It is moved into the interval where it lies outside.
    """
    if not len(labelled):
        return Interval(value=0.5 if value is None else value, low=0.0, high=1.0)
    bets = betting(labelled, alpha=alpha)
    low, high = _ends(bets, log(2.0 / alpha))
    if low > high:  # the capital grew on both sides: no mean fits, and the data are not of one kind
        low = high = (low + high) / 2
    middle = estimate(labelled) if value is None else value
    return Interval(value=min(max(middle, low), high), low=low, high=high)


def holds(labelled: Labelled, mean: float, *, alpha: float = 0.05) -> NDArray[np.bool_]:
    """Return for each number of questions from 1 to n whether the interval after them holds `mean`: shape (n,)."""
    bets = betting(labelled, alpha=alpha)
    over = np.cumsum(_over(bets, mean), axis=0)
    under = np.cumsum(_under(bets, mean), axis=0)
    return np.maximum(_mixed(over), _mixed(under)) < log(2.0 / alpha)


def estimate(labelled: Labelled) -> float:
    """Return the mean's prediction-powered estimate, 0 to 1, with the lambda of all labels."""
    return float(np.clip(values(labelled).mean(), 0.0, 1.0)) if len(labelled) else 0.5


def values(labelled: Labelled) -> Floats:
    """Return the questions' prediction-powered values, shape (n,), with one lambda and means for all of them.

    Their mean is the estimate. They do not depend on the questions' order. Where nobody could say, the middle of what
    the outcome can be counts.
    """
    known, said = _known(labelled), ~np.isnan(labelled.predicted)
    weight = np.where(known, 1.0 / labelled.probability, 0.0)
    weight *= known.sum() / (weight.sum() or 1.0)
    predicted = np.where(said, labelled.predicted, 0.0)
    both = weight * said
    mean = (0.5 + weight @ labelled.low) / (1.0 + weight.sum())
    typical = predicted.sum() / said.sum() if said.any() else 0.5
    of_pairs = (_PRIOR_LABELS * typical + both @ predicted) / (_PRIOR_LABELS + both.sum())
    spread = _PRIOR_LABELS * _PRIOR_SPREAD + both @ (predicted - of_pairs) ** 2
    together = both @ ((predicted - of_pairs) * (labelled.low - mean))
    slope = _slope(spread, together)
    guess = np.clip(mean + slope * np.where(said, predicted - of_pairs, 0.0), 0.0, 1.0)
    outcome = (labelled.low + labelled.high) / 2
    result: Floats = guess + np.where(labelled.drawn, outcome - guess, 0.0) / labelled.probability
    return result


def betting(labelled: Labelled, *, alpha: float) -> Bets:
    """Return the observations x_i, their bounds, and the bets on them."""
    given = _guesses(labelled)
    guess, chance, least = given.guess, labelled.probability, labelled.least
    low, high = (
        guess + np.where(labelled.drawn, outcome - guess, 0.0) / chance
        for outcome in (labelled.low, labelled.high)
    )
    count = np.arange(len(labelled))
    usual = (least + _before(chance)) / (1.0 + count)
    inverse = (1.0 / least + _before(1.0 / chance)) / (1.0 + count)
    # The variance of an observation: of the outcome, and of the correction where few are drawn.
    variance = given.variance + (inverse - 1.0) * given.residual
    spread = np.sqrt(2.0 * log(2.0 / alpha) * usual / variance)
    return Bets(
        low=low,
        high=high,
        least=given.most * (1.0 - 1.0 / least),
        most=given.least + (1.0 - given.least) / least,
        bets=spread[:, np.newaxis] / np.sqrt(np.array(HORIZONS)),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Guesses:
    """What is known before each question, shapes (n,)."""

    guess: Floats  # g_i
    least: Floats  # bounds of g_i
    most: Floats
    variance: Floats  # of the outcomes
    residual: Floats  # mean square of what the guesses missed


def _guesses(labelled: Labelled) -> _Guesses:
    """Return the guesses, each from the labels before it: a regression weighted by 1 / probability."""
    known, said = _known(labelled), ~np.isnan(labelled.predicted)
    outcome = np.where(known, labelled.low, 0.0)
    # In labels: one that was drawn with the usual probability counts as one.
    usual = np.cumsum(labelled.probability) / np.arange(1, len(labelled) + 1)
    weight = np.where(known, usual / labelled.probability, 0.0)
    predicted = np.where(said, labelled.predicted, 0.0)
    both = weight * said

    total = 1.0 + _before(weight)
    mean = (0.5 + _before(weight * outcome)) / total
    variance = (0.25 + _before(weight * (outcome - mean) ** 2)) / total
    shown = _before(said.astype(float))
    typical = np.where(shown > 0, _before(predicted) / np.maximum(shown, 1.0), 0.5)
    of_pairs = (_PRIOR_LABELS * typical + _before(both * predicted)) / (_PRIOR_LABELS + _before(both))
    spread = _PRIOR_LABELS * _PRIOR_SPREAD + _before(both * (predicted - of_pairs) ** 2)
    together = _before(both * (predicted - of_pairs) * (outcome - mean))
    slope = _slope(spread, together)
    least, most = np.maximum(mean - _REACH, 0.0), np.minimum(mean + _REACH, 1.0)
    guess = np.clip(mean + slope * np.where(said, predicted - of_pairs, 0.0), least, most)
    residual = (0.25 + _before(weight * (outcome - guess) ** 2)) / total
    return _Guesses(guess=guess, least=least, most=most, variance=variance, residual=residual)


def _known(labelled: Labelled) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = labelled.drawn & (labelled.low == labelled.high)
    return known


def _slope(spread: Floats, together: Floats) -> Floats:
    """Return lambda: of no use or harm where people say the opposite of the machine, so that it is never below 0."""
    prior = _PRIOR_LABELS * _PRIOR_SPREAD * _PRIOR_SLOPE
    result: Floats = np.clip((prior + together) / spread, 0.0, 2.0)
    return result


def _before(values: Floats) -> Floats:
    """Return the sums of what came before each: shape (n,)."""
    return np.concatenate([[0.0], np.cumsum(values)[:-1]])


def _over(bets: Bets, mean: float) -> Floats:
    """Return the logarithms of what bets on a higher mean than this win: shape (n, horizons)."""
    cap = MOST_BET / np.maximum(mean - bets.least, 1e-12)
    return np.log1p(np.minimum(bets.bets, cap[:, np.newaxis]) * (bets.low - mean)[:, np.newaxis])


def _under(bets: Bets, mean: float) -> Floats:
    """Return the logarithms of what bets on a lower mean win: shape (n, horizons)."""
    cap = MOST_BET / np.maximum(bets.most - mean, 1e-12)
    return np.log1p(np.minimum(bets.bets, cap[:, np.newaxis]) * (mean - bets.high)[:, np.newaxis])


def _mixed(capital: Floats) -> Floats:
    """Return the logarithm of the capital over all horizons, of logarithms of shape (..., horizons)."""
    top = capital.max(axis=-1)
    mixed: Floats = top + np.log(np.exp(capital - top[..., np.newaxis]).mean(axis=-1))
    return mixed


def _ends(bets: Bets, limit: float) -> tuple[float, float]:
    """Return the smallest and the largest mean whose capital is below the limit (a logarithm).

    What is won by betting on a higher mean falls as that mean grows, so that the ends are found by bisection.
    """

    def low_fits(mean: float) -> bool:
        return float(_mixed(_over(bets, mean).sum(axis=0))) < limit

    def high_fits(mean: float) -> bool:
        return float(_mixed(_under(bets, mean).sum(axis=0))) < limit

    low, high = 0.0, 1.0
    if not low_fits(low):
        low = _boundary(low_fits, rejected=0.0, kept=1.0)
    if not high_fits(high):
        high = _boundary(high_fits, rejected=1.0, kept=0.0)
    return low, high


def _boundary(fits: Callable[[float], bool], *, rejected: float, kept: float) -> float:
    """Return the last mean that does not fit on the way from one to the other."""
    for _ in range(_STEPS):
        middle = (rejected + kept) / 2
        if fits(middle):
            kept = middle
        else:
            rejected = middle
    return rejected
