"""Golden questions that are lost, told from documents' coming and going. Evidence adds up over looks; pure.

Nothing is drawn by chance here: the same questions are asked of the same documents, and as long as these stay, the
answers stay. What moves single questions is that documents come and go. Measured on real collections (``benchmarks/
drift_golden.py``) this moves as many questions up as down, their number is Poisson, and its rate is a few hundredths
of a question for each question and each time that all documents change. Two kinds of evidence are kept:

* by sign: where nothing is wrong, a question that moved is as likely to have been won as lost. A bet of size kappa on
  a loss multiplies the evidence by ``1 + kappa d`` for a question that fell by d (and by less than 1 for one that
  rose), whose mean is 1 then (betting on a bounded mean: Waudby-Smith and Ramdas 2024, JRSS B 86:1-27).
* by rate: the number of losses at a look is compared with what the share of documents that changed explains, by a
  likelihood ratio whose rate is learned from questions that were won (Gamma prior, negative binomial), so that a
  decline cannot teach that declines are usual.

A question that was lost and won again of late counts for less, ``1 / (1 + times it was won)``: where scores tie, an
approximate search gives now one passage and now another, and such a question falls back after each rise.

Each is summed as Shiryaev and Roberts do, in time rather than in looks: ``S <- (S + dt / T) * e``. Where nothing is
wrong, S minus the time that went by in units of T has mean 0 (a martingale); so T is at most the mean time to a false
alarm at S = 1, however often one looks (e-detectors: Shin, Ramdas and Rinaldo 2023, arXiv:2203.03532).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from monitoring.domain import GoldenWatch, Stand
from monitoring.domain.golden import Asked

BETS = (0.4, 0.7, 0.95)
"""Sizes of a bet on the next move's being a loss."""

RATES = (4.0, 16.0, 64.0)
"""How many times as many losses as usual are looked out for."""

BY_SIGN = 0.5
"""Weight of the evidence by sign; that by rate has the rest."""

PRIOR_MOVES = 2.0
PRIOR_EXPOSURE = 20.0
"""What is believed of the rate before there is history: 2 moves in 20, twice and more what was measured."""

STILL = 0.0005
"""Share of documents that counts as changed where none did: scores that tie, and graphs that are searched anew."""

CALMING_S = 30 * 86_400.0
"""Time in which a question's having come and gone is forgotten to 1/e, in seconds."""

FEWEST = 3.0
"""Questions that have to be lost, net, since the best look; fewer are told and do not raise an alarm."""

SWITCHED = 0.01
"""Level of the one test at a switch, which is no coming and going of documents: one in a hundred promotions."""

REGAINED = 2 / 3
"""Share of a loss that has to be found again for it to end."""

_FORGOTTEN = 0.02  # times won, below which a question counts as one that stays


def begin(tenant: str, release: str, asked: Asked) -> GoldenWatch:
    """Return what later looks are held against, from the first one."""
    stand = Stand(at=asked.at, change=asked.change, recall=dict(asked.recall))
    return GoldenWatch(
        tenant=tenant,
        release=release,
        first=stand,
        best=stand,
        last=stand,
        acted_at=asked.at,
        by_sign=(0.0,) * len(BETS),
        by_rate=(0.0,) * len(RATES),
    )


def follow(watch: GoldenWatch, asked: Asked, *, false_alarm_s: float) -> GoldenWatch:
    """Return the watch after one more look.

    A look at which neither documents nor recall moved changes nothing and spends nothing. `false_alarm_s` is the mean
    time to a false alarm, in seconds.
    """
    drops = moves(watch.last.recall, asked.recall)
    if asked.change == watch.last.change and not any(drops.values()):
        return watch
    seconds = max((asked.at - watch.acted_at).total_seconds(), 0.0)
    tick = seconds / false_alarm_s
    weighted = [drop / (1 + watch.restless.get(key, 0.0)) for key, drop in drops.items()]
    lost, won = sum(d for d in weighted if d > 0), -sum(d for d in weighted if d < 0)
    exposure = len(drops) * max(asked.share_changed, STILL)
    moved = replace(
        watch,
        # A question that is not asked now, because its documents are gone, keeps what it had.
        last=_stand(asked, {**watch.last.recall, **asked.recall}),
        best=_best(watch, asked),
        acted_at=asked.at,
        by_sign=tuple(
            (s + tick) * math.prod(1 + bet * d for d in weighted)
            for s, bet in zip(watch.by_sign, BETS, strict=True)
        ),
        by_rate=tuple(
            (s + tick) * _by_rate(lost, exposure, watch, rate)
            for s, rate in zip(watch.by_rate, RATES, strict=True)
        ),
        won=watch.won + won,
        exposure=watch.exposure + exposure,
        restless=_restless(watch.restless, drops, math.exp(-seconds / CALMING_S)),
    )
    return _settled(moved, asked.recall)


