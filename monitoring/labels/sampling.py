"""Which live questions are judged, and which of those people look at: drawn with known probabilities. Pure.

Two draws, one after the other. Into the *sample*, whose questions a machine judges, every question comes with the same
probability, the share. From the sample a question comes into the *queue* for people with a probability of its own,
larger where less supports it. Both are decided by a number made of the question's id alone, so that a question is
always decided alike and a check that was killed repeats itself.

Whoever labels takes the queue in its order. Nobody chooses by what a question is about, so that its known probability
stays the true one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from math import log2
from uuid import UUID, uuid5

from monitoring.domain import Sampled
from rag.domain import Interaction, InteractionStatus

FLOOR = 0.02
"""Least probability with which a sampled question comes into the queue: what people see of any kind of questions."""

MOST_WEIGHT, LEAST_WEIGHT = 1.4, 0.8
"""How much more often than the average a question without any support is put to people, and one that is sure."""

_NAMESPACE = UUID("6f0b5f0e-2a55-5a0e-9f6a-6d1c0b1f7c11")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """How many questions are drawn."""

    share: float  # of all questions that come into the sample, above 0 and at most 1
    people: float  # of the sample, of questions of average support, that come into the queue; likewise
    seed: int  # of both draws


def rates(per_day: float, *, judged: int, labels: int, seed: int) -> Rates:
    """Return the rates for a traffic of `per_day` distinct questions.

    `judged` and `labels` are how many a day are wanted in the sample and in the queue. The traffic is rounded to a
    power of two, so that a small change of it changes no draw.
    """
    rounded = 2.0 ** round(log2(max(per_day, 1.0)))
    share = min(1.0, judged / rounded)
    return Rates(share=share, people=min(1.0, labels / (share * rounded)), seed=seed)


def weight(support: float | None) -> float:
    """Return how much more often than the average a question of this support, 0 to 1, is put to people."""
    if support is None:
        return MOST_WEIGHT
    return MOST_WEIGHT - (MOST_WEIGHT - LEAST_WEIGHT) * min(max(support, 0.0), 1.0)


def probability(support: float | None, given: Rates) -> float:
    """Return the probability with which a sampled question comes into the queue: never 0, at most 1."""
    if given.people >= 1.0:
        return 1.0
    return min(1.0, max(FLOOR, given.people * weight(support)))


def in_sample(interaction_id: str, given: Rates) -> bool:
    """Tell whether a question comes into the sample; that can be told before anything of it is read."""
    return _number(interaction_id, "sample", given.seed) < given.share


def judgeable(asked: Interaction) -> bool:
    """Tell whether a question can be judged: somebody's own, and it came to an end."""
    broken = (InteractionStatus.FAILED, InteractionStatus.CANCELLED)
    return not asked.auxiliary and (bool(asked.hits) or asked.status not in broken)


def draw(asked: Iterable[Interaction], given: Rates, *, k: int, at: datetime) -> list[Sampled]:
    """Return those of the questions that come into the sample, in the order in which they were asked.

    `k` is how many of a question's hits count; `at` is the moment of the draw.
    """
    drawn = []
    for each in sorted(asked, key=lambda one: (one.asked_at, one.id)):
        if not judgeable(each) or not in_sample(each.id, given):
            continue
        chance = probability(each.support, given)
        drawn.append(
            Sampled(
                id=str(uuid5(_NAMESPACE, each.id)),
                tenant=each.tenant,
                interaction_id=each.id,
                release=each.release,
                asked_at=each.asked_at,
                share=given.share,
                probability=chance,
                least=probability(1.0, given),
                queued=_number(each.id, "people", given.seed) < chance,
                k=k,
                drawn_at=at,
            )
        )
    return drawn


def closes_at(sampled: Sampled, *, days: float) -> datetime:
    """Return when a queued question stops to wait for a person's word."""
    return sampled.drawn_at + timedelta(days=days)


def counted(sampled: Sequence[Sampled], *, days: float, at: datetime) -> list[Sampled]:
    """Return those of the sampled questions that an estimate may rest on, in their order.

    These are all up to the last that people gave a word on, but for three kinds of questions that wait:

    - One that still waits ends it: nothing behind it counts yet.
    - One that a person passed over, by answering a later one while it waited, counts like one that was skipped: it may
      have been found or not. Otherwise whoever labels could choose.
    - One that nobody came to in time is left out, with those behind the last word before it. People were away; that
      does not depend on what was asked.

    `sampled` are in the order in which they were drawn; `days` is how long a question waits.
    """
    later = _answered_later(sampled)
    counting: list[Sampled] = []
    waiting: list[Sampled] = []  # behind the last that people gave a word on
    for each, answered in zip(sampled, later, strict=True):
        if not each.queued:
            waiting.append(each)
        elif each.labelled_at is not None or (answered and answered < closes_at(each, days=days)):
            counting += [*waiting, each]
            waiting = []
        elif closes_at(each, days=days) <= at:
            waiting = []
        else:
            break
    return counting


def _answered_later(sampled: Sequence[Sampled]) -> list[datetime | None]:
    """Return for each question when the first one that was drawn after it was answered."""
    earliest: datetime | None = None
    backwards = []
    for each in reversed(sampled):
        backwards.append(earliest)
        if each.labelled_at is not None and (earliest is None or each.labelled_at < earliest):
            earliest = each.labelled_at
    return backwards[::-1]


def _number(interaction_id: str, purpose: str, seed: int) -> float:
    """Return a number in [0, 1), uniform over ids; the same for the same id, purpose and seed."""
    made = blake2b(f"{seed}:{purpose}:{interaction_id}".encode(), digest_size=8).digest()
    return int.from_bytes(made, "big") / 2.0**64
