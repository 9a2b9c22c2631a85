"""Streams of questions as people ask them: calm, in bursts, by day and night, by the week, and with a change.

Every stream draws with replacement from a data set's questions. A stream is thinned as the product thins its log, so
that what is left are distinct questions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOUR, DAY = 3_600.0, 86_400.0
START = 1_767_571_200.0
"""A Monday, 00:00 UTC."""

SAME_TEXT, NEAR, NEAR_WITHIN, SAME_WITHIN = 0, 0.95, 200, 500
A_PERSONS, WITHIN = 5, 600.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """Questions in the order in which they were asked."""

    drawn: NDArray[np.int64]  # (n,), which question of the pool
    asked_at: NDArray[np.float64]  # (n,), seconds since 1970
    person: NDArray[np.int64]  # (n,)

    def __len__(self) -> int:
        return len(self.drawn)


def thinned(stream: Stream, vectors: NDArray[np.float32]) -> Stream:
    """Return the distinct questions: the product's rule.

    Dropped are a text asked within the last 500 distinct ones, one with a cosine of 0.95 to one of the last 200,
    and what a person asks beyond five within ten minutes.
    """
    alike = near_duplicates(vectors)
    last: dict[int, int] = {}  # question of the pool -> its newest place among the distinct
    persons: dict[int, list[float]] = {}
    kept: list[int] = []
    for at, (question, time, person) in enumerate(
        zip(stream.drawn.tolist(), stream.asked_at.tolist(), stream.person.tolist(), strict=True)
    ):
        recently = [each for each in persons.get(person, []) if time - each < WITHIN]
        persons[person] = [*recently, time][-A_PERSONS - 1 :]
        here = len(kept)
        if (
            len(recently) >= A_PERSONS
            or here - last.get(question, -SAME_WITHIN - 1) <= SAME_WITHIN
            or any(here - last.get(each, -NEAR_WITHIN - 1) <= NEAR_WITHIN for each in alike[question])
        ):
            continue
        last[question] = here
        kept.append(at)
    chosen = np.array(kept)
    return Stream(drawn=stream.drawn[chosen], asked_at=stream.asked_at[chosen], person=stream.person[chosen])


def near_duplicates(vectors: NDArray[np.float32]) -> list[list[int]]:
    """Return for each question of the pool the others that are nearly the same."""
    found: list[list[int]] = []
    for start in range(0, len(vectors), 500):
        likeness = vectors[start : start + 500] @ vectors.T
        for row, line in enumerate(likeness):
            at = np.flatnonzero(line >= NEAR)
            found.append([int(each) for each in at if each != start + row])
    return found


def times(
    count: int, a_day: float, generator: np.random.Generator, *, night: float = 1.0
) -> NDArray[np.float64]:
    """Return when `count` questions are asked, a Poisson process; `night`: how often by night, as a share of by day."""
    # More than enough, as some are dropped at night.
    rate = a_day * 2.0 / (1.0 + night)
    gaps = generator.exponential(DAY / rate, size=int(count * 2.2 / (1.0 + night) + 1_000))
    at = START + np.cumsum(gaps)
    awake = (at % DAY >= 8 * HOUR) & (at % DAY < 20 * HOUR)
    kept = at[awake | (generator.random(len(at)) < night)]
    return kept[:count]


def calm(pool: int, count: int, a_day: float, generator: np.random.Generator) -> Stream:
    """Return independent draws, each by a person of its own."""
    return Stream(
        drawn=generator.integers(pool, size=count),
        asked_at=times(count, a_day, generator),
        person=np.arange(count),
    )


def bursts(
    vectors: NDArray[np.float32],
    count: int,
    a_day: float,
    generator: np.random.Generator,
    *,
    size: int,
    same: bool,
    mixed: bool,
    share: float = 0.2,
) -> Stream:
    """Return a stream of which a share comes in bursts of `size` by different people.

    A burst is one text again and again, or a question with its nearest ones, one after the other or `mixed` with
    others.
    """
    drawn: list[int] = []
    waiting: list[int] = []
    start = share / size / (1.0 - share + share / size)  # per question that begins something
    while len(drawn) < count:
        if waiting and (not mixed or generator.random() < 0.5):
            drawn.append(waiting.pop())
            continue
        question = int(generator.integers(len(vectors)))
        if not waiting and generator.random() < start:
            likeness = vectors @ vectors[question]
            waiting = [question] * size if same else np.argsort(-likeness)[:size].tolist()
            generator.shuffle(waiting)
            continue
        drawn.append(question)
    return Stream(
        drawn=np.array(drawn[:count]), asked_at=times(count, a_day, generator), person=np.arange(count)
    )


def probed(pool: int, count: int, a_day: float, generator: np.random.Generator) -> Stream:
    """Return a calm stream beside which a probe asks the same question every 30 seconds."""
    calmly = calm(pool, count, a_day, generator)
    asked = np.arange(calmly.asked_at[0], calmly.asked_at[-1], 30.0)
    at = np.concatenate([calmly.asked_at, asked])
    drawn = np.concatenate([calmly.drawn, np.zeros(len(asked), np.int64)])
    person = np.concatenate([calmly.person, np.full(len(asked), -1)])
    order = np.argsort(at, kind="stable")
    return Stream(drawn=drawn[order], asked_at=at[order], person=person[order])


def by_time(
    groups: NDArray[np.int64],
    shares: NDArray[np.float64],
    count: int,
    a_day: float,
    generator: np.random.Generator,
    *,
    night: float = 1.0,
) -> Stream:
    """Return a stream whose topics depend on the hour of the week.

    Args:
        groups: the topic of each question of the pool, (pool,), from 0.
        shares: of each topic in each hour of the week, (168, topics), from Monday 00:00.
        count: questions.
        a_day: questions a day.
        generator: what is drawn with.
        night: how often people ask by night, as a share of by day.
    """
    at = times(count, a_day, generator, night=night)
    hour = ((at - START) // HOUR).astype(int) % 168
    cumulated = shares.cumsum(axis=1)
    topic = (generator.random(count)[:, np.newaxis] > cumulated[hour]).sum(axis=1)
    drawn = np.empty(count, np.int64)
    for each in np.unique(topic):
        of_topic, here = np.flatnonzero(groups == each), topic == each
        drawn[here] = of_topic[generator.integers(len(of_topic), size=int(here.sum()))]
    return Stream(drawn=drawn, asked_at=at, person=np.arange(count))


def day_and_night(strength: float = 1.0, *, begins: float = 8.0, ends: float = 20.0) -> NDArray[np.float64]:
    """Return shares of two topics, one by day and one by night; a strength of 0 makes them alike."""
    by_day = np.array([begins <= hour < ends for hour in range(24)])
    first = np.where(by_day, 0.5 + strength / 2, 0.5 - strength / 2)
    return np.tile(np.stack([first, 1 - first], axis=1), (7, 1))


def weekly(strength: float = 1.0) -> NDArray[np.float64]:
    """Return shares of two topics, one from Monday to Friday, one at the weekend."""
    first = np.where(np.arange(168) < 120, 0.5 + strength / 2, 0.5 - strength / 2)
    return np.stack([first, 1 - first], axis=1)


def changed(
    pool: int,
    new: NDArray[np.int64],
    shares: NDArray[np.float64],
    a_day: float,
    generator: np.random.Generator,
) -> Stream:
    """Return a stream in which question i is one of `new`, places in the pool, with the probability shares[i].

    The others come from the first `pool` places.
    """
    count = len(shares)
    drawn = generator.integers(pool, size=count)
    others = generator.random(count) < shares
    drawn[others] = generator.choice(new, int(others.sum()))
    return Stream(drawn=drawn, asked_at=times(count, a_day, generator), person=np.arange(count))


def references(
    positions: int, asked_at: NDArray[np.float64], *, generator: np.random.Generator
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield, each time 25 distinct questions more were asked, how many there are and which are the reference.

    The product's rule: the oldest 500, then blocks of 25 as they leave the newest 600, a reservoir of 1,000 that is
    frozen when it spans 14 days.
    """
    blocks: list[int] = []  # first places
    seen, frozen = 0, False
    for asked in range(25, positions + 1, 25):
        start = asked - 25
        if len(blocks) < 20:
            blocks.append(start)
            seen += 1
        elif asked - 600 > seen * 25 and not frozen:
            start = seen * 25
            seen += 1
            if len(blocks) < 40:
                blocks.append(start)
            else:
                place = int(generator.integers(seen))
                if place < 40:
                    blocks[place] = start
            blocks.sort()
            held = np.array(blocks)
            frozen = len(blocks) == 40 and asked_at[held[-1]] - asked_at[held[0]] >= 14 * DAY
        yield asked, (np.array(blocks)[:, np.newaxis] + np.arange(25)).ravel()