def switch(before: GoldenWatch, release: str, asked: Asked) -> GoldenWatch:
    """Return the watch of another release, held against what the one before it found at last.

    Another encoder moves questions both ways, so the sign test says whether more were lost than won (exact, one-sided;
    Conover 1999, 3.4). A loss that stood before and was not found again stands on.
    """
    begun = begin(before.tenant, release, asked)
    if before.lost_from is not None:
        size = net(before.lost_from.recall, asked.recall)
        if size > (1 - REGAINED) * before.lost_size:
            return replace(
                begun,
                best=before.lost_from,
                lost_since=before.lost_since,
                lost_from=before.lost_from,
                lost_size=before.lost_size,
                lost_evidence=before.lost_evidence,
                lost_to=begun.last,
                at_switch=before.at_switch,
            )
    drops = moves(before.last.recall, asked.recall).values()
    lost, moved = sum(d > 0 for d in drops), sum(d != 0 for d in drops)
    by_chance = sum(math.comb(moved, k) for k in range(lost, moved + 1)) / 2**moved
    size = sum(drops)
    if size < FEWEST or by_chance > SWITCHED:
        return begun
    return replace(
        begun,
        best=before.last,
        lost_since=asked.at,
        lost_from=before.last,
        lost_size=size,
        lost_evidence=SWITCHED / by_chance,
        lost_to=begun.last,
        at_switch=True,
    )


def accept(watch: GoldenWatch, asked: Asked) -> GoldenWatch:
    """Return the watch begun anew, because a person said that what is lost may be; what was learned stays."""
    begun = begin(watch.tenant, watch.release, asked)
    return replace(begun, won=watch.won, exposure=watch.exposure, restless=watch.restless)


def evidence(watch: GoldenWatch) -> float:
    """Return what the sums amount to; 1 and more is an alarm."""
    sign, rate = (sum(sums) / len(sums) for sums in (watch.by_sign, watch.by_rate))
    return BY_SIGN * sign + (1 - BY_SIGN) * rate


def moves(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """Return by how much each question that both have fell, -1 to 1."""
    return {each: before[each] - now[each] for each in sorted(before.keys() & now.keys())}


def net(
    before: Mapping[str, float], now: Mapping[str, float], restless: Mapping[str, float] | None = None
) -> float:
    """Return how many questions were lost between the two, less those that were won; restless ones count for less."""
    often = restless or {}
    return sum(drop / (1 + often.get(key, 0.0)) for key, drop in moves(before, now).items())


def _by_rate(lost: float, exposure: float, watch: GoldenWatch, rate: float) -> float:
    """Return the likelihood ratio of `rate` times the usual losses; the usual rate is Gamma(a, b)."""
    a, b = PRIOR_MOVES + watch.won, PRIOR_EXPOSURE + watch.exposure
    return math.exp(lost * math.log(rate) + (a + lost) * math.log((b + exposure) / (b + rate * exposure)))


def _restless(before: Mapping[str, float], drops: Mapping[str, float], kept: float) -> dict[str, float]:
    """Return how often each question was won of late: one that comes and goes says less when it goes."""
    often = {key: value * kept for key, value in before.items()}
    for key, drop in drops.items():
        if drop < 0:
            often[key] = often.get(key, 0.0) - drop
    return {key: value for key, value in often.items() if value >= _FORGOTTEN}


def _best(watch: GoldenWatch, asked: Asked) -> Stand:
    """Return the look with the higher mean on the questions that both have, each with all it knows."""
    if net(watch.best.recall, asked.recall) < 0:
        return _stand(asked, {**watch.best.recall, **asked.recall})
    # A question that is new is held against what it first gave.
    new = {key: value for key, value in asked.recall.items() if key not in watch.best.recall}
    return replace(watch.best, recall={**watch.best.recall, **new}) if new else watch.best


def _settled(watch: GoldenWatch, now: Mapping[str, float]) -> GoldenWatch:
    """Return the watch with a loss opened where evidence is enough, or ended where most was found again."""
    against, amount = watch.lost_from, evidence(watch)
    if against is not None and net(against.recall, now, watch.restless) <= (1 - REGAINED) * watch.lost_size:
        return replace(
            _emptied(watch),
            lost_since=None,
            lost_from=None,
            lost_size=0.0,
            lost_evidence=0.0,
            lost_to=None,
            at_switch=False,
        )
    # While a loss stands it may grow: what is lost on top has to be told by evidence of its own.
    left = watch.best if watch.lost_to is None else watch.lost_to
    if amount < 1 or net(left.recall, now, watch.restless) < FEWEST:
        return watch
    start = against or watch.best
    return replace(
        _emptied(watch),
        lost_since=watch.lost_since or watch.acted_at,
        lost_from=start,
        lost_size=net(start.recall, now, watch.restless),
        lost_evidence=amount,
        lost_to=watch.last,
    )


def _emptied(watch: GoldenWatch) -> GoldenWatch:
    return replace(watch, by_sign=(0.0,) * len(BETS), by_rate=(0.0,) * len(RATES))


def _stand(asked: Asked, recall: Mapping[str, float]) -> Stand:
    return Stand(at=asked.at, change=asked.change, recall=dict(recall))
